"""The source datasets of a segmentation config, with all their classes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from mmengine.dataset import BaseDataset
from mmengine.registry import DATASETS

from mmda.structures import rename_classes

from .cooccurrence import find_presence


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
