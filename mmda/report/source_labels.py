"""The labels of the sources of a config, as arrays."""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from mmengine.config import Config
from mmengine.registry import DATASETS, init_default_scope
from mmengine.utils import track_iter_progress

from mmda.datasets import (
    DatasetWrapper,
    LabelTable,
    PartialLabelDataset,
    walk_datasets,
)
from mmda.datasets.contradictions import Contradiction, find_contradictions
from mmda.datasets.tables.label_table import encode_text
from mmda.structures import (
    NO_ANNOTATED_CLASS,
    LabelConflict,
    rename_classes,
    score_of,
)
from mmda.walk import find_outermost, wraps_nothing

SPLITS = ('train', 'val', 'test')


@dataclass
class SourceLabels:
    """Labels of one source in one split.

    Attributes:
        split (str): 'train', 'val' or 'test'.
        name (str): Name of the source.
        classes (tuple[str, ...]): The joint label space, C names.
        score (ndarray): float32 (N, C), in [0, 1] or NaN where not annotated.
            For a label map, 1 where the class has a pixel and 0 where it has
            none.
        uncertain (ndarray): int64 (C,), number of labels that the source
            calls uncertain, before any policy for them.
        left_out (tuple[str, ...]): Classes of the source that are not in the
            label space.
        patients (ndarray | None): (N,), ids, or None without ids.
        paths (ndarray | None): bytes (N,), full paths, or None.
        images (Any): N images in memory, or None.
        origin (tuple): Kind and root folder of the dataset. Within one
            origin, equal patient ids are the same person.
        sampled_from (int): If only N label maps were read, the number of all
            images of the source; else 0.
        contradictions (Sequence[Contradiction]): Images that the source has
            twice with labels that differ, with classes of the label space.
        filled (ndarray | None): int64 (C,), number of entries that the rules
            of the label space have filled. None without rules.
        conflicts (Sequence[LabelConflict]): Labels that break the rules, with
            rows of ``score``.
        load (Any): The transform that loads an image, or None.
        where (Callable | None): Takes the position of an image, and says
            where its annotation stands.
    """

    split: str
    name: str
    classes: tuple[str, ...]
    score: np.ndarray
    uncertain: np.ndarray
    left_out: tuple[str, ...] = ()
    patients: np.ndarray | None = None
    paths: np.ndarray | None = None
    images: Any = None
    origin: tuple = ()
    sampled_from: int = 0
    contradictions: Sequence[Contradiction] = ()
    filled: np.ndarray | None = None
    conflicts: Sequence[LabelConflict] = ()
    load: Any = None
    where: Callable[[int], str] | None = None

    @property
    def label(self) -> str:
        """str: Split and name, for messages."""
        return f'{self.split}/{self.name}'

    @cached_property
    def counts(self) -> np.ndarray:
        """ndarray: int64 (2, C), positives (> 0.5) and annotated entries."""
        known = ~np.isnan(self.score)
        return np.array([(self.score > 0.5).sum(axis=0), known.sum(axis=0)])

    @property
    def annotated(self) -> tuple[str, ...]:
        """tuple[str, ...]: The classes that any image annotates."""
        known = self.counts[1] > 0
        return tuple(n for n, k in zip(self.classes, known, strict=True) if k)


def sources_of_config(
    cfg: Config, max_maps: int | None = None
) -> list[SourceLabels]:
    """Build the datasets of a config and read their labels.

    Args:
        cfg (Config): With any of ``train_dataloader``, ``val_dataloader`` and
            ``test_dataloader``.
        max_maps (int, optional): See :func:`sources_of_datasets`.

    Returns:
        list[SourceLabels]: One entry for each source and split.

    Raises:
        ValueError: If a dataset has no labels.
    """
    init_default_scope(cfg.get('default_scope') or 'mmpretrain')
    datasets = {}
    for split in SPLITS:
        loader = cfg.get(f'{split}_dataloader')
        if loader and loader.get('dataset') is not None:
            datasets[split] = DATASETS.build(loader['dataset'])
    return sources_of_datasets(datasets, max_maps)


def sources_of_datasets(
    datasets: Mapping[str, Any], max_maps: int | None = None
) -> list[SourceLabels]:
    """Read the labels of datasets.

    Args:
        datasets (Mapping[str, Any]): Split -> dataset. Wrappers such as
            ``ConcatDataset`` are opened.
        max_maps (int, optional): Number of label maps to read of each source.
            Defaults to None: read all.

    Returns:
        list[SourceLabels]: One entry for each source and split.

    Raises:
        ValueError: If a dataset has no labels.
    """
    found: list[SourceLabels] = []
    for split, dataset in datasets.items():
        for source in find_sources(dataset):
            labels = _read(split, source, max_maps)
            taken = [s.name for s in found if s.split == split]
            if labels.name in taken:
                labels.name = f'{labels.name} ({len(taken) + 1})'
            found.append(labels)
    return found


