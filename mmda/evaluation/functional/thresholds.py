"""Decision thresholds of one class."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

METHODS = ('youden', 'sensitivity', 'f1')


class Threshold(NamedTuple):
    """A threshold, and its quality on the data that it was chosen on.

    Attributes:
        threshold (float): The answer is "yes" from this score on.
        sensitivity (float): Share of the positives with "yes", in [0, 1].
        specificity (float): Share of the negatives with "no", in [0, 1].
        f1 (float): Harmonic mean of precision and sensitivity, in [0, 1].
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
    """Choose one of the scores as the threshold.

    Args:
        score (ndarray): (N,), probabilities; NaN gives NaN.
        target (ndarray): (N,), positive where > 0.5, no NaN.
        method (str): 'youden' takes the greatest sensitivity + specificity -
            1. 'f1' takes the greatest F1. 'sensitivity' takes the highest
            threshold that finds at least ``sensitivity`` of the positives.
        sensitivity (float): In (0, 1]; only for the method 'sensitivity'.

    Returns:
        Threshold: Of equally good thresholds the highest. All values are NaN
        without a positive or without a negative.

    Raises:
        ValueError: If the method is unknown, or ``sensitivity`` is out of
            range.

    Examples:
        >>> score = np.array([.1, .2, .6, .9])
        >>> choose_threshold(score, np.array([0, 0, 1, 1])).threshold
        0.6
    """
    if method not in METHODS:
        raise ValueError(
            f'method: found {method!r}, expected one of {METHODS}'
        )
    if not 0 < sensitivity <= 1:
        raise ValueError(
            f'sensitivity={sensitivity}: expected a share in (0, 1]'
        )
    found = _rank_from_top(score, target)
    if found is None:
        return Threshold(*[float('nan')] * 4)
    thresholds, hits, alarms = found
    recall, passed = hits / hits[-1], 1 - alarms / alarms[-1]
    f1 = 2 * hits / (hits + alarms + hits[-1])
    if method == 'sensitivity':
        best = np.argmax(recall >= sensitivity)
    else:
        # Without the rounding, equally good thresholds would not tie.
        gain = recall + passed if method == 'youden' else f1
        best = np.argmax(np.round(gain, 12))
    columns = (thresholds, recall, passed, f1)
    return Threshold(*(float(column[best]) for column in columns))


def _rank_from_top(
    score: np.ndarray, target: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """Count what each threshold finds, from the highest score down.

    Returns the K distinct scores, falling, and for each of them, int64 (K,),
    the number of positives and the number of negatives that score at least as
    high. Returns None where the threshold is undefined.
    """
    score, positive = np.asarray(score), np.asarray(target) > 0.5
    if positive.all() or not positive.any() or np.isnan(score).any():
        return None
    # The order within a tie does not matter, and a stable sort is slower.
    order = np.argsort(-score)
    ranked = score[order]
    last_of_tie = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))
    hits = np.cumsum(positive[order])[last_of_tie]
    return ranked[last_of_tie], hits, last_of_tie + 1 - hits
