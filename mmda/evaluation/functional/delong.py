"""DeLong's interval of the area under the ROC curve, and the paired test."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from .ranking import Ranking, rank, ranked_auc

_NAN = float('nan')


class AUCInterval(NamedTuple):
    """An area under the ROC curve with its uncertainty.

    Attributes:
        auc (float): In [0, 1]; NaN where undefined.
        se (float): DeLong's standard error; NaN with fewer than two positives
            or fewer than two negatives.
        low (float): Lower end of the interval, in [0, 1]; NaN where ``se`` is
            NaN or 0. A standard error of 0 comes from perfect separation,
            where DeLong's method gives no interval.
        high (float): Upper end of the interval, NaN where ``low`` is.
    """

    auc: float
    se: float = _NAN
    low: float = _NAN
    high: float = _NAN


class PairedAUC(NamedTuple):
    """The areas under the ROC curve of two models on the same images.

    Attributes:
        auc_a (float): AUC of the first model, in [0, 1].
        auc_b (float): AUC of the second model.
        se (float): Standard error of the difference, with the covariance.
        low (float): Lower end of the interval of ``auc_b - auc_a``.
        high (float): Upper end of the interval.
        p_value (float): Two-sided p-value of "no difference"; NaN where
            ``se`` is NaN.
    """

    auc_a: float
    auc_b: float
    se: float = _NAN
    low: float = _NAN
    high: float = _NAN
    p_value: float = _NAN


def placements(
    positive: np.ndarray, negative: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    r"""Return the structural components of the AUC.

    .. math::
        V_{10}(i) = \frac{1}{n_0} \sum_j \psi(x_i, z_j), \quad
        V_{01}(j) = \frac{1}{n_1} \sum_i \psi(x_i, z_j)

    Here x are the positives and z the negatives; psi is 1 if x > z, 1/2 if x
    = z, and 0 otherwise. One sort of each group replaces the double sum.

    Args:
        positive (ndarray): float (n1,), scores, no NaN.
        negative (ndarray): float (n0,), scores, no NaN.

    Returns:
        tuple[ndarray, ndarray]: float64 (n1,) and (n0,), in the order of the
        arguments.

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
    # Positive i beats the negatives before below[i]. It ties with the
    # negatives from there to upto[i] - 1.
    beaten = np.bincount(below, minlength=n0 + 1)
    beaten += np.bincount(upto, minlength=n0 + 1)
    v01 = np.empty(n0)
    v01[order] = 1 - np.cumsum(beaten[:n0]) / (2 * n1)
    return v10, v01


def _standard_error(v10: np.ndarray, v01: np.ndarray) -> float:
    variance = v10.var(ddof=1) / len(v10) + v01.var(ddof=1) / len(v01)
    return float(np.sqrt(variance))


def delong_interval(
    score: np.ndarray, target: np.ndarray, confidence: float = 0.95
) -> AUCInterval:
    r"""Return the AUC of one class with DeLong's interval.

    .. math::
        se^2 = \frac{var(V_{10})}{n_1} + \frac{var(V_{01})}{n_0}

    Sources: [0] DeLong et al., Comparing the areas under two or more
    correlated receiver operating characteristic curves, Biometrics 1988;
    [1] Sun and Xu, Fast implementation of DeLong's algorithm, IEEE Signal
    Processing Letters 2014.

    Args:
        score (ndarray): (N,), any monotone score; NaN gives NaN.
        target (ndarray): (N,), positive where > 0.5, no NaN.
        confidence (float): Level of the interval. Defaults to 0.95.

    Returns:
        AUCInterval: All NaN without a positive or without a negative.

    Examples:
        >>> result = delong_interval(np.array([.1, .4, .35, .8, .9, .3]),
        ...                          np.array([0, 0, 1, 1, 1, 0]))
        >>> [round(value, 4) for value in result]
        [0.8889, 0.1571, 0.5809, 1.0]
    """
    found = ranked_delong(rank(score, target), confidence)
    return AUCInterval(*(float(values[0]) for values in found))


