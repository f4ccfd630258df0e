"""Decision thresholds of one class, chosen on annotated entries."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Threshold(NamedTuple):
    """A threshold and what it does on the data it was chosen on.

    Attributes:
        threshold (float): The class is answered "yes" from this score on.
        sensitivity (float): Share of positives found, in [0, 1].
        specificity (float): Share of negatives passed, in [0, 1].
        f1 (float): Harmonic mean of precision and sensitivity.
    """

    threshold: float
    sensitivity: float
    specificity: float
    f1: float


def choose_threshold(
    score: np.ndarray,
    target: np.ndarray,
    method: str = 'youden',
    sensitivity: float = 0.9,
) -> Threshold:
    """Choose a threshold among the scores.

    Args:
        score (ndarray): (N,), probabilities; NaN gives NaN.
        target (ndarray): (N,), positive where > 0.5, no NaN.
        method (str): 'youden' (greatest sensitivity + specificity - 1),
            'f1' (greatest F1) or 'sensitivity' (the highest threshold that
            finds at least ``sensitivity`` of the positives).
        sensitivity (float): In (0, 1], for the method of that name.

    Returns:
        Threshold: The highest of equally good ones; NaN without a positive or
        a negative.

    Raises:
        ValueError: If the method is unknown or ``sensitivity`` out of range.

    Examples:
        >>> score = np.array([.1, .2, .6, .9])
        >>> choose_threshold(score, np.array([0, 0, 1, 1])).threshold
        0.6
    """
    if method not in ('youden', 'f1', 'sensitivity'):
        raise ValueError(
            f"method: found {method!r}, expected 'youden', 'f1' or "
            "'sensitivity'"
        )
    if not 0 < sensitivity <= 1:
        raise ValueError(
            f'sensitivity={sensitivity}: expected a share in (0, 1]'
        )
    positive = np.asarray(target) > 0.5
    num_pos, num_neg = int(positive.sum()), int((~positive).sum())
    if not num_pos or not num_neg or np.isnan(score).any():
        return Threshold(*[float('nan')] * 4)
    order = np.argsort(-np.asarray(score), kind='stable')
    ranked = np.asarray(score)[order]
    last = np.flatnonzero(np.append(np.diff(ranked) != 0, True))
    found = np.cumsum(positive[order])[last]
    alarms = last + 1 - found
    recall, passed = found / num_pos, 1 - alarms / num_neg
    f1 = 2 * found / (found + alarms + num_pos)
    if method == 'sensitivity':
        best = int(np.argmax(recall >= sensitivity))
    else:
        # Rounded, so that equally good thresholds tie.
        gain = recall + passed if method == 'youden' else f1
        best = int(np.argmax(np.round(gain, 12)))
    return Threshold(
        float(ranked[last[best]]),
        float(recall[best]),
        float(passed[best]),
        float(f1[best]),
    )
