"""Measures of one class that follow from the order of its scores."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

# Classes whose columns are copied at a time.
_CHUNK = 16


class Ranking(NamedTuple):
    """Where the positives of G groups of images lie among the negatives.

    The n1 positives of all groups are sorted by group, then by score.

    Attributes:
        positive (ndarray): (n1,), rises with group and score.
        below (ndarray): int64 (n1,), negatives of the groups before, and
            negatives of the group that score lower.
        upto (ndarray): int64 (n1,), the same and the tied negatives.
        num_positives (ndarray): int64 (G,).
        num_negatives (ndarray): int64 (G,).
        defined (ndarray): bool (G,), groups with a positive, with a negative,
            and without a NaN score.
    """

    positive: np.ndarray
    below: np.ndarray
    upto: np.ndarray
    num_positives: np.ndarray
    num_negatives: np.ndarray
    defined: np.ndarray

    def total(self, values: np.ndarray) -> np.ndarray:
        """Sum m values per positive, (m * n1,) -> (G,), NaN if undefined."""
        counts = self.num_positives * (len(values) // max(1, len(self.below)))
        total = np.full(len(counts), np.nan)
        present = counts > 0
        starts = (np.cumsum(counts) - counts)[present]
        if len(starts):
            total[present] = np.add.reduceat(values, starts)
        total[~self.defined] = np.nan
        return total


def rank(
    score: np.ndarray,
    target: np.ndarray,
    groups: np.ndarray | None = None,
    num_groups: int = 1,
) -> Ranking:
    """Sort the positives and the negatives of each group.

    Args:
        score (ndarray): (N,), any monotone score.
        target (ndarray): (N,), positive where > 0.5, no NaN.
        groups (ndarray, optional): Integer (N,), the group of each image,
            from 0. Defaults to None: all images are one group.
        num_groups (int): Number of groups, G. Defaults to 1.

    Returns:
        Ranking: Of each group, after one sort for all groups.

    Examples:
        >>> found = rank(np.array([.1, .9, .9]), np.array([1, 1, 0]))
        >>> found.below, found.upto
        (array([0, 0]), array([0, 1]))
    """
    # A column of a matrix is copied once, not at each step.
    score = np.ascontiguousarray(score)
    key, broken = score, np.isnan(score)
    is_positive = np.asarray(target) > 0.5
    if groups is None:
        sizes = np.array([len(score)])
        num = np.array([np.count_nonzero(is_positive)])
        is_broken = np.array([broken.any()])
    else:
        sizes, num, is_broken = (
            np.bincount(chosen, minlength=num_groups)
            for chosen in (groups, groups[is_positive], groups[broken])
        )
        key = _rising(score, groups)
    positive, negative = key[is_positive], key[~is_positive]
    positive.sort()
    negative.sort()
    below = np.searchsorted(negative, positive)
    upto = below.copy()
    tied = np.append(negative, positive[-1:])[below] == positive
    if tied.any():
        upto[tied] = np.searchsorted(negative, positive[tied], 'right')
    defined = (num > 0) & (num < sizes) & (is_broken == 0)
    return Ranking(positive, below, upto, num, sizes - num, defined)


def _rising(score: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Return numbers that rise with group and score, int64 (N,)."""
    if score.dtype == np.float32:
        # The bits of a positive float rise with it, of a negative one they
        # fall. The sum has no negative zero.
        bits = (score + np.float32(0)).view(np.int32)
        order = bits ^ ((bits >> 31) & 0x7FFFFFFF)
    else:
        order = np.unique(score, return_inverse=True)[1]
    return (groups.astype(np.int64) << 32) + order


def ranked_auc(ranking: Ranking) -> np.ndarray:
    """Return the AUC of each group.

    Args:
        ranking (Ranking): From :func:`rank`.

    Returns:
        ndarray: float64 (G,), see :func:`binary_auc`.
    """
    n1, n0 = ranking.num_positives, ranking.num_negatives
    # Twice the negatives of the groups before, for each positive.
    others = 2 * (np.cumsum(n0) - n0) * n1
    # A positive beats the negatives below it; a tie counts one half.
    beaten = ranking.total(ranking.below + ranking.upto) - others
    return beaten / np.maximum(2 * n1 * n0, 1)


def ranked_average_precision(ranking: Ranking) -> np.ndarray:
    """Return the average precision of each group.

    Args:
        ranking (Ranking): From :func:`rank`.

    Returns:
        ndarray: float64 (G,), see :func:`binary_average_precision`.
    """
    n1, n0 = ranking.num_positives, ranking.num_negatives
    first = np.searchsorted(ranking.positive, ranking.positive)
    # Images of the group that score at least as high
    hits = np.repeat(np.cumsum(n1), n1) - first
    alarms = np.repeat(np.cumsum(n0), n1) - ranking.below
    return ranking.total(hits / (hits + alarms)) / np.maximum(n1, 1)


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
    return float(ranked_auc(rank(score, target))[0])


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
    return float(ranked_average_precision(rank(score, target))[0])


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
            array (G,), or K of them. Examples are :func:`ranked_auc` and
            :func:`~mmda.evaluation.functional.ranked_delong`.
        score (ndarray): (N, C), probabilities or logits.
        target (ndarray): (N, C), in [0, 1] or NaN where not annotated.
        groups (ndarray, optional): Integer (N,), see :func:`rank`. Defaults
            to None, no groups beside all images.
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
            parts = [measure(rank(values, labels))]
            if own is not None:
                parts.append(measure(rank(values, labels, own, num_groups)))
            found.append(np.concatenate(parts, axis=-1))
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
    positives = int((annotated > 0.5).sum())
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
