"""Statistics of a bootstrap that draws patients, not images."""

from __future__ import annotations

import numpy as np


def number_clusters(
    patients: np.ndarray | list, sources: np.ndarray | list | None = None
) -> np.ndarray:
    """Number the groups of images that are drawn together.

    Args:
        patients (ndarray | list): (N,), an image without a patient (None, NaN
            or '') is a group of its own.
        sources (ndarray | list, optional): (N,), sources whose patients are
            different people in spite of equal ids.

    Returns:
        ndarray: int64 (N,), from 0.

    Examples:
        >>> number_clusters([7, 8, 7, None, None])
        array([0, 1, 0, 2, 3])
    """
    if sources is None:
        sources = [None] * len(patients)
    known: dict[object, int] = {}
    numbers = np.empty(len(patients), dtype=np.int64)
    for row, key in enumerate(zip(sources, patients, strict=True)):
        patient = key[1]
        missing = patient is None or patient == '' or patient != patient
        numbers[row] = known.setdefault(row if missing else key, len(known))
    return numbers


def percentile_interval(
    resampled: np.ndarray, confidence: float = 0.95
) -> tuple[np.ndarray, np.ndarray]:
    """Return the percentile interval along the first axis.

    Args:
        resampled (ndarray): (R, ...), NaN where a sample has no value.
        confidence (float): Level of the interval. Defaults to 0.95.

    Returns:
        tuple[ndarray, ndarray]: Lower and upper ends, (...); NaN where fewer
        than half of the samples have a value, too few to stand for all.

    Examples:
        >>> percentile_interval(np.arange(101.) / 100)
        (array(0.025), array(0.975))
    """
    defined = ~np.isnan(resampled)
    enough = 2 * defined.sum(axis=0) > len(resampled)
    filled = np.where(enough, resampled, 0.0)
    tail = (1 - confidence) / 2
    low, high = np.nanquantile(filled, [tail, 1 - tail], axis=0)
    return np.where(enough, low, np.nan), np.where(enough, high, np.nan)


def bootstrap_p_value(differences: np.ndarray) -> np.ndarray:
    """Return the two-sided p-value of no difference.

    Args:
        differences (ndarray): (R, ...), paired differences of the samples.

    Returns:
        ndarray: (...), twice the smaller tail beyond 0, the observed sample
        counted in, at most 1; NaN where fewer than half of the samples have a
        value. It cannot be below 2 / (R + 1).

    Examples:
        >>> bootstrap_p_value(np.array([.1, .2, .3, -.1, .2, .4, .1, .2, .3]))
        array(0.4)
    """
    num = (~np.isnan(differences)).sum(axis=0)
    below = (differences <= 0).sum(axis=0)
    above = (differences >= 0).sum(axis=0)
    p_value = np.minimum(1, 2 * (1 + np.minimum(below, above)) / (num + 1))
    return np.where(2 * num > len(differences), p_value, np.nan)
