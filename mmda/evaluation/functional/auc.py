"""Area under the ROC curve on annotated entries."""

from __future__ import annotations

import numpy as np
from scipy.stats import rankdata


def binary_auc(score: np.ndarray, target: np.ndarray) -> float:
    r"""Return the area under the ROC curve of one class.

    .. math::
        AUC = \frac{\sum_{i: y_i = 1} r_i - n_1 (n_1 + 1) / 2}{n_1 n_0}

    with the midrank :math:`r_i` of score i among all scores: the probability
    that a positive scores higher than a negative, ties counted half.

    Args:
        score (ndarray): (N,), any monotone score; NaN gives NaN.
        target (ndarray): (N,), positive where > 0.5, no NaN.

    Returns:
        float: In [0, 1]; NaN if there is no positive or no negative.

    Examples:
        >>> binary_auc(np.array([.1, .4, .35, .8]), np.array([0, 0, 1, 1]))
        0.75
    """
    positive = np.asarray(target) > 0.5
    num_pos = int(positive.sum())
    num_neg = len(positive) - num_pos
    score = np.asarray(score, dtype=np.float64)
    if not num_pos or not num_neg or np.isnan(score).any():
        return float('nan')
    rank_sum = rankdata(score)[positive].sum()
    return float(
        (rank_sum - num_pos * (num_pos + 1) / 2) / (num_pos * num_neg)
    )


def partial_auc_per_class(score: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Return each class's area under the ROC curve over annotated entries.

    Args:
        score (ndarray): (N, C), probabilities or logits.
        target (ndarray): (N, C), in [0, 1] or NaN where not annotated.

    Returns:
        ndarray: float64 (C,), in [0, 1]; NaN for a class without an annotated
        positive or without an annotated negative.

    Examples:
        >>> target = np.array([[0, np.nan], [1, 1], [1, np.nan]])
        >>> partial_auc_per_class(np.array([[.2, .3], [.1, .5], [.7, .9]]),
        ...                       target)
        array([0.5, nan])
    """
    annotated = ~np.isnan(target)
    return np.array(
        [
            binary_auc(score[annotated[:, c], c], target[annotated[:, c], c])
            for c in range(target.shape[1])
        ]
    )


def why_undefined(target: np.ndarray) -> str:
    """Say why a class's AUC is undefined.

    Args:
        target (ndarray): (N,), in [0, 1] or NaN where not annotated.

    Returns:
        str: The reason, empty if there is none.

    Examples:
        >>> why_undefined(np.array([0., 0., np.nan]))
        'no positive among 2 annotated images'
    """
    annotated = target[~np.isnan(target)]
    positives = int((annotated > 0.5).sum())
    if not len(annotated):
        return f'not annotated in any of {len(target)} images'
    if not positives:
        return f'no positive among {len(annotated)} annotated images'
    if positives == len(annotated):
        return f'no negative among {len(annotated)} annotated images'
    return ''
