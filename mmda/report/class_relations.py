"""Relations of classes, from mean features or from task encodings."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from torch import nn


def class_means(features: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Return the mean feature of the positive images of each class.

    Args:
        features (ndarray): (N, m), a feature vector for each image.
        target (ndarray): (N, C), NaN where not annotated.

    Returns:
        ndarray: float64 (C, m), NaN for a class without a positive.

    Examples:
        >>> target = np.array([[1, 0], [1, 0]])
        >>> class_means(np.array([[1., 2], [3, 4]]), target)
        array([[ 2.,  3.],
               [nan, nan]])
    """
    positive = (target > 0.5).astype(np.float64)  # NaN > 0.5 is False
    count = positive.sum(axis=0)[:, None]
    sums = positive.T @ features.astype(np.float64)
    return np.where(count > 0, sums / np.maximum(count, 1), np.nan)


def cosine_similarity(
    vectors: np.ndarray, origin: np.ndarray | None = None
) -> np.ndarray:
    r"""Return the cosine similarity of each two vectors.

    .. math::
        s_{ij} = \frac{(v_i - o)^T (v_j - o)}{|v_i - o| \, |v_j - o|}

    With the mean of all features as the origin o, the similarities spread
    over a larger interval (section 5.5 (4) of the paper).

    Args:
        vectors (ndarray): (C, m), v; a missing vector is a row of NaN.
        origin (ndarray, optional): (m,), o. Defaults to 0.

    Returns:
        ndarray: float64 (C, C), in [-1, 1]; NaN where a vector is missing or
        equals the origin.

    Examples:
        >>> cosine_similarity(np.array([[1., 0], [1, 1]])).round(3)
        array([[1.   , 0.707],
               [0.707, 1.   ]])
    """
    moved = np.asarray(vectors, dtype=np.float64)
    if origin is not None:
        moved = moved - origin
    norm = np.linalg.norm(moved, axis=1, keepdims=True)
    unit = moved / np.where(norm > 0, norm, np.nan)
    return np.clip(unit @ unit.T, -1, 1)


def cluster_classes(similarity: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cluster classes by average linkage of the distance 1 - similarity.

    Args:
        similarity (ndarray): (C, C); the rows of missing classes are NaN.

    Returns:
        tuple[ndarray, ndarray]: The linkage matrix of SciPy, and the indices
        of the classes that it contains.

    Raises:
        ValueError: If fewer than two classes have a similarity.

    Examples:
        >>> s = np.array([[1, .9, 0], [.9, 1, .1], [0, .1, 1]])
        >>> cluster_classes(s)[0][:, 2].round(3)
        array([0.1 , 0.95])
    """
    from scipy.cluster.hierarchy import linkage
    from scipy.spatial.distance import squareform

    kept = np.flatnonzero(~np.isnan(np.diag(similarity)))
    if len(kept) < 2:
        raise ValueError(
            f'{len(kept)} classes have a similarity, expected two or more'
        )
    distance = 1 - similarity[np.ix_(kept, kept)]
    distance = (distance + distance.T) / 2
    np.fill_diagonal(distance, 0)
    return linkage(squareform(distance.clip(min=0)), 'average'), kept


@torch.no_grad()
def collect_features(
    model: Any, dataloader: Iterable[Any]
) -> tuple[np.ndarray, np.ndarray]:
    """Return the input of the head for each image, and the labels.

    Args:
        model (ImageClassifier): In evaluation mode.
        dataloader (Iterable): Gives the batches of a test.

    Returns:
        tuple[ndarray, ndarray]: float32 (N, m) and (N, C), NaN where not
        annotated.
    """
    features, targets = [], []
    for batch in dataloader:
        data = model.data_preprocessor(batch, training=False)
        found = model.head.pre_logits(model.extract_feat(data['inputs']))
        features.append(found.cpu().numpy())
        targets += [s.gt_score.cpu().numpy() for s in data['data_samples']]
    return np.concatenate(features), np.stack(targets)


def task_encodings(model: nn.Module) -> np.ndarray | None:
    """Return the learned task encodings of a dynamic adapter.

    Args:
        model (Module): A model.

    Returns:
        ndarray | None: (C, C), a row for each class; None without an adapter.
    """
    pixels = getattr(model, 'decode_head', None)
    if isinstance(pixels, nn.ModuleList):  # a cascade: the last one answers
        pixels = pixels[-1]
    classifier = getattr(getattr(model, 'head', None), 'classifier', None)
    adapter = classifier or getattr(pixels, 'adapter', None)
    encoding = getattr(adapter, 'task_encoding', None)
    return None if encoding is None else encoding.detach().cpu().numpy()