def ranked_delong(
    ranking: Ranking, confidence: float = 0.95
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return the AUC with DeLong's interval of each group.

    Args:
        ranking (Ranking): From
            :func:`~mmda.evaluation.functional.ranking.rank`.
        confidence (float): Level of the interval. Defaults to 0.95.

    Returns:
        tuple: The values of :class:`AUCInterval`, four times float64
        (G,).
    """
    auc = ranked_auc(ranking)
    n1, n0 = ranking.num_positives, ranking.num_negatives
    before = np.cumsum(n0) - n0
    v10 = ranking.below + ranking.upto - np.repeat(2 * before, n1)
    v10 = v10 / np.repeat(2 * np.maximum(n0, 1), n1)
    spread = ranking.total((v10 - np.repeat(auc, n1)) ** 2)
    variance = spread / np.maximum(n1 * (n1 - 1), 1)
    # Each positive takes half a win from the negatives from `below` on, and
    # half from those from `upto` on. Negatives between two steps are alike.
    steps = np.concatenate([ranking.below, ranking.upto])
    steps.sort(kind='stable')  # merges the halves
    end = np.cumsum(2 * n1)
    first, last = (end - 2 * n1)[n1 > 0], end[n1 > 0] - 1
    following = np.empty_like(steps)
    following[:-1] = steps[1:]
    following[last] = (before + n0)[n1 > 0]
    taken = np.arange(1, 1 + len(steps)) - np.repeat(end - 2 * n1, 2 * n1)
    v01 = 1 - taken / np.repeat(2 * n1, 2 * n1)
    spread = (following - steps) * (v01 - np.repeat(auc, 2 * n1)) ** 2
    spread = ranking.total(spread)
    spread[n1 > 0] += (steps[first] - before[n1 > 0]) * (1 - auc[n1 > 0]) ** 2
    variance += spread / np.maximum(n0 * (n0 - 1), 1)
    se = np.where(np.minimum(n1, n0) < 2, _NAN, np.sqrt(variance))
    half = NormalDist().inv_cdf((1 + confidence) / 2) * se
    half[se == 0] = _NAN
    return auc, se, np.maximum(0.0, auc - half), np.minimum(1.0, auc + half)


def delong_paired(
    score_a: np.ndarray,
    score_b: np.ndarray,
    target: np.ndarray,
    confidence: float = 0.95,
) -> PairedAUC:
    """Compare the AUCs of two models on the same images.

    Sources: see :func:`delong_interval`.

    Args:
        score_a (ndarray): (N,), scores of the first model; NaN gives NaN.
        score_b (ndarray): (N,), scores of the second model, same images in
            the same order.
        target (ndarray): (N,), positive where > 0.5, no NaN.
        confidence (float): Level of the interval. Defaults to 0.95.

    Returns:
        PairedAUC: NaN where a value is undefined. If both models rank all
        pairs in the same order, the p-value is 1.

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
        return PairedAUC(_NAN, _NAN)
    parts = [placements(s[is_positive], s[~is_positive]) for s in scores]
    auc_a, auc_b = (float(v10.mean()) for v10, _ in parts)
    if min(n1, n0) < 2:
        return PairedAUC(auc_a, auc_b)
    # The variance of the difference is the variance of paired differences.
    se = _standard_error(*(b - a for a, b in zip(*parts, strict=True)))
    gain = auc_b - auc_a
    if se == 0:
        p_value = 1.0 if gain == 0 else _NAN
        return PairedAUC(auc_a, auc_b, se, p_value=p_value)
    half = NormalDist().inv_cdf((1 + confidence) / 2) * se
    p_value = math.erfc(abs(gain) / se / math.sqrt(2))
    return PairedAUC(auc_a, auc_b, se, gain - half, gain + half, p_value)
