"""Average precision on annotated entries."""

from __future__ import annotations

import numpy as np


def binary_average_precision(score: np.ndarray, target: np.ndarray) -> float:
    r"""Return the average precision of one class.

    .. math::
        AP = \sum_k (R_k - R_{k-1}) P_k

    over the distinct scores k, from the highest down, with precision P and
    recall R of "score at least k is positive". Ties count as one step.

    Args:
        score (ndarray): (N,), any monotone score; NaN gives NaN.
        target (ndarray): (N,), positive where > 0.5, no NaN.

    Returns:
        float: In [0, 1]; NaN if there is no positive or no negative, as for
        the AUC (with positives alone it would always be 1).

    Examples:
        >>> score = np.array([.1, .4, .35, .8])
        >>> round(binary_average_precision(score, np.array([0, 0, 1, 1])), 4)
        0.8333
    """
    score = np.asarray(score)
    positive = np.asarray(target) > 0.5
    num_pos = int(positive.sum())
    if not 0 < num_pos < len(positive) or np.isnan(score).any():
        return float('nan')
    order = np.argsort(-score, kind='stable')
    hits = np.cumsum(positive[order])
    last = np.flatnonzero(np.append(np.diff(score[order]) != 0, True))
    hits = hits[last]
    precision = hits / (last + 1)
    gained = np.diff(hits, prepend=0)
    return float((precision * gained).sum() / num_pos)


def partial_ap_per_class(score: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Return each class's average precision over annotated entries.

    Args:
        score (ndarray): (N, C), probabilities or logits.
        target (ndarray): (N, C), in [0, 1] or NaN where not annotated.

    Returns:
        ndarray: float64 (C,), in [0, 1]; NaN for a class without an annotated
        positive or without an annotated negative.

    Examples:
        >>> target = np.array([[0, np.nan], [1, 1], [1, np.nan]])
        >>> partial_ap_per_class(np.array([[.2, .3], [.1, .5], [.7, .9]]),
        ...                      target).round(4)
        array([0.8333,    nan])
    """
    values = np.full(target.shape[1], np.nan)
    for index, column in enumerate(target.T):
        rows = ~np.isnan(column)
        values[index] = binary_average_precision(
            score[rows, index], column[rows]
        )
    return values
