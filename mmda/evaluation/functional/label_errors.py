"""Which annotated entries of a class a model contradicts."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .calibration import recalibrate


class LabelErrors(NamedTuple):
    """The annotated entries of one class that a model contradicts.

    Attributes:
        rows (ndarray): int64 (K,), positions of the entries, the most
            suspicious first.
        quality (ndarray): float32 (K,), ascending, below 0.5: the calibrated
            probability of the label.
        is_defined (bool): False if the class has no positive or no negative
            with an answer. Then nothing is contradicted.
    """

    rows: np.ndarray
    quality: np.ndarray
    is_defined: bool


def label_quality(score: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Return the probability that a model gives to each label.

    Args:
        score (ndarray): (N,), probabilities.
        target (ndarray): (N,), in [0, 1]; a soft label counts as the nearer
            of both. NaN and 0.5 are no labels.

    Returns:
        ndarray: (N,), in [0, 1]. NaN without a label or without an answer.

    Examples:
        >>> label_quality(np.array([.75, .75, .1]), np.array([1, 0, np.nan]))
        array([0.75, 0.25,  nan])
    """
    quality = np.where(target > 0.5, score, 1 - score)
    quality[np.isnan(target) | (target == 0.5)] = np.nan
    return quality


def label_errors(score: np.ndarray, target: np.ndarray) -> LabelErrors:
    """Find the labels of one class that a model contradicts.

    They are ranked by self-confidence, the probability that the model gives
    to the label [0]. The answers of each class are calibrated first, see
    :func:`~mmda.evaluation.functional.recalibrate`. So the classes can be
    compared, and a model that knows nothing about a class says its
    prevalence. A label is contradicted if the other one is more probable.

    The thresholds per class of the confident joint [0] do not count: on
    planted errors they find fewer (``benchmarks/label_errors.py``).

    [0] Northcutt, Jiang, Chuang, "Confident Learning: Estimating Uncertainty
    in Dataset Labels", JAIR 2021.

    Args:
        score (ndarray): (N,), probabilities. NaN: the model has no answer.
        target (ndarray): (N,), in [0, 1]; NaN where not annotated.

    Returns:
        LabelErrors: The entries.

    Examples:
        >>> target = np.array([1., 1., 1., 1., 0., 0., 0., 0.])
        >>> score = np.array([.9, .9, .9, .1, .1, .1, .1, .1])
        >>> label_errors(score, target).rows.tolist()
        [3]
    """
    quality = label_quality(recalibrate(score, target), target)
    labels = target[~np.isnan(quality)]
    if not (labels > 0.5).any() or not (labels < 0.5).any():
        nothing = np.zeros(0, dtype=np.float32)
        return LabelErrors(nothing.astype(np.int64), nothing, False)
    rows = np.flatnonzero(quality < 0.5)  # NaN < 0.5 is False
    rows = rows[np.argsort(quality[rows], kind='stable')]
    return LabelErrors(rows, quality[rows], True)


def sure_answers(
    score: np.ndarray, target: np.ndarray, share: float = 0.05
) -> tuple[float, float]:
    """Choose from where on a model is sure about a class.

    At most ``share`` of the annotated positives have an answer below the
    first threshold, and at most ``share`` of the annotated negatives one
    above the second. The prevalence of the class plays no part. If the
    thresholds cross, the middle takes the place of both. An answer that equals
    a threshold is not sure, so a model with one answer for all images is sure
    of none.

    Args:
        score (ndarray): (N,), probabilities.
        target (ndarray): (N,), in [0, 1]; NaN where not annotated.
        share (float): In [0, 0.5). Defaults to 0.05.

    Returns:
        tuple[float, float]: Sure of "no" below the first threshold, of "yes"
        above the second. NaN without a positive or without a negative.

    Examples:
        >>> score = np.arange(10) / 10
        >>> sure_answers(score, (np.arange(10) % 2).astype(float), 0.2)
        (0.1, 0.8)
    """
    known = ~np.isnan(score)
    positive = score[known & (target > 0.5)]
    negative = score[known & (target < 0.5)]
    if not positive.size or not negative.size:
        return float('nan'), float('nan')
    low = float(np.quantile(positive, share, method='lower'))
    high = float(np.quantile(negative, 1 - share, method='higher'))
    return (low, high) if low <= high else ((low + high) / 2,) * 2
