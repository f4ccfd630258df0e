"""A bootstrap that draws patients, not images."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

# Numbers that are held at a time. This bounds the memory of a large test set.
_CHUNK = 2**22


def number_clusters(
    patients: np.ndarray | list, sources: np.ndarray | list | None = None
) -> np.ndarray:
    """Number the groups of images that the bootstrap draws together.

    Args:
        patients (ndarray | list): (N,), ids of patients. An image without one
            (None, NaN or '') is a group of its own.
        sources (ndarray | list, optional): (N,), names of sources. Equal ids
            in two sources are different patients.

    Returns:
        ndarray: int64 (N,), the groups, numbered from 0.

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
        resampled (ndarray): (R, ...), a value per resample, or NaN.
        confidence (float): Level of the interval. Defaults to 0.95.

    Returns:
        tuple[ndarray, ndarray]: Lower and upper ends, (...). They are NaN
        where at most half of the resamples have a value.

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
    """Return the two-sided p-value of "no difference".

    The p-value is twice the smaller tail beyond 0. The observed sample counts
    as one more resample, so the p-value is at least 2 / (R + 1).

    Args:
        differences (ndarray): (R, ...), a paired difference per resample.

    Returns:
        ndarray: (...), in (0, 1]; NaN where at most half of the resamples
        have a value.

    Examples:
        >>> bootstrap_p_value(np.array([.1, .2, .3, -.1, .2, .4, .1, .2, .3]))
        array(0.4)
    """
    num = (~np.isnan(differences)).sum(axis=0)
    below = (differences <= 0).sum(axis=0)
    above = (differences >= 0).sum(axis=0)
    p_value = np.minimum(1, 2 * (1 + np.minimum(below, above)) / (num + 1))
    return np.where(2 * num > len(differences), p_value, np.nan)


class _Ranking(NamedTuple):
    """One class of one model, its annotated images by rising score."""

    owner: np.ndarray  # (n,), cluster of each image
    positive: np.ndarray  # (n,), bool
    first: np.ndarray  # (n1,), first image of each positive's tie
    last: np.ndarray  # (n1,), one behind the last image of the tie


def resample(
    measure: str,
    scores: np.ndarray,
    target: np.ndarray,
    clusters: np.ndarray,
    num_resamples: int,
    seed: int = 0,
    progress: Callable[[int], object] | None = None,
) -> np.ndarray:
    """Measure several models on bootstrap samples of patients.

    All models and all classes see the same samples, so a difference between
    two models is a paired difference. An image that is drawn k times counts k
    times.

    Args:
        measure (str): 'auc' (area under the ROC curve) or 'ap' (average
            precision).
        scores (ndarray): (M, N, C), of M models.
        target (ndarray): (N, C), in [0, 1] or NaN where not annotated.
        clusters (ndarray): int (N,), from :func:`number_clusters`.
        num_resamples (int): Number of samples, R.
        seed (int): Seed of the draws. Defaults to 0.
        progress (Callable, optional): Called with the number of samples that
            are done since the last call.

    Returns:
        ndarray: float64 (R, M, C), in [0, 1]; NaN where a sample has no
        positive or no negative, or where a score is NaN.

    Examples:
        >>> score = np.array([[[.1], [.4], [.35], [.8]]])
        >>> target = np.array([[0], [0], [1], [1.]])
        >>> found = resample('auc', score, target, np.arange(4), 3)
        >>> found[:, 0, 0].round(2)
        array([0.33,  nan, 1.  ])
    """
    compute = {'auc': _auc, 'ap': _average_precision}[measure]
    shape = (len(scores), scores.shape[2])
    rankings = {
        (m, c): _rank(scores[m, :, c], target[:, c], clusters)
        for m, c in np.ndindex(shape)
    }
    num_clusters = int(clusters.max()) + 1 if len(clusters) else 0
    generator = np.random.default_rng(seed)
    resampled = np.full((num_resamples, *shape), np.nan)
    step = max(1, _CHUNK // max(1, len(clusters)))
    for start in range(0, num_resamples, step):
        stop = min(start + step, num_resamples)
        counts = _draw(generator, num_clusters, stop - start)
        for (m, c), ranking in rankings.items():
            if ranking is not None:
                resampled[start:stop, m, c] = compute(ranking, counts)
        if progress is not None:
            progress(stop - start)
    return resampled


def _rank(
    score: np.ndarray, target: np.ndarray, clusters: np.ndarray
) -> _Ranking | None:
    rows = np.flatnonzero(~np.isnan(target))
    if np.isnan(score[rows]).any():
        return None
    rows = rows[np.argsort(score[rows], kind='stable')]
    ordered, positive = score[rows], target[rows] > 0.5
    found = ordered[positive]
    return _Ranking(
        clusters[rows],
        positive,
        np.searchsorted(ordered, found, 'left'),
        np.searchsorted(ordered, found, 'right'),
    )


def _draw(
    generator: np.random.Generator, num_clusters: int, num: int
) -> np.ndarray:
    """Return how often each cluster is drawn, int32 (num_clusters, num)."""
    drawn = generator.integers(num_clusters, size=(num, num_clusters))
    drawn += np.arange(num)[:, None] * num_clusters
    counts = np.bincount(drawn.ravel(), minlength=num * num_clusters)
    counts = counts.reshape(num, num_clusters).T
    return np.ascontiguousarray(counts, dtype=np.int32)


def _auc(ranking: _Ranking, counts: np.ndarray) -> np.ndarray:
    """Return the AUC of each sample, (num,)."""
    weight = counts[ranking.owner]  # (n, num)
    positive = weight[ranking.positive].astype(np.float64)
    weight[ranking.positive] = 0
    negatives = np.zeros((len(weight) + 1, counts.shape[1]))
    np.cumsum(weight, axis=0, out=negatives[1:])
    beaten = negatives[ranking.first] + negatives[ranking.last]
    pairs = positive.sum(axis=0) * negatives[-1]
    with np.errstate(invalid='ignore'):
        return (positive * beaten).sum(axis=0) / 2 / pairs


def _average_precision(ranking: _Ranking, counts: np.ndarray) -> np.ndarray:
    """Return the average precision of each sample, (num,)."""
    weight = counts[ranking.owner]  # (n, num)
    positive = weight * ranking.positive[:, None]
    # At the score of a positive, the answer is "yes" from its tie on.
    answered, found = (
        values[::-1].cumsum(axis=0, dtype=np.float64)[::-1][ranking.first]
        for values in (weight, positive)
    )
    weight_of_positive = positive[ranking.positive]
    total = weight_of_positive.sum(axis=0)
    precision = found / np.maximum(answered, 1)
    with np.errstate(invalid='ignore'):
        value = (weight_of_positive * precision).sum(axis=0) / total
    # As without resampling, the value is undefined without a negative.
    return np.where(total < weight.sum(axis=0), value, np.nan)