def find_sources(dataset: Any) -> Iterator[Any]:
    """Find the datasets inside of wrappers that change no label.

    Args:
        dataset (Any): A dataset.

    Yields:
        Any: A ``PartialLabelDataset``, another wrapper of mmda, or a dataset
        that wraps nothing.
    """
    changes_labels = (PartialLabelDataset, DatasetWrapper)
    yield from find_outermost(
        dataset,
        lambda one: isinstance(one, changes_labels) or wraps_nothing(one),
    )


def _read(split: str, dataset: Any, max_maps: int | None) -> SourceLabels:
    dataset.full_init()
    classes = tuple((dataset.metainfo or {}).get('classes') or ())
    name = getattr(dataset, 'name', type(dataset).__name__)
    if not classes:
        raise ValueError(
            f'{split} source {name} has no `classes` in its metainfo'
        )
    wrapped = isinstance(dataset, PartialLabelDataset)
    inner = dataset.dataset if wrapped else dataset
    *_, reader = walk_datasets(dataset)
    table = getattr(inner, 'data_list', None)
    if getattr(dataset, 'has_pixel_labels', False):
        labels = _from_label_maps(dataset, max_maps)
    elif isinstance(table, LabelTable):
        labels = _from_table(dataset, inner, table, len(classes))
    else:
        labels = _one_by_one(dataset, len(classes))
    if wrapped:
        names = rename_classes(
            inner.metainfo['classes'],
            dataset.aliases,
            dataset.keep_apart,
            dataset.name,
        )
        labels['left_out'] = tuple(n for n in names if n not in classes)
    origin = (type(reader).__name__, getattr(reader, 'data_root', ''))
    labels['where'] = getattr(dataset, 'where', None)
    transforms = getattr(getattr(dataset, 'pipeline', None), 'transforms', ())
    first = next(iter(transforms), None)
    if type(first).__name__.startswith('Load'):
        labels['load'] = first
    return SourceLabels(split, name, classes, origin=origin, **labels)


def _from_table(
    dataset: Any, inner: Any, table: LabelTable, num_classes: int
) -> dict:
    """Take whole columns: a dict for each image would be slow."""
    rows = np.arange(len(table))
    own = joint = np.arange(num_classes)
    found: dict[str, Any] = dict(
        score=table.gt_score.astype(np.float32, copy=False)
    )
    if dataset is not inner:
        rows, (own, joint) = dataset.selected, dataset.columns
        found = dict(score=dataset.image_labels.annotated(rows))
        found.update(_apply_rules(dataset, found['score']))
    contradictions = [
        _in_joint_space(dataset, one)
        for one in _contradicted(dataset, num_classes)
        if np.isin(one.rows, rows).any()
    ]
    uncertain = np.zeros(num_classes, dtype=np.int64)
    uncertain[joint] = _uncertain(inner, table)[rows][:, own].sum(axis=0)
    images, patients = table.img, table.patient_id
    paths = inner.full_paths()
    return dict(
        found,
        uncertain=uncertain,
        paths=None if paths is None else paths[rows],
        contradictions=contradictions,
        images=None if images is None else images[rows],
        patients=None if patients is None else patients[rows],
    )


def _apply_rules(dataset: Any, annotated: np.ndarray) -> dict:
    """Fill what the rules determine, and count it."""
    if dataset.rules is None:
        return {}
    score, conflicts = dataset.rules.fill(annotated)
    filled = (np.isnan(annotated) & ~np.isnan(score)).sum(axis=0)
    return dict(score=score, filled=filled, conflicts=conflicts)


def _contradicted(dataset: Any, num_classes: int) -> list[Contradiction]:
    if isinstance(dataset, PartialLabelDataset):
        labels = dataset.image_labels
        return [] if labels is None else labels.contradicted
    return find_contradictions(dataset, num_classes)


def _in_joint_space(dataset: Any, one: Contradiction) -> Contradiction:
    """Replace the classes of the source by classes of the label space."""
    if not isinstance(dataset, PartialLabelDataset):
        return one
    own, joint = (columns.tolist() for columns in dataset.columns)
    return one._replace(classes=[joint[own.index(i)] for i in one.classes])


