"""The labels behind the dataloaders of a config, as arrays."""

from __future__ import annotations

import copy
import hashlib
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from mmengine.config import Config
from mmengine.registry import DATASETS, init_default_scope
from mmengine.utils import ProgressBar
from mmseg.datasets.transforms import LoadAnnotations

from mmda.datasets import DatasetWrapper, LabelTable, PartialLabelDataset
from mmda.datasets.tables.label_table import encode_text
from mmda.structures import NO_ANNOTATED_CLASS, label_to_score, rename_classes

SPLITS = ('train', 'val', 'test')


@dataclass
class SourceLabels:
    """Labels of one source in one split.

    Attributes:
        split (str): 'train', 'val' or 'test'.
        name (str): Of the source.
        classes (tuple[str, ...]): The joint label space, C names.
        score (ndarray): float32 (N, C), NaN where not annotated; of a label
            map 1 where the class has a pixel.
        uncertain (ndarray): int64 (C,), labels that the source calls
            uncertain, whatever the policy made of them.
        left_out (tuple[str, ...]): Classes of the source that the label space
            does not have.
        patients (ndarray | None): (N,), ids; None where there are none.
        paths (ndarray | None): (N,), full paths.
        images (Any): Images that are held in memory, N of them, or None.
        origin (tuple): Where patient ids mean the same people: kind of
            dataset and its root.
        sampled_from (int): Images of a source of which N label maps were read
            and not all; 0 where all were.
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

    @property
    def label(self) -> str:
        """str: Split and name, for messages."""
        return f'{self.split}/{self.name}'

    def hashes(self) -> np.ndarray | None:
        """Return the content hashes of images that are held in memory.

        Returns:
            ndarray | None: (N,), dtype ``S``.
        """
        if self.images is None:
            return None
        return np.array([hash_array(image) for image in self.images])


def hash_array(image: np.ndarray) -> bytes:
    """Return a hash of an image's shape and pixels.

    Args:
        image (ndarray): The image.

    Returns:
        bytes: 32 hexadecimal digits.

    Examples:
        >>> one, two = np.zeros((2, 2)), np.zeros((4, 1))
        >>> hash_array(one) == hash_array(one.copy()), \
