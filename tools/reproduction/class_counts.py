"""How often the classes of segmentation datasets appear together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from mmengine.dataset import BaseDataset
from mmengine.registry import DATASETS

from mmda.files import replacing
from mmda.report.figure import COLORS, SMALL, new_figure, save_figure
from mmda.report.source_labels import count_pixels
from mmda.structures import UNKNOWN_PIXEL, rename_classes
from mmda.walk import (
    find_outermost,
    is_partial_config,
    is_source,
    walk_datasets,
)


class SegmentationSource(NamedTuple):
    """A source dataset, and the joint names of its classes.

    Attributes:
        dataset (BaseSegDataset): With an empty pipeline.
        classes (tuple[str, ...]): Joint names of all classes of the source,
            whether the config uses their labels or not.
    """

    dataset: BaseDataset
    classes: tuple[str, ...]


def build_sources(node: Mapping[str, Any]) -> list[SegmentationSource]:
    """Build the source datasets inside of wrappers.

    Args:
        node (Mapping): Config of a dataset.

    Returns:
        list[SegmentationSource]: Each source once, with all its images, even
        if several wrappers use parts of it.

    Raises:
        ValueError: If a source has no label maps.
    """
    pairs: list[tuple[dict, dict]] = []
    for outer in find_outermost(node, is_source):
        names = {}
        if is_partial_config(outer):
            keys = ('aliases', 'keep_apart')
            names = {key: outer[key] for key in keys if key in outer}
            if 'keep_apart' in outer and 'name' in outer:
                names['source'] = outer['name']
        *_, leaf = walk_datasets(outer)
        pair = ({**leaf, 'pipeline': []}, names)
        if pair not in pairs:
            pairs.append(pair)
    found = []
    for config, names in pairs:
        dataset = DATASETS.build(config)
        kind = type(dataset).__name__
        if 'label_map' not in dataset.metainfo:
            raise ValueError(
                f'{kind} has no label maps; expected a dataset of segmentation'
            )
        classes = rename_classes(
            dataset.metainfo['classes'], **{'source': kind, **names}
        )
        found.append(SegmentationSource(dataset, classes))
    return found


def find_presence(
    dataset: BaseDataset,
    min_pixels: int = 1,
    progress: Callable[[], None] | None = None,
) -> np.ndarray:
    """Read all label maps of a dataset.

    Args:
        dataset (BaseSegDataset): With ``metainfo['classes']``, C names.
        min_pixels (int): A class with fewer pixels counts as absent.
            Defaults to 1.
        progress (Callable, optional): Called after each image.

    Returns:
        ndarray: bool (N, C), which image shows which class.

    Raises:
        ValueError: If a label map has an id that is no class and not 255.
    """
    num = len(dataset.metainfo['classes'])
    rows = []
    for counts in count_pixels(
        dataset, range(len(dataset)), num, UNKNOWN_PIXEL
    ):
        rows.append(counts[:num] >= min_pixels)
        if progress is not None:
            progress()
    return np.array(rows).reshape(-1, num)


def joint_presence(
    sources: Sequence[SegmentationSource],
    min_pixels: int = 1,
    progress: Callable[[], None] | None = None,
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Read all label maps of all sources.

    Args:
        sources (Sequence[SegmentationSource]): From :func:`build_sources`.
        min_pixels (int): A class with fewer pixels counts as absent.
            Defaults to 1.
        progress (Callable, optional): Called after each image.

    Returns:
        tuple[ndarray, tuple[str, ...]]: bool (N, C), which of the N images of
        all sources shows which class, and the C names. A class that the
        source of an image does not know is absent.

    Raises:
        ValueError: If a label map has an id that is no class and not 255.
    """
    classes = tuple(dict.fromkeys(c for s in sources for c in s.classes))
    parts = []
    for source in sources:
        own = find_presence(source.dataset, min_pixels, progress)
        part = np.zeros((len(own), len(classes)), dtype=bool)
        part[:, [classes.index(name) for name in source.classes]] = own
        parts.append(part)
    return np.concatenate(parts), classes


@dataclass(frozen=True)
class CoOccurrence:
    r"""Counts over the images of a dataset.

    .. math::
        D_c = \sum_i p_{ic}, \quad N_c = \sum_i p_{ic} \sum_{k \ne c} p_{ik}

    Here p is the presence of class c in image i. Source: [0] Data-Assemble,
    Fig. 7, which shows N / D.

    Args:
        occurrence (ndarray): D, int64 (C,), images with the class.
        total (ndarray): N, int64 (C,), other classes in these images.
    """

    occurrence: np.ndarray
    total: np.ndarray

    @property
    def normalised(self) -> np.ndarray:
        """ndarray: N / D, float64 (C,), NaN for a class without an image."""
        return np.where(
            self.occurrence > 0,
            self.total / np.maximum(self.occurrence, 1),
            np.nan,
        )

    @property
    def order(self) -> np.ndarray:
        """ndarray: The classes by falling N / D, absent classes last."""
        values = np.nan_to_num(self.normalised, nan=-1)
        return np.argsort(-values, kind='stable')


def count_cooccurrence(presence: np.ndarray) -> CoOccurrence:
    """Count occurrences and co-occurrences.

    Args:
        presence (ndarray): bool (N, C), which image shows which class.

    Returns:
        CoOccurrence: The counts.

    Examples:
        >>> counts = count_cooccurrence(np.array([[1, 1, 0], [1, 0, 0]]) > 0)
        >>> counts.normalised
        array([0.5, 1. , nan])
    """
    others = presence.sum(axis=1, keepdims=True) - presence
    return CoOccurrence(presence.sum(axis=0), (presence * others).sum(axis=0))


def write_cooccurrence(
    counts: CoOccurrence, classes: Sequence[str], path: str | Path
) -> None:
    """Write the counts as CSV, by falling N / D.

    Args:
        counts (CoOccurrence): The counts.
        classes (Sequence[str]): C names.
        path (str | Path): File to write. The folder is made.
    """
    import pandas as pd

    columns = {
        'class': classes,
        'occurrence': counts.occurrence,
        'co_occurrence': counts.total,
        'normalised': counts.normalised,
    }
    table = pd.DataFrame(columns).iloc[counts.order]
    with replacing(path) as part:
        table.to_csv(part, index=False, float_format='%.4f')


def draw_cooccurrence(
    counts: CoOccurrence,
    classes: Sequence[str],
    path: str | Path,
    highlight: str | None = None,
) -> None:
    """Draw a bar for each class, by falling N / D.

    Args:
        counts (CoOccurrence): The counts.
        classes (Sequence[str]): C names.
        path (str | Path): PNG to write, with a PDF of the same name.
        highlight (str, optional): Class to draw in another colour.
    """
    order = counts.order
    names = [classes[i] for i in order]
    values = np.nan_to_num(counts.normalised[order])
    figure = new_figure(5.0, 0.8 + 0.19 * len(order))
    axes = figure.subplots()
    bars = axes.barh(
        np.arange(len(order)),
        values,
        color=[COLORS[int(name == highlight)] for name in names],
    )
    labels = [
        f'{value:.2f}  ({num} images)' if num else 'no image'
        for value, num in zip(values, counts.occurrence[order], strict=True)
    ]
    axes.bar_label(bars, labels, padding=3, fontsize=SMALL)
    axes.set_yticks(np.arange(len(order)), names, fontsize=SMALL + 1)
    axes.invert_yaxis()
    axes.margins(x=0.25, y=0.02)
    axes.set_xlabel('mean number of other classes in an image with this class')
    axes.spines[['top', 'right']].set_visible(False)
    save_figure(figure, path)
