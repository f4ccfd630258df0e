"""The AUC within groups of images, such as women and men, and its gap."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from .bootstrap import percentile_interval
from .delong import ranked_delong
from .ranking import per_group


class GroupAUC(NamedTuple):
    """The AUC of C classes within G groups; all values are in [0, 1].

    Attributes:
        positives (ndarray): int64 (G, C), annotated positives.
        negatives (ndarray): int64 (G, C), annotated negatives.
        auc (ndarray): float64 (G, C), NaN where the group is too small.
        low (ndarray): float64 (G, C), lower end of the interval.
        high (ndarray): float64 (G, C), upper end.
        gap (ndarray): float64 (C,), greatest AUC minus least AUC; NaN with
            fewer than two groups.
        gap_low (ndarray): float64 (C,), lower end of the interval of the
            difference between these two groups.
        gap_high (ndarray): float64 (C,), upper end.
    """

    positives: np.ndarray
    negatives: np.ndarray
    auc: np.ndarray
    low: np.ndarray
    high: np.ndarray
    gap: np.ndarray
    gap_low: np.ndarray
    gap_high: np.ndarray


def group_auc(
    score: np.ndarray,
    target: np.ndarray,
    member: np.ndarray,
    min_group: int = 10,
    confidence: float = 0.95,
    resample: Callable[[np.ndarray, np.ndarray], np.ndarray] | None = None,
) -> GroupAUC:
    """Compute the AUC within each group, and the largest gap of each class.

    The data choose the two groups of the gap. So its interval is wider than
    the one of two given groups: with k groups that have a value, its level is
    ``1 - (1 - confidence) / (k * (k - 1) / 2)``, Bonferroni's correction over
    all pairs. There is no correction over the classes.

    Args:
        score (ndarray): (N, C), any monotone score.
        target (ndarray): (N, C), in [0, 1] or NaN where not annotated.
        member (ndarray): bool (G, N), the images of each group.
        min_group (int): Least number of positives, and of negatives, with
            which a class has a value in a group. Defaults to 10.
        confidence (float): Level of the intervals. Defaults to 0.95.
        resample (Callable, optional): Takes scores and targets, (N, K) each,
            and returns the AUC of R bootstrap samples, (R, K). All columns
            must see the same samples. Defaults to None: intervals are
            DeLong's, which takes images and groups as independent.

    Returns:
        GroupAUC: In the order of the groups.

    Examples:
        >>> score = np.array([[.1], [.9], [.9], [.1], [.4], [.5]])
        >>> target = np.array([[0], [1], [0], [1], [0], [1.]])
        >>> member = np.array([[1, 1, 0, 0, 0, 0], [0, 0, 1, 1, 1, 1]]) > 0
        >>> found = group_auc(score, target, member, min_group=1)
        >>> found.auc.ravel(), found.gap
        (array([1.  , 0.25]), array([0.75]))
    """
    shape = (len(member), target.shape[1])
    inside = np.where(member.T[:, :, None], target[:, None, :], np.nan)
    positives, negatives = (inside > 0.5).sum(0), (inside <= 0.5).sum(0)
    inside[:, np.minimum(positives, negatives) < min_group] = np.nan
    # A class within a group is a column: (N, G, C) -> (N, G * C)
    inside = inside.reshape(len(target), -1)
    scores = np.tile(score, len(member))
    measure = partial(ranked_delong, confidence=confidence)
    auc, error, low, high = (
        column.reshape(shape)
        for column in per_group(measure, scores, inside)[0].T
    )
    pair, levels = _extremes(auc, confidence)
    best, worst = (np.take_along_axis(auc, rows, 0)[0] for rows in pair)
    gap = np.where(pair[0] == pair[1], np.nan, best - worst)[0]
    if resample is None:
        errors = [np.take_along_axis(error, rows, 0)[0] for rows in pair]
        widths = [NormalDist().inv_cdf((1 + level) / 2) for level in levels]
        half = np.hypot(*errors) * widths
        gap_low, gap_high = gap - half, gap + half
    else:
        drawn = resample(scores, inside).reshape(-1, *shape)
        low, high = _interval(drawn, confidence)
        first, second = (
            np.take_along_axis(drawn, rows[None], 1)[:, 0] for rows in pair
        )
        # A class with one group has a difference of 0: it has no interval.
        columns = zip((first - second).T, levels, strict=True)
        found = [_interval(column, level) for column, level in columns]
        gap_low, gap_high = np.array(found).T
    # A group with perfect scores has no interval, and so no gap has one.
    undefined = [np.isnan(np.take_along_axis(low, r, 0)[0]) for r in pair]
    no_interval = np.any(undefined, axis=0) | np.isnan(gap)
    gap_low, gap_high = (
        np.where(no_interval, np.nan, end) for end in (gap_low, gap_high)
    )
    return GroupAUC(
        positives, negatives, auc, low, high, gap, gap_low, gap_high
    )


def _extremes(
    auc: np.ndarray, confidence: float
) -> tuple[np.ndarray, list[float]]:
    """Return the groups with the greatest and the least AUC of each class.

    Returns:
        tuple[ndarray, list[float]]: int64 (2, 1, C), one group twice where
        there are not two; and the level of the interval of each class.
    """
    known = ~np.isnan(auc)
    greatest = np.where(known, auc, -np.inf).argmax(axis=0)
    # The last of equal groups, so that two groups are never one.
    reverse = np.where(known, auc, np.inf)[::-1].argmin(axis=0)
    count = known.sum(axis=0)
    least = np.where(count > 1, len(auc) - 1 - reverse, greatest)
    pairs = np.maximum(1, count * (count - 1) // 2)
    levels = 1 - (1 - confidence) / pairs
    return np.stack([greatest, least])[:, None], levels.tolist()


def _interval(
    resampled: np.ndarray, confidence: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return the percentile interval; NaN where all resamples are equal."""
    low, high = percentile_interval(resampled, confidence)
    return np.where(low < high, low, np.nan), np.where(
        low < high, high, np.nan
    )
