"""AUC and average precision on bootstrap samples of patients."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

# Numbers held at a time: bounds the memory whatever the number of images.
_CHUNK = 2**22


class _Ranking(NamedTuple):
    """What a resample needs of one model and class, by rising score."""

    owner: np.ndarray  # (n,), cluster of each image
    positive: np.ndarray  # (n,), bool
    first: np.ndarray  # (n1,), first image of each positive's tie
    last: np.ndarray  # (n1,), one behind the last


def resampled_auc(
    scores: np.ndarray,
    target: np.ndarray,
    clusters: np.ndarray,
    num_resamples: int,
    seed: int = 0,
    progress: Callable[[int], object] | None = None,
) -> np.ndarray:
    """Return the AUCs of several models on bootstrap samples of patients.

    All models and classes see the same samples, so differences between them
    are paired. An image that is drawn k times counts k times.

    Args:
        scores (ndarray): (M, N, C), of M models.
        target (ndarray): (N, C), in [0, 1] or NaN where not annotated.
        clusters (ndarray): int (N,), from
            :func:`~mmda.evaluation.functional.number_clusters`.
        num_resamples (int): Number of samples, R.
        seed (int): Seed of the draws. Defaults to 0.
        progress (Callable, optional): Told how many samples have been done
            since the last call.

    Returns:
        ndarray: float64 (R, M, C); NaN where a sample has no positive or no
        negative, or a score is NaN.

    Examples:
        >>> score = np.array([[[.1], [.4], [.35], [.8]]])
        >>> target = np.array([[0], [0], [1], [1.]])
        >>> resampled_auc(score, target, np.arange(4), 3)[:, 0, 0].round(2)
        array([0.33,  nan, 1.  ])
    """
    return _resample(
        _auc, scores, target, clusters, num_resamples, seed, progress
    )


def resampled_ap(
    scores: np.ndarray,
    target: np.ndarray,
    clusters: np.ndarray,
    num_resamples: int,
    seed: int = 0,
    progress: Callable[[int], object] | None = None,
) -> np.ndarray:
    """Return average precisions on the samples of :func:`resampled_auc`.

    Args:
        scores (ndarray): (M, N, C), of M models.
        target (ndarray): (N, C), in [0, 1] or NaN where not annotated.
        clusters (ndarray): int (N,), from
            :func:`~mmda.evaluation.functional.number_clusters`.
        num_resamples (int): Number of samples, R.
        seed (int): Seed of the draws. Defaults to 0.
        progress (Callable, optional): Told how many samples have been done
            since the last call.

    Returns:
        ndarray: float64 (R, M, C); NaN as for the AUC.

    Examples:
        >>> score = np.array([[[.1], [.4], [.35], [.8]]])
        >>> target = np.array([[0], [0], [1], [1.]])
        >>> resampled_ap(score, target, np.arange(4), 3)[:, 0, 0].round(2)
        array([0.83,  nan, 1.  ])
    """
    return _resample(
        _average_precision,
        scores,
        target,
        clusters,
        num_resamples,
        seed,
        progress,
    )


def _resample(
    measure: Callable[[_Ranking | None, np.ndarray], np.ndarray],
    scores: np.ndarray,
    target: np.ndarray,
    clusters: np.ndarray,
    num_resamples: int,
    seed: int,
    progress: Callable[[int], object] | None,
) -> np.ndarray:
    """Return a measure of all models and classes on all samples."""
    num_models, _, num_classes = scores.shape
    rankings = [
        [
            _rank(scores[m, :, c], target[:, c], clusters)
            for c in range(num_classes)
        ]
        for m in range(num_models)
    ]
    num_clusters = int(clusters.max()) + 1 if len(clusters) else 0
    generator = np.random.default_rng(seed)
    resampled = np.full((num_resamples, num_models, num_classes), np.nan)
    step = max(1, _CHUNK // max(1, len(clusters)))
    for start in range(0, num_resamples, step):
        stop = min(start + step, num_resamples)
        counts = _draw(generator, num_clusters, stop - start)
        for m in range(num_models):
            for c in range(num_classes):
                resampled[start:stop, m, c] = measure(rankings[m][c], counts)
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


def _auc(ranking: _Ranking | None, counts: np.ndarray) -> np.ndarray:
    """Return the AUC of each sample, (num,)."""
    num = counts.shape[1]
    if ranking is None:
        return np.full(num, np.nan)
    weight = counts[ranking.owner]  # (n, num)
    positive = weight[ranking.positive].astype(np.float64)
    weight[ranking.positive] = 0
    negatives = np.zeros((len(weight) + 1, num))
    np.cumsum(weight, axis=0, out=negatives[1:])
    beaten = negatives[ranking.first] + negatives[ranking.last]
    pairs = positive.sum(axis=0) * negatives[-1]
    with np.errstate(invalid='ignore'):
        return (positive * beaten).sum(axis=0) / 2 / pairs


def _average_precision(
    ranking: _Ranking | None, counts: np.ndarray
) -> np.ndarray:
    """Return the average precision of each sample, (num,)."""
    num = counts.shape[1]
    if ranking is None:
        return np.full(num, np.nan)
    weight = counts[ranking.owner]  # (n, num)
    positive = weight * ranking.positive[:, None]
    # At the score of a positive, all from the first of its tie on are a yes.
    answered, found = (
        _sums_from_the_top(values)[ranking.first]
        for values in (weight, positive)
    )
    weight_of_positive = positive[ranking.positive]
    total = weight_of_positive.sum(axis=0)
    precision = found / np.maximum(answered, 1)
    with np.errstate(invalid='ignore'):
        value = (weight_of_positive * precision).sum(axis=0) / total
    # As without resampling: undefined without a negative.
    return np.where(total < weight.sum(axis=0), value, np.nan)


def _sums_from_the_top(values: np.ndarray) -> np.ndarray:
    return values[::-1].cumsum(axis=0, dtype=np.float64)[::-1]
