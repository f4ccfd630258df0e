"""DeLong's variance of the area under the ROC curve, alone and paired."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.stats import norm


class AUCInterval(NamedTuple):
    """An area under the ROC curve with its uncertainty.

    Attributes:
        auc (float): In [0, 1]; NaN where undefined.
        se (float): DeLong's standard error; NaN with fewer than two positives
            or negatives.
        low (float): Lower end of the interval, in [0, 1]; NaN where the
            standard error is NaN or 0 (perfect separation), where DeLong's
            method has nothing to say.
        high (float): Upper end, likewise.
    """

    auc: float
    se: float
    low: float
    high: float


class PairedAUC(NamedTuple):
    """Two areas under the ROC curve of the same images, compared.

    Attributes:
        auc_a (float): Of the first model, in [0, 1].
        auc_b (float): Of the second.
        se (float): Standard error of their difference, with covariance.
        low (float): Lower end of the interval of ``auc_b - auc_a``.
        high (float): Upper end.
        p_value (float): Two-sided, of no difference; NaN where ``se`` is.
    """

    auc_a: float
    auc_b: float
    se: float
    low: float
    high: float
    p_value: float


_NAN = float('nan')


def placements(
    positive: np.ndarray, negative: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    r"""Return the structural components of the AUC.

    .. math::
        V_{10}(i) = \frac{1}{n_0} \sum_j \psi(x_i, z_j), \quad
        V_{01}(j) = \frac{1}{n_1} \sum_i \psi(x_i, z_j)

    for positives x and negatives z, where psi is 1 if x > z, 1/2 if equal and
    0 otherwise. One sort of each group takes the place of the double sum.

    Args:
        positive (ndarray): float (n1,), scores, no NaN.
        negative (ndarray): float (n0,), scores, no NaN.

    Returns:
        tuple[ndarray, ndarray]: float64 (n1,) and (n0,), in the order given.

    Examples:
        >>> placements(np.array([.35, .8]), np.array([.1, .4]))
        (array([0.5, 1. ]), array([1. , 0.5]))
    """
    n1, n0 = len(positive), len(negative)
    by_score, order = np.argsort(positive), np.argsort(negative)
    sorted_negative = negative[order]
    sorted_positive = positive[by_score]
    below = np.searchsorted(sorted_negative, sorted_positive, 'left')
    upto = np.searchsorted(sorted_negative, sorted_positive, 'right')
    v10 = np.empty(n1)
    v10[by_score] = (below + upto) / (2 * n0)
    # Positive i beats the negatives 0 to below[i] - 1, ties those to upto[i].
    beaten = np.bincount(below, minlength=n0 + 1)
    beaten += np.bincount(upto, minlength=n0 + 1)
    v01 = np.empty(n0)
    v01[order] = 1 - np.cumsum(beaten[:n0]) / (2 * n1)
    return v10, v01


def delong_interval(
    score: np.ndarray, target: np.ndarray, confidence: float = 0.95
) -> AUCInterval:
    r"""Return the AUC of one class with DeLong's interval.

    .. math::
        s^2 = \frac{var(V_{10})}{n_1} + \frac{var(V_{01})}{n_0}

    Sources: [0] DeLong et al., Comparing the areas under two or more
    correlated receiver operating characteristic curves, Biometrics 1988;
    [1] Sun and Xu, Fast implementation of DeLong's algorithm, IEEE Signal
    Processing Letters 2014.

    Args:
        score (ndarray): (N,), any monotone score; NaN gives NaN.
        target (ndarray): (N,), positive where > 0.5, no NaN.
        confidence (float): Level of the interval. Defaults to 0.95.

    Returns:
        AUCInterval: All NaN without a positive or a negative.

    Examples:
        >>> result = delong_interval(np.array([.1, .4, .35, .8, .9, .3]),
        ...                          np.array([0, 0, 1, 1, 1, 0]))
        >>> [round(value, 4) for value in result]
        [0.8889, 0.1571, 0.5809, 1.0]
    """
    is_positive = np.asarray(target) > 0.5
    score = np.asarray(score)
    positive, negative = score[is_positive], score[~is_positive]
    n1, n0 = len(positive), len(negative)
    if not n1 or not n0 or np.isnan(score).any():
        return AUCInterval(_NAN, _NAN, _NAN, _NAN)
    v10, v01 = placements(positive, negative)
    auc = float(v10.mean())
    if n1 < 2 or n0 < 2:
        return AUCInterval(auc, _NAN, _NAN, _NAN)
    se = float(np.sqrt(v10.var(ddof=1) / n1 + v01.var(ddof=1) / n0))
    if se == 0:
        return AUCInterval(auc, se, _NAN, _NAN)
    half = norm.ppf((1 + confidence) / 2) * se
    return AUCInterval(
        auc, se, float(max(0.0, auc - half)), float(min(1.0, auc + half))
    )


def delong_paired(
    score_a: np.ndarray,
    score_b: np.ndarray,
    target: np.ndarray,
    confidence: float = 0.95,
) -> PairedAUC:
    """Compare the AUCs of two models on the same images.

    Sources: those of :func:`delong_interval`.

    Args:
        score_a (ndarray): (N,), scores of the first model; NaN gives NaN.
        score_b (ndarray): (N,), of the second, same images in same order.
        target (ndarray): (N,), positive where > 0.5, no NaN.
        confidence (float): Level of the interval. Defaults to 0.95.

    Returns:
        PairedAUC: NaN where it is undefined. Two models that rank all pairs
        alike have p = 1.

    Examples:
        >>> a = np.array([.1, .4, .35, .8, .9, .3])
        >>> b = np.array([.1, .2, .65, .8, .9, .3])
        >>> result = delong_paired(a, b, np.array([0, 0, 1, 1, 1, 0]))
        >>> [round(value, 4) for value in result]
        [0.8889, 1.0, 0.1571, -0.1969, 0.4191, 0.4795]
    """
    is_positive = np.asarray(target) > 0.5
    n1, n0 = int(is_positive.sum()), int((~is_positive).sum())
    scores = np.stack([np.asarray(score_a), np.asarray(score_b)])
    if not n1 or not n0 or np.isnan(scores).any():
        return PairedAUC(*[_NAN] * 6)
    parts = [placements(s[is_positive], s[~is_positive]) for s in scores]
    auc_a, auc_b = (float(v10.mean()) for v10, _ in parts)
    if n1 < 2 or n0 < 2:
        return PairedAUC(auc_a, auc_b, *[_NAN] * 4)
    # The variance of a difference is that of the differences.
    d10, d01 = (b - a for a, b in zip(*parts, strict=True))
    se = float(np.sqrt(d10.var(ddof=1) / n1 + d01.var(ddof=1) / n0))
    gain = auc_b - auc_a
    if se == 0:
        p_value = 1.0 if gain == 0 else _NAN
        return PairedAUC(auc_a, auc_b, se, _NAN, _NAN, p_value)
    half = float(norm.ppf((1 + confidence) / 2) * se)
    p_value = float(2 * norm.sf(abs(gain) / se))
    return PairedAUC(auc_a, auc_b, se, gain - half, gain + half, p_value)
