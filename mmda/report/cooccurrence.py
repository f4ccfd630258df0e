"""How often each class of a segmentation dataset meets the others."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from mmengine.dataset import BaseDataset
from mmengine.registry import DATASETS
from mmseg.datasets.transforms import LoadAnnotations

from mmda.structures import rename_classes

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


class SegmentationSource(NamedTuple):
    """A source dataset, and what its classes are called in the joint space.

    Args:
        dataset (BaseSegDataset): With an empty pipeline.
        classes (tuple[str, ...]): Joint names of all classes that it knows,
            annotated in the config or not.
    """

    dataset: BaseDataset
    classes: tuple[str, ...]


def build_sources(node: Mapping[str, Any]) -> list[SegmentationSource]:
    """Build the sources inside of wrappers.

    Args:
        node (Mapping): Config of a dataset.

    Returns:
        list[SegmentationSource]: Each source once, though several wrappers
        may use it, and with all its images, whatever part they use.

    Raises:
        ValueError: If a source has no label maps.
    """
    found: list[SegmentationSource] = []
    seen: list[tuple] = []
    for leaf, names in _leaves(node, {}):
        dataset_config = {**leaf, 'pipeline': []}
        if (dataset_config, names) in seen:
            continue
        seen.append((dataset_config, names))
        dataset = DATASETS.build(dataset_config)
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


def _leaves(
    node: Mapping[str, Any], names: dict[str, Any]
) -> Iterator[tuple[Mapping[str, Any], dict[str, Any]]]:
    """Yield each source's config, and how the wrapper renames its classes."""
    if node.get('type') == 'PartialLabelDataset':
        names = {k: node[k] for k in ('aliases', 'keep_apart') if k in node}
        if 'keep_apart' in node and 'name' in node:
            names['source'] = node['name']
    children = node['datasets'] if 'datasets' in node else node.get('dataset')
    if children is None:
        yield node, names
        return
    for child in [children] if isinstance(children, Mapping) else children:
        yield from _leaves(child, names)


def joint_presence(
    sources: Sequence[SegmentationSource],
    min_pixels: int = 1,
    progress: Callable[[], None] | None = None,
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Read all label maps of all sources.

    Args:
        sources (Sequence[SegmentationSource]): Of :func:`build_sources`.
        min_pixels (int): A class with fewer pixels counts as absent.
            Defaults to 1.
        progress (Callable, optional): Called after each image.

    Returns:
        tuple[ndarray, tuple[str, ...]]: Presence, bool (N, C), of the N
        images of all sources, False for a class that the image's source does
        not know; and the names of the C classes of all sources.

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
