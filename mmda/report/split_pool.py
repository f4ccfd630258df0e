"""The images that a split divides, and the groups that stay whole."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import numpy as np
from scipy.cluster.hierarchy import DisjointSet

from mmda.datasets.split_file import fingerprint, image_names

from .source_labels import SourceLabels


@dataclass
class Pool:
    """N images of several sources, in G groups that stay whole.

    A group is a patient, or an image where the source has no patients. Equal
    patients of one kind of dataset and one root folder are one group, as are
    equal images. So a group has several patients if two tables list one image
    and give it different ids.

    Attributes:
        sources (list[str]): Names, one for each table.
        classes (tuple[str, ...]): C names, of all sources.
        source (ndarray): int (N,), source of each image.
        names (list[str]): N images, from
            :func:`~mmda.datasets.split_file.image_names`.
        patients (list[str]): N ids; '' where the source has no patients.
        group (ndarray): int (N,).
        score (ndarray): float32 (N, C), NaN where not annotated.
    """

    sources: list[str]
    classes: tuple[str, ...]
    source: np.ndarray
    names: list[str]
    patients: list[str]
    group: np.ndarray
    score: np.ndarray

    @property
    def num_groups(self) -> int:
        """int: G."""
        return int(self.group.max()) + 1

    def noun(self, number: int) -> str:
        """Say what a group is.

        Args:
            number (int): How many.

        Returns:
            str: Such as 'patients'.
        """
        noun = 'patient' if any(self.patients) else 'image'
        return noun if number == 1 else f'{noun}s'

    def per_group(self, values: np.ndarray) -> np.ndarray:
        """Add up the values of the images of each group.

        Args:
            values (ndarray): (N, K).

        Returns:
            ndarray: float64 (G, K).
        """
        total = np.zeros((self.num_groups, values.shape[1]))
        np.add.at(total, self.group, values)
        return total

    def without_patients(self) -> list[str]:
        """Find the sources whose images are divided one by one.

        Returns:
            list[str]: Their names.
        """
        known = np.array([bool(patient) for patient in self.patients])
        return [
            name
            for index, name in enumerate(self.sources)
            if not known[self.source == index].any()
        ]

    def counts(self) -> np.ndarray:
        """Count what each part should have its share of.

        Returns:
            ndarray: float64 (G, 2 C + S): positives and annotated entries of
            each class, and images of each source.
        """
        known = ~np.isnan(self.score)
        images = self.source[:, None] == np.arange(len(self.sources))
        return self.per_group(np.hstack([self.score > 0.5, known, images]))


def pool_sources(labels: Sequence[SourceLabels]) -> Pool:
    """Put the images of sources together.

    Sources with the same images count once. Where one does not annotate a
    class, the labels of the next are taken.

    Args:
        labels (Sequence[SourceLabels]): At least one.

    Returns:
        Pool: The images.

    Raises:
        ValueError: If a source has patients, but not for every image.
    """
    classes = tuple(dict.fromkeys(c for one in labels for c in one.classes))
    tables: dict[tuple, dict[str, Any]] = {}
    for one in labels:
        names = image_names(one.paths, one.images)
        score = np.full((len(names), len(classes)), np.nan, dtype=np.float32)
        score[:, [classes.index(name) for name in one.classes]] = one.score
        table = tables.setdefault(
            _identity(one, names), dict(images=names, score=score, labels=[])
        )
        table['labels'].append(one)
        old = table['score']
        table['score'] = np.where(np.isnan(old), score, old)
    keys: list[list[tuple]] = []
    patients: list[str] = []
    for table in tables.values():
        images = table['images']
        ids = [_patients(one, images) for one in table['labels']]
        patients += next(filter(None, ids), [''] * len(images))
        own = map(_group_keys, table['labels'], repeat(images), ids)
        keys += [[*chain(*each)] for each in zip(*own, strict=True)]
    sizes = [len(table['images']) for table in tables.values()]
    return Pool(
        sources=_titles(tables.values()),
        classes=classes,
        source=np.repeat(np.arange(len(sizes)), sizes),
        names=[name for t in tables.values() for name in t['images']],
        patients=patients,
        group=_join(keys),
        score=np.concatenate([t['score'] for t in tables.values()]),
    )


def _identity(labels: SourceLabels, names: Sequence[str]) -> tuple:
    """Tell sources apart, also those with equal names in other folders."""
    ends = [] if labels.paths is None else labels.paths[[0, -1]].tolist()
    return fingerprint(names), *map(os.path.realpath, ends)


def _titles(tables: Iterable[dict[str, Any]]) -> list[str]:
    """Name the sources; no two names are equal."""
    found: list[str] = []
    for table in tables:
        title = ', '.join(dict.fromkeys(one.name for one in table['labels']))
        same = [title, *(f'{title} ({n})' for n in range(2, len(found) + 3))]
        found.append(next(name for name in same if name not in found))
    return found


def _patients(labels: SourceLabels, names: Sequence[str]) -> list[str]:
    """Return the patients as text, empty for a source without patients."""
    if labels.patients is None:
        return []
    ids = [
        os.fsdecode(p) if isinstance(p, bytes) else str(p)
        for p in labels.patients.tolist()
    ]
    if any(ids) and not all(ids):
        raise ValueError(
            f'{labels.name}: image {names[ids.index("")]} has no patient. '
            'Expected one for every image, or for none'
        )
    return ids if any(ids) else []


def _group_keys(
    labels: SourceLabels, names: Sequence[str], ids: Sequence[str]
) -> list[list[tuple]]:
    """Return the keys of each image: images that share one stay together."""
    if labels.paths is None:
        keys = [[(name,)] for name in names]
    else:
        real = functools.cache(os.path.realpath)  # few folders, many images
        paths = map(os.fsdecode, labels.paths.tolist())
        keys = [
            [(os.path.join(real(folder), name),)]
            for folder, name in map(os.path.split, paths)
        ]
    kind, *roots = labels.origin or (labels.name,)
    roots = [os.path.realpath(root) if root else root for root in roots]
    for own, patient in zip(keys, ids, strict=False):  # no ids: no patients
        own.append((kind, *roots, patient))
    return keys


def _join(keys: Sequence[Sequence[tuple]]) -> np.ndarray:
    """Number the groups of rows that share a key, in order of appearance."""
    joined = DisjointSet(key for own in keys for key in own)
    for first, *others in keys:
        for other in others:
            joined.merge(first, other)
    found: dict[tuple, int] = {}
    roots = (joined[own[0]] for own in keys)
    return np.array([found.setdefault(root, len(found)) for root in roots])


def read_known(
    pool: Pool, lists: Mapping[str, str | Path]
) -> tuple[dict[str, np.ndarray], list[str]]:
    """Find the groups that lists put into parts.

    Args:
        pool (Pool): The images.
        lists (Mapping[str, str | Path]): Part -> text file. A line is an
            image (its path below the folder of the images, or its file name)
            or a patient.

    Returns:
        tuple[dict[str, ndarray], list[str]]: Part -> int groups; and
        sentences about what the lists leave open.

    Raises:
        FileNotFoundError: If a list is missing.
        ValueError: If a list names no image, or if a patient is in two lists.
    """
    known: dict[str, np.ndarray] = {}
    notes = []
    # The list that put a group into a part, and an image of the group.
    owner: dict[int, tuple[str, str]] = {}
    for part, path in lists.items():
        listed, lost = _find_listed(pool, str(path))
        if lost:
            notes.append(
                f'{path}: {len(lost):,} lines name no image and no patient, '
                f'such as {min(lost)!r}'
            )
        for index in np.flatnonzero(listed).tolist():
            name, who = pool.names[index], pool.patients[index]
            key = int(pool.group[index])
            first_path, first = owner.setdefault(key, (str(path), name))
            if first_path != str(path):
                raise ValueError(
                    f'{f"patient {who}" if who else "an image"} is in two '
                    f'lists: {first} in {first_path}, {name} in {path}'
                )
        known[part] = np.unique(pool.group[listed])
        more = int(np.isin(pool.group, known[part]).sum() - listed.sum())
        if more:
            notes.append(
                f'{more:,} images are not in {path}, but go to {part!r} with '
                'their patients'
            )
    return known, notes


def _find_listed(pool: Pool, path: str) -> tuple[np.ndarray, set[str]]:
    """Return the bool mask (N,) of a list, and its lines that name nothing."""
    lines = Path(path).read_text('utf-8-sig').splitlines()
    wanted = {line.strip() for line in lines} - {''}
    files = [name.rpartition('/')[2] for name in pool.names]
    spellings = list(zip(pool.names, files, pool.patients, strict=True))
    listed = np.array([not wanted.isdisjoint(words) for words in spellings])
    if not listed.any():
        raise ValueError(
            f'{path}: no image and no patient of {", ".join(pool.sources)} '
            f'is in this list; found {min(wanted, default="")!r}, expected '
            f'such as {pool.names[0]!r}'
        )
    return listed, wanted.difference(*spellings)