def _uncertain(inner: Any, table: LabelTable) -> np.ndarray:
    """Return which labels are uncertain, bool (N, own classes)."""
    soft = (table.gt_score > 0) & (table.gt_score < 1)
    if not getattr(inner, 'uncertain', None):
        return soft
    # A policy such as 'ones' hides the uncertain labels. Read the table again
    # and keep them.
    reader = copy.copy(inner)
    reader.keep_uncertain = True
    score = reader.load_data_list().gt_score
    if score.shape != table.gt_score.shape:  # the source uses `indices`
        return soft
    return (score == -1) | ((score > 0) & (score < 1))


def _one_by_one(dataset: Any, num_classes: int) -> dict:
    """Ask a dataset of a host for each image."""
    infos = [dataset.get_data_info(index) for index in range(len(dataset))]
    scores = []
    for index, info in enumerate(infos):
        try:
            scores.append(score_of(info, num_classes))
        except ValueError as error:
            raise ValueError(
                f'{type(dataset).__name__}, image {index}: {error}'
            ) from error
    score = np.stack(scores)
    images = [info.get('img') for info in infos]
    found: dict[str, Any] = dict(score=score)
    if isinstance(dataset, PartialLabelDataset):
        assert dataset.image_labels is not None  # no label maps come here
        annotated = dataset.image_labels.annotated(dataset.selected)
        found.update(_apply_rules(dataset, annotated))
    return dict(
        found,
        contradictions=[
            _in_joint_space(dataset, one)
            for one in _contradicted(dataset, num_classes)
        ],
        uncertain=((score > 0) & (score < 1)).sum(axis=0),
        patients=_as_text([info.get('patient_id') for info in infos]),
        paths=_as_text([info.get('img_path') for info in infos]),
        images=None if any(image is None for image in images) else images,
    )


def _as_text(values: Sequence[Any]) -> np.ndarray | None:
    """Return an array of strings, or None where all values are missing."""
    if all(value is None for value in values):
        return None
    return encode_text(['' if v is None else str(v) for v in values])


def _from_label_maps(dataset: Any, max_maps: int | None) -> dict:
    """Read which classes the label maps show.

    At most ``max_maps`` maps are read, evenly spread over the source: a map
    of 1024 x 2048 pixels takes 0.03 s. Without a limit, a progress bar shows.
    """
    total = len(dataset)
    num = total if max_maps is None else min(total, max_maps)
    chosen = np.linspace(0, total - 1, num).round().astype(int).tolist()
    num_classes = len(dataset.metainfo['classes'])
    # The rules may tell a class that the source does not annotate.
    known = dataset.get_data_info(0)['annotated_classes']
    annotated = np.flatnonzero(known)
    score = np.full((num, num_classes), np.nan, dtype=np.float32)
    num_ids = num_classes + len(dataset.background_classes)
    counts = count_pixels(dataset, chosen, num_ids, NO_ANNOTATED_CLASS)
    if max_maps is None:
        counts = track_iter_progress((counts, num), file=sys.stdout)
    for row, count in enumerate(counts):
        score[row, annotated] = count[annotated] > 0
    paths = [dataset.get_data_info(i)['img_path'] for i in range(total)]
    return dict(
        score=score,
        uncertain=np.zeros(num_classes, dtype=np.int64),
        paths=encode_text(paths),
        sampled_from=total if num < total else 0,
    )


def count_pixels(
    dataset: Any, indices: Iterable[int], num_ids: int, special: int
) -> Iterator[np.ndarray]:
    """Count the pixels of each id in label maps.

    Args:
        dataset (BaseSegDataset | PartialLabelDataset): With label maps.
        indices (Iterable[int]): Positions of the images.
        num_ids (int): Ids from 0 to ``num_ids - 1`` have a meaning.
        special (int): Ids from ``special`` to 255 have a meaning, too.

    Yields:
        ndarray: int64 (256,), pixels of each id, for each image.

    Raises:
        ValueError: If a label map has another id; names the file.
    """
    from mmseg.datasets.transforms import LoadAnnotations

    load = LoadAnnotations()
    for index in indices:
        info = load(dataset.get_data_info(index))
        counts = np.bincount(info['gt_seg_map'].reshape(-1), minlength=256)
        unknown = num_ids + np.flatnonzero(counts[num_ids:special])
        if unknown.size:
            raise ValueError(
                f'{info["seg_map_path"]} has ids {unknown.tolist()}; expected '
                f'0 to {num_ids - 1}, or {special} to 255'
            )
        yield counts
