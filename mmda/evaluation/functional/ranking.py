"""Measures of one class that follow from the order of its scores."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike


def rank_from_top(
    score: np.ndarray, target: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """Count what each threshold finds, from the highest score down.

    Args:
        score (ndarray): (N,), any monotone score.
        target (ndarray): (N,), positive where > 0.5, no NaN.

    Returns:
        tuple[ndarray, ndarray, ndarray] | None: The K distinct scores,
        falling. For each of them, int64 (K,), the number of positives and the
        number of negatives that score at least as high. None without a
        positive, without a negative, or with a NaN score.

    Examples:
        >>> rank_from_top(np.array([.1, .9, .9]), np.array([1, 1, 0]))
        (array([0.9, 0.1]), array([1, 2]), array([1, 1]))
    """
    score, positive = np.asarray(score), np.asarray(target) > 0.5
    if positive.all() or not positive.any() or np.isnan(score).any():
        return None
    # The order within a tie does not matter, and a stable sort is slower.
    order = np.argsort(-score)
    ranked = score[order]
    last_of_tie = np.flatnonzero(np.append(np.diff(ranked) != 0, True))
    hits = np.cumsum(positive[order])[last_of_tie]
    return ranked[last_of_tie], hits, last_of_tie + 1 - hits


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
    found = rank_from_top(score, target)
    if found is None:
        return float('nan')
    _, hits, alarms = found
    # Each negative loses to the positives above it; a tie counts one half.
    wins = hits - np.diff(hits, prepend=0) / 2
    new_alarms = np.diff(alarms, prepend=0)
    return float((wins * new_alarms).sum() / (hits[-1] * alarms[-1]))


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
    found = rank_from_top(score, target)
    if found is None:
        return float('nan')
    _, hits, alarms = found
    precision = hits / (hits + alarms)
    return float((precision * np.diff(hits, prepend=0)).sum() / hits[-1])


def per_class(
    measure: Callable[[np.ndarray, np.ndarray], ArrayLike],
    score: np.ndarray,
    target: np.ndarray,
) -> np.ndarray:
    """Apply a measure to the annotated entries of each class.

    Args:
        measure (Callable): Takes the scores and the targets of one class,
            without NaN targets, and returns a number or K numbers. Examples
            are :func:`binary_auc` and
            :func:`~mmda.evaluation.functional.delong_interval`.
        score (ndarray): (N, C), probabilities or logits.
        target (ndarray): (N, C), in [0, 1] or NaN where not annotated.

    Returns:
        ndarray: float64 (C,), or (C, K) for a measure of K numbers.

    Examples:
        >>> target = np.array([[0, np.nan], [1, 1], [1, np.nan]])
        >>> score = np.array([[.2, .3], [.1, .5], [.7, .9]])
        >>> per_class(binary_auc, score, target)
        array([0.5, nan])
    """
    # One row per class in memory: to pick from columns takes longer.
    scores, targets = map(np.ascontiguousarray, (score.T, target.T))
    known = ~np.isnan(targets)
    return np.array(
        [
            measure(values[rows], labels[rows])
            for values, labels, rows in zip(
                scores, targets, known, strict=True
            )
        ],
        dtype=np.float64,
    )


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
    positive = annotated > 0.5
    if not len(annotated):
        return f'not annotated in any of {len(target)} images'
    if positive.any() and not positive.all():
        return ''
    missing = 'negative' if positive.any() else 'positive'
    return f'no {missing} among {len(annotated)} annotated images'


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