hash_array(one) == hash_array(two)
        (True, False)
    """
    digest = hashlib.blake2b(repr(image.shape).encode(), digest_size=16)
    digest.update(np.ascontiguousarray(image).tobytes())
    return digest.hexdigest().encode()


def sources_of_config(
    cfg: Config, max_maps: int | None = None
) -> list[SourceLabels]:
    """Build the datasets of a config and read their labels.

    Args:
        cfg (Config): With ``train_dataloader`` and so on, where they exist.
        max_maps (int, optional): See :func:`sources_of_datasets`.

    Returns:
        list[SourceLabels]: Of all splits.

    Raises:
        ValueError: If a dataset has no image labels.
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
        datasets (Mapping[str, Any]): Split -> dataset, possibly nested in
            wrappers such as ``ConcatDataset``.
        max_maps (int, optional): Of the label maps of a source, read so many.
            Defaults to None: all.

    Returns:
        list[SourceLabels]: One per source and split.

    Raises:
        ValueError: If a dataset has no image labels.
    """
    found: list[SourceLabels] = []
    for split, dataset in datasets.items():
        for leaf in leaves(dataset):
            labels = _read(split, leaf, max_maps)
            taken = [s.name for s in found if s.split == split]
            if labels.name in taken:
                labels.name = f'{labels.name} ({len(taken) + 1})'
            found.append(labels)
    return found


def leaves(dataset: Any) -> Iterator[Any]:
    """Find the sources inside of wrappers.

    Args:
        dataset (Any): A dataset.

    Yields:
        Any: Datasets with labels of their own.
    """
    if isinstance(dataset, (PartialLabelDataset, DatasetWrapper)):
        yield dataset
    elif hasattr(dataset, 'datasets'):
        for part in dataset.datasets:
            yield from leaves(part)
    elif hasattr(dataset, 'dataset'):
        yield from leaves(dataset.dataset)
    else:
        yield dataset


def _read(
    split: str, dataset: Any, max_maps: int | None = None
) -> SourceLabels:
    dataset.full_init()
    classes = (dataset.metainfo or {}).get('classes')
    name = getattr(dataset, 'name', type(dataset).__name__)
    if not classes:
        raise ValueError(f'{split} source {name} has no `classes`')
    inner = dataset
    if isinstance(dataset, PartialLabelDataset):
        inner = dataset.dataset
    reader = inner
    while isinstance(reader, (PartialLabelDataset, DatasetWrapper)):
        reader = reader.dataset
    table = getattr(inner, 'data_list', None)
    if getattr(dataset, 'has_pixel_labels', False):
        # mmseg is not needed where there are none.
        labels = read_presence(dataset, max_maps)
    elif isinstance(table, LabelTable):
        labels = _from_table(dataset, inner, table, tuple(classes))
    else:
        labels = _one_by_one(dataset, tuple(classes))
    return SourceLabels(
        split,
        name,
        tuple(classes),
        left_out=_left_out(dataset, inner),
        origin=(type(reader).__name__, getattr(reader, 'data_root', '')),
        **labels,
    )


def _from_table(
    dataset: Any, inner: Any, table: LabelTable, classes: tuple[str, ...]
) -> dict:
    """Take the columns as they are: no dict per image."""
    rows = np.arange(len(table))
    own = joint = np.arange(len(classes))
    if dataset is not inner:
        rows, (own, joint) = dataset.selected, dataset.columns
    score = np.full((len(rows), len(classes)), np.nan, dtype=np.float32)
    score[:, joint] = table.gt_score[rows][:, own]
    uncertain = np.zeros(len(classes), dtype=np.int64)
    uncertain[joint] = _uncertain(inner, table)[rows][:, own].sum(axis=0)
    paths, images, patients = table.img_path, table.img, table.patient_id
    if paths is not None:
        prefix = (getattr(inner, 'img_prefix', '') or '').rstrip('/')
        paths = np.strings.add(
            f'{prefix}/'.encode() if prefix else b'', paths[rows]
        )
    return dict(
        score=score,
        uncertain=uncertain,
        paths=paths,
        images=None if images is None else images[rows],
        patients=None if patients is None else patients[rows],
    )


def _uncertain(inner: Any, table: LabelTable) -> np.ndarray:
    """Return which labels are uncertain, bool (N, own classes)."""
    soft = (table.gt_score > 0) & (table.gt_score < 1)
    policies = getattr(inner, 'uncertain', None)
    if not isinstance(policies, Mapping):
        return soft
    # A hard policy leaves no trace: read once more with a soft one.
    reader = copy.copy(inner)
    reader.uncertain = dict.fromkeys(policies, 'lsr_ones')
    score = reader.load_data_list().gt_score
    if score.shape != table.gt_score.shape:  # the source uses `indices`
        return soft
    return (score > 0.5) & (score < 1)


def _one_by_one(dataset: Any, classes: tuple[str, ...]) -> dict:
    """Ask for every image: any dataset of the hosts."""
    scores, patients, paths, images = [], [], [], []
    for index in range(len(dataset)):
        info = dataset.get_data_info(index)
        if info.get('gt_score') is None and info.get('gt_label') is None:
            raise ValueError(
                f'{type(dataset).__name__}, image {index}: neither `gt_score` '
                'nor `gt_label`'
            )
        score = info.get('gt_score')
        if score is None:
            score = label_to_score(info['gt_label'], len(classes))
        scores.append(np.asarray(score, dtype=np.float32))
        patients.append(info.get('patient_id'))
        paths.append(info.get('img_path'))
        images.append(info.get('img'))
    score = np.stack(scores)
    soft = (score > 0) & (score < 1)
    return dict(
        score=score,
        uncertain=soft.sum(axis=0),
        patients=_complete(patients),
        paths=_complete(paths),
        images=None if any(image is None for image in images) else images,
    )


def _complete(values: Sequence[Any]) -> np.ndarray | None:
    """Return an array of strings, None where all are missing."""
    if all(value is None for value in values):
        return None
    return encode_text(['' if v is None else str(v) for v in values])


def _left_out(dataset: Any, inner: Any) -> tuple[str, ...]:
    if dataset is inner:
        return ()
    names = rename_classes(
        inner.metainfo['classes'],
        dataset.aliases,
        dataset.keep_apart,
        dataset.name,
    )
    return tuple(n for n in names if n not in dataset.label_space)


def read_presence(
    dataset: PartialLabelDataset, max_maps: int | None = None
) -> dict:
    """Read the label maps of a source.

    Args:
        dataset (PartialLabelDataset): With pixel labels; N images.
        max_maps (int, optional): Read so many, evenly spread; each takes some
            0.03 s at 1024 x 2048. Defaults to None: all, with a progress bar.

    Returns:
        dict: ``score``, float32 (n, C): 1 where an annotated class has a
        pixel, 0 where it has none, NaN where the class is not annotated;
        ``paths``, (N,), of all images; ``uncertain``, zeros (C,); and
        ``sampled_from``, N if not all were read, else 0.

    Raises:
        ValueError: If a label map has an id that the source has no class for.
    """
    total = len(dataset)
    num = total if max_maps is None else min(total, max_maps)
    chosen = np.linspace(0, total - 1, num).round().astype(int)
    num_classes = len(dataset.metainfo['classes'])
    num_codes = num_classes + len(dataset.background_classes)
    annotated = dataset.columns[1]
    load = LoadAnnotations()
    score = np.full((num, num_classes), np.nan, dtype=np.float32)
    bar = ProgressBar(num, file=sys.stdout) if max_maps is None else None
    for row, index in enumerate(chosen.tolist()):
        info = load(dataset.get_data_info(index))
        found = np.bincount(info['gt_seg_map'].reshape(-1), minlength=256) > 0
        # Between the classes and "no annotated class" nothing is defined.
        if found[num_codes:NO_ANNOTATED_CLASS].any():
            raise ValueError(
                f'annotation {info["seg_map_path"]} of {dataset.name} has an '
                'id that is none of the classes of this source'
            )
        score[row, annotated] = found[annotated]
        if bar is not None:
            bar.update()
    if bar is not None:
        bar.file.write('\n')
    paths = [dataset.get_data_info(i)['img_path'] for i in range(total)]
    return dict(
        score=score,
        uncertain=np.zeros(num_classes, dtype=np.int64),
        paths=encode_text(paths),
        sampled_from=total if num < total else 0,
    )
