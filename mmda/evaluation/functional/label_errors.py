"""Which annotated entries of a class a model contradicts."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class LabelErrors(NamedTuple):
    """The annotated entries of one class that a model contradicts.

    Attributes:
        rows (ndarray): int64 (K,), positions of the entries, the most
            suspicious first.
        quality (ndarray): float32 (K,), ascending, in [0, 1]: the probability
            that the model gives to the label.
        expected (tuple[float, float]): Mean probability that the model gives
            to a negative label and to a positive one; NaN without one.
    """

    rows: np.ndarray
    quality: np.ndarray
    expected: tuple[float, float]


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


def label_errors(
    score: np.ndarray, target: np.ndarray, limit: int | None = None
) -> LabelErrors:
    """Find the labels of one class that a model contradicts.

    These are the entries off the diagonal of the confident joint [0], of the
    two labels "yes" and "no": the model gives the other label at least the
    mean probability that this other label gets where it is annotated. If the
    entry reaches the mean of both labels, the more probable one counts. So a
    rare class, whose answers are all low, has a bar of its own.

    [0] Northcutt, Jiang, Chuang, "Confident Learning: Estimating Uncertainty
    in Dataset Labels", JAIR 2021, eqs. (1) and (2). They are ranked by
    self-confidence, as ``rank_items_by_self_confidence`` of cleanlab does.

    Args:
        score (ndarray): (N,), probabilities. NaN: the model has no answer.
        target (ndarray): (N,), in [0, 1]; NaN where not annotated.
        limit (int, optional): Greatest K; the most suspicious stay. Defaults
            to None, all.

    Returns:
        LabelErrors: Nothing is contradicted if the class has no positive or
        no negative.

    Examples:
        >>> found = label_errors(np.array([.9, .8, .1, .1, .9]),
        ...                      np.array([1., 1., 1., 0., 0.]))
        >>> found.rows.tolist()
        [2, 4]
    """
    quality = label_quality(score, target)
    known = np.flatnonzero(~np.isnan(quality))
    quality = quality[known].astype(np.float32)
    is_positive = target[known] > 0.5
    sides = (quality[~is_positive], quality[is_positive])
    low, high = (
        float(side.mean(dtype=np.float64)) if side.size else float('nan')
        for side in sides
    )
    # NaN >= is False: without one of the sides, nothing is contradicted.
    own, other = (
        np.where(is_positive, *pair) for pair in ((high, low), (low, high))
    )
    is_wrong = (1 - quality >= other) & ((quality < own) | (quality < 0.5))
    is_wrong &= bool(sides[0].size and sides[1].size)
    rows, quality = known[is_wrong], quality[is_wrong]
    order = np.argsort(quality, kind='stable')[:limit]
    return LabelErrors(rows[order], quality[order], (low, high))


def sure_answers(
    score: np.ndarray, target: np.ndarray, share: float = 0.05
) -> tuple[float, float]:
    """Choose from where on a model is sure about a class.

    At most ``share`` of the annotated positives have an answer below the
    first threshold, and at most ``share`` of the annotated negatives one
    above the second. The prevalence of the class plays no part. If the
    thresholds cross, the middle takes the place of both.

    Args:
        score (ndarray): (N,), probabilities.
        target (ndarray): (N,), in [0, 1]; NaN where not annotated.
        share (float): In [0, 0.5). Defaults to 0.05.

    Returns:
        tuple[float, float]: Sure of "no" up to the first threshold, of "yes"
        from the second on. NaN without a positive or without a negative.

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
    return (low, high) if low < high else ((low + high) / 2,) * 2
