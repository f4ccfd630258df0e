"""Intersection over union of partially annotated pixels."""

from __future__ import annotations

import numpy as np


def pixel_confusion(
    label: np.ndarray, prediction: np.ndarray, num_rows: int, num_columns: int
) -> np.ndarray:
    """Count how often each prediction meets each label.

    Args:
        label (ndarray): Integers of any shape. Values from ``num_rows - 1``
            on share the last row. Pixels of 255 do not count.
        prediction (ndarray): Integers in [0, num_columns), in the shape of
            ``label``.
        num_rows (int): Number of kinds of labels. The last kind is "none of
            the others".
        num_columns (int): Number of kinds of predictions.

    Returns:
        ndarray: int64 (num_rows, num_columns).

    Raises:
        ValueError: If the shapes differ, or a prediction is out of range.

    Examples:
        >>> pixel_confusion(np.array([0, 0, 254, 255]),
        ...                 np.array([0, 1, 1, 1]), 2, 2)
        array([[1, 1],
               [0, 1]])
    """
    if label.shape != prediction.shape:
        raise ValueError(
            f'the prediction has the shape {prediction.shape}, its label map '
            f'{label.shape}'
        )
    if prediction.size:
        low, high = prediction.min(), prediction.max()
        if not 0 <= low <= high < num_columns:
            raise ValueError(
                f'predictions from {low} to {high}: expected 0 to '
                f'{num_columns - 1}'
            )
    kept = label != 255
    rows = np.minimum(label[kept].astype(np.int64), num_rows - 1)
    cells = rows * num_columns + prediction[kept]
    counts = np.bincount(cells, minlength=num_rows * num_columns)
    return counts.reshape(num_rows, num_columns)


def known_areas(
    confusion: np.ndarray, annotated: np.ndarray, exclusive: bool = True
) -> np.ndarray:
    """Count pixels of each class among the pixels that are known for it.

    Args:
        confusion (ndarray): int64 (R, C + 1), counts of one image. Rows are
            the labels: the C classes, then kinds of "none of the annotated
            classes". Columns are the predictions; the last is "no class".
        annotated (ndarray): bool (C,), classes that the image annotates.
        exclusive (bool): Whether a pixel of one class is a known negative for
            all other classes. See :class:`~mmda.structures.PixelTarget`.

    Returns:
        ndarray: int64 (3, C): pixels in the intersection, predicted pixels,
        and labelled pixels.

    Examples:
        >>> confusion = np.array([[5, 1, 0], [0, 0, 0], [2, 3, 4]])
        >>> known_areas(confusion, np.array([True, False]))
        array([[5, 0],
               [7, 1],
               [6, 0]])
    """
    num_classes = len(annotated)
    on_class = confusion[:num_classes, :num_classes]
    elsewhere = confusion[num_classes:, :num_classes].sum(axis=0)
    predicted = on_class.sum(axis=0) * (annotated | exclusive)
    predicted = predicted + elsewhere * annotated
    labelled = confusion[:num_classes].sum(axis=1) * annotated
    return np.stack([np.diag(on_class) * annotated, predicted, labelled])


def iou_of_areas(areas: np.ndarray) -> np.ndarray:
    r"""Return the intersection over union of each class.

    .. math::
        IoU = \frac{I}{P + L - I}

    Args:
        areas (ndarray): (3, C), intersection I, predicted P and labelled L,
            from :func:`known_areas`.

    Returns:
        ndarray: float64 (C,), in [0, 1]; NaN for a class without a labelled
        and without a predicted pixel.

    Examples:
        >>> iou_of_areas(np.array([[5, 0], [7, 0], [6, 0]]))
        array([0.625,   nan])
    """
    intersection, predicted, labelled = areas.astype(np.float64)
    union = predicted + labelled - intersection
    return np.where(union > 0, intersection / np.maximum(union, 1), np.nan)
