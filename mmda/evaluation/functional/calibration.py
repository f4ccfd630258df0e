"""Calibration: does the event come in 80 % of the answers of 0.8?"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Reliability(NamedTuple):
    """Answers and frequencies in B bins of equal width.

    Attributes:
        num (ndarray): int64 (B,), entries in each bin.
        confidence (ndarray): float64 (B,), mean answer in each bin; NaN in an
            empty bin.
        frequency (ndarray): float64 (B,), share of positives in each bin; NaN
            in an empty bin.
        ece (float): Expected calibration error, in [0, 1].
    """

    num: np.ndarray
    confidence: np.ndarray
    frequency: np.ndarray
    ece: float


def reliability(
    score: np.ndarray, target: np.ndarray, num_bins: int = 10
) -> Reliability:
    r"""Compare answers with frequencies over the annotated entries.

    .. math::
        ECE = \sum_b \frac{n_b}{n} |conf_b - freq_b|

    The sum runs over bins of the "yes" probability. Source: Naeini et al.,
    Obtaining well calibrated probabilities using Bayesian binning, AAAI 2015.

    Args:
        score (ndarray): Any shape, probabilities.
        target (ndarray): Shape of ``score``, positive where > 0.5, NaN where
            not annotated.
        num_bins (int): Number of bins over [0, 1], B. A score on an edge
            belongs to the upper bin. Defaults to 10.

    Returns:
        Reliability: Without an annotated entry, ``ece`` is NaN.

    Raises:
        ValueError: If the score of an annotated entry is NaN or lies outside
            of [0, 1].

    Examples:
        >>> result = reliability(np.array([.25, .25, .75, .75]),
        ...                      np.array([0, 0, 1, np.nan]), num_bins=2)
        >>> result.num.tolist(), round(result.ece, 4)
        ([2, 1], 0.25)
    """
    annotated = ~np.isnan(target)
    score = np.asarray(score, dtype=np.float64)[annotated]
    wrong = ~((score >= 0) & (score <= 1))  # NaN is wrong too
    if wrong.any():
        raise ValueError(
            f'found the score {score[wrong][0]:g}, expected probabilities, in '
            '[0, 1]'
        )
    positive = np.asarray(target)[annotated] > 0.5
    index = np.minimum((score * num_bins).astype(np.int64), num_bins - 1)
    count = np.bincount(index, minlength=num_bins)
    sums = np.bincount(index, score, num_bins)
    hits = np.bincount(index, positive, num_bins)
    filled = np.maximum(count, 1)
    confidence = np.where(count > 0, sums / filled, np.nan)
    frequency = np.where(count > 0, hits / filled, np.nan)
    ece = float('nan')
    if len(score):
        ece = float(np.abs(sums - hits).sum() / len(score))
    return Reliability(count, confidence, frequency, ece)


def recalibrate(score: np.ndarray, target: np.ndarray) -> np.ndarray:
    r"""Fit the answers of one class to its labels, and return new answers.

    .. math:: p' = \sigma(a \cdot \mathrm{logit}(p) + b)

    ``a`` >= 0 and ``b`` have the greatest likelihood on the annotated
    entries, as in [0]. Where the model knows nothing, ``a`` is near 0, and
    all answers become the prevalence.

    [0] Platt, "Probabilistic outputs for support vector machines and
    comparisons to regularized likelihood methods", 1999, with the targets of
    its section 2.2, which keep ``a`` finite.

    Args:
        score (ndarray): (N,), probabilities; NaN stays NaN.
        target (ndarray): (N,), positive where > 0.5, NaN where not annotated.

    Returns:
        ndarray: float32 (N,). The answers as they are, if the class has no
        positive or no negative.

    Examples:
        >>> target = np.array([1., 0.] * 50)
        >>> recalibrate(np.full(100, 0.9), target)[:2]
        array([0.5, 0.5], dtype=float32)
    """
    # Only here: scipy would make each start slower.
    from scipy.optimize import minimize
    from scipy.special import expit

    clipped = np.clip(score.astype(np.float32), 1e-6, 1 - 1e-6)
    logit = np.log(clipped / (1 - clipped))
    known = ~np.isnan(target) & ~np.isnan(logit) & (target != 0.5)
    is_positive = target[known] > 0.5
    positives, negatives = int(is_positive.sum()), int((~is_positive).sum())
    if not positives or not negatives:
        return score.astype(np.float32)
    wanted = np.where(
        is_positive, (positives + 1) / (positives + 2), 1 / (negatives + 2)
    ).astype(np.float32)
    inputs = logit[known]
    center, scale = float(inputs.mean()), float(inputs.std()) or 1.0
    inputs = (inputs - center) / scale
    start = [0.0, float(np.log((positives + 1) / (negatives + 1)))]

    def loss(line: np.ndarray) -> tuple[float, list[float]]:
        a, b = line.tolist()  # Python numbers keep float32
        fitted = a * inputs + b
        error = expit(fitted) - wanted
        value = float((np.logaddexp(0, fitted) - wanted * fitted).mean())
        return value, [float((error * inputs).mean()), float(error.mean())]

    bounds = [(0, None), (None, None)]
    found = minimize(loss, start, jac=True, bounds=bounds, tol=1e-7)
    a, b = found.x.tolist()
    fitted = a * ((logit - center) / scale) + b
    return expit(fitted).astype(np.float32)
