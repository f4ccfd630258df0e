"""Measures of one class that follow from the order of its scores."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

# Classes whose columns are copied at a time.
_CHUNK = 16


class Ranking(NamedTuple):
    """What each threshold finds, in all images and in G groups of images.

    The K entries are the distinct scores of each group. Group 0 is all
    images. The entries of one group are together, from its highest score
    down.

    Attributes:
        score (ndarray): (K,), the scores.
        group (ndarray): int64 (K,), from 0 to G.
        positives (ndarray): int64 (K,), positives of the group that have this
            score.
        negatives (ndarray): int64 (K,), its negatives that have this score.
        hits (ndarray): int64 (K,), its positives that score at least as high.
        alarms (ndarray): int64 (K,), its negatives that score at least as
            high.
        num_positives (ndarray): int64 (1 + G,).
        num_negatives (ndarray): int64 (1 + G,).
        defined (ndarray): bool (1 + G,), groups with a positive, with a
            negative, and without a NaN score.
    """

    score: np.ndarray
    group: np.ndarray
    positives: np.ndarray
    negatives: np.ndarray
    hits: np.ndarray
    alarms: np.ndarray
    num_positives: np.ndarray
    num_negatives: np.ndarray
    defined: np.ndarray

    def total(self, values: np.ndarray) -> np.ndarray:
        """Sum over each group, (K,) -> float64 (1 + G,), NaN if undefined."""
        total = np.bincount(self.group, values, len(self.defined))
        return np.where(self.defined, total, np.nan)


def rank_from_top(
    score: np.ndarray,
    target: np.ndarray,
    groups: np.ndarray | None = None,
    num_groups: int = 0,
) -> Ranking:
    """Count what each threshold finds, from the highest score down.

    Args:
        score (ndarray): (N,), any monotone score.
        target (ndarray): (N,), positive where > 0.5, no NaN.
        groups (ndarray, optional): Integer (N,), the group of each image,
            from 0. It is group 1 and so on of the ranking. Defaults to None,
            no groups beside all images.
        num_groups (int): Number of groups, G. Defaults to 0.

    Returns:
        Ranking: Of all images and of each group, after one sort.

    Examples:
        >>> found = rank_from_top(np.array([.1, .9, .9]), np.array([1, 1, 0]))
        >>> found.score, found.hits, found.alarms
        (array([0.9, 0.1]), array([1, 2]), array([1, 1]))
    """
    score, positive = np.asarray(score), np.asarray(target) > 0.5
    # The order within a tie does not matter, and a stable sort is slower.
    order = np.argsort(-score)
    group = np.zeros(len(order), dtype=np.int64)
    if groups is not None:
        group_of = groups[order]
        by_group = np.argsort(group_of, kind='stable')
        group = np.concatenate([group, group_of[by_group].astype(int) + 1])
        order = np.concatenate([order, order[by_group]])
    ranked = score[order]
    is_last = np.ones(len(order), dtype=bool)
    is_last[:-1] = ranked[1:] != ranked[:-1]
    if groups is not None:
        is_last[:-1] |= group[1:] != group[:-1]
    last = np.flatnonzero(is_last)
    # Of all entries so far, those of the groups before included.
    hits = np.cumsum(positive[order].view(np.int8), dtype=np.int64)[last]
    seen = last + 1
    positives, images = np.diff(hits, prepend=0), np.diff(seen, prepend=0)
    size = np.bincount(group, minlength=1 + num_groups)
    group = group[last]
    num = np.bincount(group, positives, 1 + num_groups).astype(np.int64)
    hits -= (np.cumsum(num) - num)[group]
    seen -= (np.cumsum(size) - size)[group]
    defined = (num > 0) & (num < size)
    if np.isnan(score).any():
        broken = group[np.isnan(ranked[last])]
        defined[broken] = False
    return Ranking(
        ranked[last],
        group,
        positives,
        images - positives,
        hits,
        seen - hits,
        num,
        size - num,
        defined,
    )


def ranked_auc(ranking: Ranking) -> np.ndarray:
    """Return the AUC of all images and of each group.

    Args:
        ranking (Ranking): From :func:`rank_from_top`.

    Returns:
        ndarray: float64 (1 + G,), see :func:`binary_auc`.
    """
    # Each negative loses to the positives above it; a tie counts one half.
    wins = (ranking.hits - ranking.positives / 2) * ranking.negatives
    pairs = ranking.num_positives * ranking.num_negatives
    return ranking.total(wins) / np.maximum(pairs, 1)


def ranked_average_precision(ranking: Ranking) -> np.ndarray:
    """Return the average precision of all images and of each group.

    Args:
        ranking (Ranking): From :func:`rank_from_top`.

    Returns:
        ndarray: float64 (1 + G,), see :func:`binary_average_precision`.
    """
    precision = ranking.hits / (ranking.hits + ranking.alarms)
    total = ranking.total(precision * ranking.positives)
    return total / np.maximum(ranking.num_positives, 1)


def binary_auc(score: np.ndarray, target: np.ndarray) -> float:
    r"""Return the area under the ROC curve of one class.

    .. math::
        AUC = \frac{1}{n_1 n_0} \sum_{i: y_i = 1} \sum_{j: y_j = 0}
        [s_i > s_j] + \frac{1}{2} [s_i = s_j]

    This is the probability that a positive scores higher than a negative,
    where a tie counts one half.

    Args:
        score (ndarray): (N,), any monotone score s; NaN gives NaN.
        target (ndarray): (N,), positive where > 0.5, no NaN.

    Returns:
        float: In [0, 1]; NaN without a positive or without a negative.

    Examples:
        >>> binary_auc(np.array([.1, .4, .35, .8]), np.array([0, 0, 1, 1]))
        0.75
    """
    return float(ranked_auc(rank_from_top(score, target))[0])


def binary_average_precision(score: np.ndarray, target: np.ndarray) -> float:
    r"""Return the average precision of one class.

    .. math::
        AP = \sum_k (R_k - R_{k-1}) P_k

    The sum runs over the distinct scores k, from the highest down. P and R
    are precision and recall of the answer "positive from score k on", so tied
    scores are one step.

    Args:
        score (ndarray): (N,), any monotone score; NaN gives NaN.
        target (ndarray): (N,), positive where > 0.5, no NaN.

    Returns:
        float: In [0, 1]; NaN without a positive or without a negative, as for
        the AUC. (Without a negative the average precision is always 1.)

    Examples:
        >>> score = np.array([.1, .4, .35, .8])
        >>> round(binary_average_precision(score, np.array([0, 0, 1, 1])), 4)
        0.8333
    """
    return float(ranked_average_precision(rank_from_top(score, target))[0])


def per_group(
    measure: Callable[[Ranking], ArrayLike],
    score: np.ndarray,
    target: np.ndarray,
    groups: np.ndarray | None = None,
    num_groups: int = 0,
) -> np.ndarray:
    """Apply a measure to the annotated entries of each class.

    Args:
        measure (Callable): Takes the ranking of one class, and returns an
            array (1 + G,), or K of them. Examples are :func:`ranked_auc` and
            :func:`~mmda.evaluation.functional.ranked_delong`.
        score (ndarray): (N, C), probabilities or logits.
        target (ndarray): (N, C), in [0, 1] or NaN where not annotated.
        groups (ndarray, optional): Integer (N,), see :func:`rank_from_top`.
        num_groups (int): Number of groups, G. Defaults to 0.

    Returns:
        ndarray: float64 (1 + G, C), or (1 + G, C, K) for a measure of K
        arrays. The first row is of all images.

    Examples:
        >>> target = np.array([[0, np.nan], [1, 1], [1, np.nan]])
        >>> score = np.array([[.2, .3], [.1, .5], [.7, .9]])
        >>> per_group(ranked_auc, score, target)
        array([[0.5, nan]])
    """
    if groups is not None:  # small numbers are sorted faster
        groups = groups.astype(np.min_scalar_type(num_groups))
    found = []
    for start in range(0, score.shape[1], _CHUNK):
        columns = slice(start, start + _CHUNK)
        # One row per class in memory: to pick from columns takes longer.
        scores, targets = (
            np.ascontiguousarray(x[:, columns].T) for x in (score, target)
        )
        known = ~np.isnan(targets)
        for values, labels, rows in zip(scores, targets, known, strict=True):
            own = groups
            if not rows.all():
                values, labels = values[rows], labels[rows]
                own = None if groups is None else groups[rows]
            ranking = rank_from_top(values, labels, own, num_groups)
            found.append(measure(ranking))
    return np.moveaxis(np.array(found, dtype=np.float64), -1, 0)


def why_undefined(target: np.ndarray) -> str:
    """Say why the AUC and the average precision of a class are undefined.

    Args:
        target (ndarray): (N,), in [0, 1] or NaN where not annotated.

    Returns:
        str: The reason; '' if there are a positive and a negative.

    Examples:
        >>> why_undefined(np.array([0., 0., np.nan]))
        'no positive among 2 annotated images'
    """
    annotated = target[~np.isnan(target)]
    positives = np.count_nonzero(annotated > 0.5)
    return missing_labels(len(target), positives, len(annotated) - positives)


def missing_labels(images: int, positives: int, negatives: int) -> str:
    """Say which labels a class lacks for its AUC.

    Args:
        images (int): Number of images.
        positives (int): Number of positives.
        negatives (int): Number of negatives.

    Returns:
        str: The reason; '' if there are a positive and a negative.

    Examples:
        >>> missing_labels(3, 0, 2)
        'no positive among 2 annotated images'
    """
    if not positives + negatives:
        return f'not annotated in any of {images} images'
    if positives and negatives:
        return ''
    missing = 'negative' if positives else 'positive'
    return f'no {missing} among {positives + negatives} annotated images'


def mean_of_defined(values: np.ndarray) -> np.ndarray:
    """Return the mean over the last axis, without the NaN entries.

    Args:
        values (ndarray): (..., C), NaN where a class has no value.

    Returns:
        ndarray: float64 (...,); NaN where all C values are NaN.

    Examples:
        >>> mean_of_defined(np.array([[1, np.nan], [np.nan, np.nan]]))
        array([ 1., nan])
    """
    defined = ~np.isnan(values)
    count = defined.sum(axis=-1)
    total = np.where(defined, values, 0.0).sum(axis=-1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
