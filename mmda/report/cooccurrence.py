"""How often each class of a segmentation dataset meets the others."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from mmengine.dataset import BaseDataset
from mmseg.datasets.transforms import LoadAnnotations

from .figure import COLORS, SMALL, new_figure, save_figure


@dataclass(frozen=True)
class CoOccurrence:
    r"""Counts over the images of a dataset.

    .. math::
        D_c = \sum_i p_{ic}, \quad N_c = \sum_i p_{ic} \sum_{k \ne c} p_{ik}

    with the presence p of class c in image i. Source: [0] Data-Assemble,
    Fig. 7, which plots N / D.

    Args:
        occurrence (ndarray): D, int64 (C,), images with the class.
        total (ndarray): N, int64 (C,), other classes met in these images.
    """

    occurrence: np.ndarray
    total: np.ndarray

    @property
    def normalised(self) -> np.ndarray:
        """ndarray: N / D, float64 (C,), NaN for a class that never occurs."""
        return np.divide(
            self.total,
            self.occurrence,
            out=np.full(len(self.total), np.nan),
            where=self.occurrence > 0,
        )


def count_cooccurrence(presence: np.ndarray) -> CoOccurrence:
    """Count occurrences and co-occurrences.

    Args:
        presence (ndarray): bool (N, C), which image has which class.

    Returns:
        CoOccurrence: The counts.

    Examples:
        >>> counts = count_cooccurrence(np.array([[1, 1, 0], [1, 0, 0]]) > 0)
        >>> counts.normalised
        array([0.5, 1. , nan])
    """
    others = presence.sum(axis=1, keepdims=True) - presence
    return CoOccurrence(presence.sum(axis=0), (presence * others).sum(axis=0))


def find_presence(
    dataset: BaseDataset,
    min_pixels: int = 1,
    progress: Callable[[], None] | None = None,
) -> np.ndarray:
    """Read all label maps of a dataset.

    Args:
        dataset (BaseSegDataset): With ``metainfo['classes']``.
        min_pixels (int): A class with fewer pixels counts as absent.
            Defaults to 1.
        progress (Callable, optional): Called after each image.

    Returns:
        ndarray: bool (N, C).

    Raises:
        ValueError: If a label map has an id that is no class and not 255.
    """
    num_classes = len(dataset.metainfo['classes'])
    load = LoadAnnotations()
    rows = []
    for index in range(len(dataset)):
        info = load(dataset.get_data_info(index))
        counts = np.bincount(info['gt_seg_map'].reshape(-1), minlength=256)
        unknown = np.flatnonzero(counts[:255])
        unknown = unknown[unknown >= num_classes]
        if unknown.size:
            raise ValueError(
                f'{info["seg_map_path"]} has ids {unknown.tolist()}; expected '
                f'0 to {num_classes - 1}, or 255 (unknown)'
            )
        rows.append(counts[:num_classes] >= min_pixels)
        if progress is not None:
            progress()
    return np.array(rows).reshape(-1, num_classes)


def write_cooccurrence(
    counts: CoOccurrence, classes: Sequence[str], path: str | Path
) -> None:
    """Write the counts as CSV, the class that meets the most others first.

    Args:
        counts (CoOccurrence): The counts.
        classes (Sequence[str]): Names of the C classes.
        path (str | Path): File to write; its folder is made.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open('w', newline='', encoding='utf-8') as file:
        writer = csv.writer(file)
        writer.writerow(['class', 'occurrence', 'co_occurrence', 'normalised'])
        for index in _order(counts):
            value = counts.normalised[index]
            writer.writerow(
                [
                    classes[index],
                    int(counts.occurrence[index]),
                    int(counts.total[index]),
                    '' if np.isnan(value) else f'{value:.4f}',
                ]
            )


def draw_cooccurrence(
    counts: CoOccurrence,
    classes: Sequence[str],
    path: str | Path,
    highlight: str | None = None,
) -> None:
    """Draw a bar per class, the class that meets the most others first.

    Args:
        counts (CoOccurrence): The counts.
        classes (Sequence[str]): Names of the C classes.
        path (str | Path): PNG to write; a PDF lies beside it.
        highlight (str, optional): Class to set off.
    """
    order = _order(counts)
    figure = new_figure(5.0, 0.8 + 0.19 * len(order))
    axes = figure.subplots()
    values = counts.normalised[order]
    rows = np.arange(len(order))
    colors = [COLORS[int(classes[i] == highlight)] for i in order]
    axes.barh(rows, np.nan_to_num(values), color=colors)
    for row, index in zip(rows, order, strict=True):
        value = counts.normalised[index]
        text = (
            'no image'
            if np.isnan(value)
            else (f'{value:.2f}  ({counts.occurrence[index]} images)')
        )
        axes.annotate(
            text,
            (np.nan_to_num(value), row),
            xytext=(3, 0),
            textcoords='offset points',
            va='center',
            fontsize=SMALL,
        )
    axes.set_yticks(rows, [classes[i] for i in order], fontsize=SMALL + 1)
    axes.invert_yaxis()
    axes.margins(x=0.25, y=0.02)
    axes.set_xlabel('other classes in an image with this class, mean')
    axes.spines[['top', 'right']].set_visible(False)
    save_figure(figure, path)


def _order(counts: CoOccurrence) -> np.ndarray:
    """Return the classes by falling N / D, those never seen last."""
    return np.argsort(-np.nan_to_num(counts.normalised, nan=-1), kind='stable')
