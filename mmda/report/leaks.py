"""Images and patients that two sources or two splits share."""

from __future__ import annotations

import hashlib
import os
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from mmengine.utils import ProgressBar

from mmda.datasets.split_file import array_digest

from .source_labels import SourceLabels

#: Bytes of a file that are read first. They tell most images apart.
_HEAD = 4096


def leaks(sources: Sequence[SourceLabels]) -> list[str]:
    """Find images and patients that are in two splits or in two sources.

    Images are compared by path, and by content if they are in memory. Two
    spellings of one root folder give the same path. Patients are compared by
    id, within one kind of dataset. Equal ids in two root folders may be
    different people, and the warning says so.

    Args:
        sources (Sequence[SourceLabels]): Sources of all splits.

    Returns:
        list[str]: A sentence for each pair of sources and kind of leak. What
        two splits share comes first, and images come before patients.
    """
    images = _common([_real_paths(s.paths) for s in sources])
    contents = _common([_contents(s) for s in sources])
    patients = _common([s.patients for s in sources])
    origins = [_real_origin(s.origin) for s in sources]
    found = []
    for pair in combinations(range(len(sources)), 2):
        a, b = (sources[i] for i in pair)
        kinds = [
            ('image files', images),
            ('images of equal content', contents),
        ]
        (kind_a, *root_a), (kind_b, *root_b) = (origins[i] for i in pair)
        if kind_a == kind_b and (root_a == root_b or a.split != b.split):
            kind = 'patients'
            if root_a != root_b:
                kind = 'patient ids, perhaps of different people'
            kinds.append((kind, patients))
        for rank, (kind, common) in enumerate(kinds):
            if pair not in common:
                continue
            number, example = common[pair]
            if isinstance(example, bytes):
                example = os.fsdecode(example)
            text = (
                f'{a.label} and {b.label} share {kind}: {number}, '
                f'such as {example}'
            )
            found.append((a.split == b.split, rank, text))
    # The sort is stable: pairs of a kind keep the order of the config.
    return [text for *_, text in sorted(found, key=lambda one: one[:2])]


def _common(
    columns: Sequence[np.ndarray | None],
) -> dict[tuple[int, int], tuple[int, Any]]:
    """Count the values that two columns have in common, for all pairs.

    Each value gets a number once. To compare the values of each pair of 50
    sources would take half a minute.

    Args:
        columns (Sequence[ndarray | None]): Values of each source. Empty
            strings do not count.

    Returns:
        dict: (i, j) with i < j -> number of common values, at least 1, and
        the least of them.
    """
    found = {}
    given = [c for c in columns if c is not None]
    # A wrapper reads the ids of patients one by one, as text.
    given = [c.astype('S') if c.dtype.kind in 'iu' else c for c in given]
    values = [np.unique(c) for c in given]
    values = [v[v != b''] if v.dtype.kind == 'S' else v for v in values]
    places = [i for i, column in enumerate(columns) if column is not None]
    for kind in {v.dtype.kind for v in values}:
        own = [i for i, v in enumerate(values) if v.dtype.kind == kind]
        known, numbers = np.unique(
            np.concatenate([values[i] for i in own]), return_inverse=True
        )
        ends = np.cumsum([len(values[i]) for i in own])
        groups = np.split(numbers.reshape(-1), ends[:-1])
        for position, group in enumerate(groups):
            is_here = np.zeros(len(known), dtype=bool)
            is_here[group] = True
            for other in range(position + 1, len(groups)):
                both = is_here[groups[other]]
                if both.any():
                    example = known[groups[other][both.argmax()]]
                    pair = places[own[position]], places[own[other]]
                    found[pair] = int(both.sum()), example.item()
    return found


def image_keys(
    sources: Sequence[SourceLabels], by_content: bool = False
) -> np.ndarray:
    """Return a value for each image that equal images share.

    Args:
        sources (Sequence[SourceLabels]): Sources with N images together.
        by_content (bool): Whether files are compared by content. All files
            are then read. Defaults to False, by path. Images in memory are
            always compared by content.

    Returns:
        ndarray: bytes (N,), b'' for an image that cannot be compared.
    """
    keys = [np.array([], dtype='S1')]
    for source in sources:
        own = _contents(source)
        if own is None:
            own = _real_paths(source.paths)
        if own is None:
            own = np.zeros(len(source.score), dtype='S1')
        elif by_content and source.paths is not None:
            own = np.array([file_digest(p).encode() for p in source.paths])
        keys.append(own)
    return np.concatenate(keys)


def _contents(source: SourceLabels) -> np.ndarray | None:
    """Return a hash of each image in memory, or None without such images."""
    if source.images is None:
        return None
    return np.array([array_digest(image) for image in source.images])


def _real_paths(paths: np.ndarray | None) -> np.ndarray | None:
    """Resolve the folder that all paths begin with.

    Links below this folder stay: to look at every file would take minutes.
    """
    if paths is None:
        return None
    names = [os.fsdecode(path) for path in paths.tolist()]
    start = os.path.commonprefix([name for name in names if name])
    start = start[: start.rfind('/') + 1]
    if '://' in start:
        return paths
    root = os.path.realpath(start).rstrip('/')
    real = []
    for name in names:
        below = f'{root}/{name[len(start) :]}' if name else ''
        if '//' in below or '/.' in below:
            below = os.path.normpath(below)
        real.append(os.fsencode(below))
    return np.array(real)


def _real_origin(origin: tuple) -> tuple:
    kind, *roots = origin or (None,)
    return (kind, *(os.path.realpath(r) if r else r for r in roots))


def file_digest(path: str | bytes | Path) -> str:
    """Return a hash of the content of a file.

    Args:
        path (str | bytes | Path): The file.

    Returns:
        str: 32 hexadecimal digits.
    """
    digest = hashlib.blake2b(digest_size=16)
    with open(path, 'rb') as file:
        while block := file.read(2**20):
            digest.update(block)
    return digest.hexdigest()


class ContentCheck(NamedTuple):
    """Which image files are equal, and how many were compared.

    Attributes:
        warnings (list[str]): A sentence for each pair of sources.
        files (int): Number of image files of all sources.
        compared (int): Number of files that were compared.
        missing (int): Number of files that do not exist on this machine.
        seconds (float | None): The time limit, if it ended the comparison.
    """

    warnings: list[str]
    files: int
    compared: int
    missing: int
    seconds: float | None

    def __str__(self) -> str:
        """Say in one sentence what was compared; '' without files."""
        if not self.files:
            return ''
        text = f'{self.compared:,} of {self.files:,} image files compared'
        if self.missing:
            text += f', {self.missing:,} not found'
        if self.seconds is not None:
            text += (
                f'; stopped after {self.seconds:g} s: '
                'mmda label_report --hash compares all'
            )
        return text


class _TimeIsUp(Exception):
    pass


def equal_files(
    sources: Sequence[SourceLabels],
    seconds: float | None = None,
    show: bool = False,
) -> ContentCheck:
    """Find files of equal content in two splits or in two sources.

    Only files of equal size in different sources are read. Of these, only
    files with an equal beginning are read to the end. The training itself
    reports files that do not exist.

    Args:
        sources (Sequence[SourceLabels]): Sources of all splits.
        seconds (float, optional): Time limit. What was found until then is
            reported. Defaults to None: compare all files.
        show (bool): Whether to show a progress bar. Defaults to False.

    Returns:
        ContentCheck: The equal files.
    """
    owners: dict[bytes, int] = {}  # path -> a bit for each of its sources
    for number, source in enumerate(sources):
        for path in source.paths.tolist() if source.paths is not None else ():
            owners[path] = owners.get(path, 0) | 1 << number

    def split(paths: Iterable[bytes], key: Callable) -> list[list[bytes]]:
        """Group existing files by a property."""
        groups: dict[object, list[bytes]] = defaultdict(list)
        for path in paths:
            if deadline is not None and time.monotonic() > deadline:
                raise _TimeIsUp
            try:
                groups[key(path)].append(path)
            except OSError:
                pass
        return list(groups.values())

    def shared(group: Iterable[bytes]) -> bool:
        """Tell whether two sources have files of the group."""
        masks = {owners[path] for path in group}
        return len(masks) > 1 or any(mask.bit_count() > 1 for mask in masks)

    deadline = None if seconds is None else time.monotonic() + seconds
    bar = ProgressBar(len(owners), file=sys.stdout) if show else None
    pairs: dict[tuple[int, int], tuple[int, str]] = {}
    compared = missing = 0
    try:
        by_size = split(owners, os.path.getsize) if shared(owners) else []
        if by_size:
            missing = len(owners) - sum(map(len, by_size))
        suspects = [g for g in by_size if len(g) > 1 and shared(g)]
        compared = len(owners) - missing - sum(map(len, suspects))
        # The small groups first: they give most files per second.
        for group in sorted(suspects, key=len):
            for alike in split(group, _head):
                for same in split(alike, file_digest) if shared(alike) else ():
                    _add_pairs(pairs, same, owners)
            compared += len(group)
            if bar is not None:
                bar.update(compared + missing - bar.completed)
    except _TimeIsUp:
        pass
    if bar is not None:
        bar.file.write('\n')
    warnings = [
        f'{sources[a].label} and {sources[b].label} share files of equal '
        f'content: {number} pairs, such as {example}'
        for (a, b), (number, example) in sorted(pairs.items())
    ]
    stopped = compared + missing < len(owners)
    return ContentCheck(
        warnings, len(owners), compared, missing, seconds if stopped else None
    )


def _head(path: bytes) -> bytes:
    with open(path, 'rb') as file:
        return file.read(_HEAD)


def _add_pairs(
    pairs: dict[tuple[int, int], tuple[int, str]],
    same: list[bytes],
    owners: dict[bytes, int],
) -> None:
    """Count the pairs of equal files of each two sources.

    The number is computed, since thousands of blank images make millions of
    pairs.
    """
    of: dict[int, list[bytes]] = defaultdict(list)
    for path in same:
        for number in range(owners[path].bit_length()):
            if owners[path] >> number & 1:
                of[number].append(path)
    for a, b in combinations(sorted(of), 2):
        in_both = len(set(of[a]).intersection(of[b]))
        number = len(of[a]) * len(of[b]) - in_both
        if number:
            known, example = pairs.get((a, b), (0, ''))
            pairs[a, b] = known + number, example or _example(of[a], of[b])


def _example(first: list[bytes], second: list[bytes]) -> str:
    """Name two different paths, one of each list."""
    pair = next((a, b) for a in first[:2] for b in second[:2] if a != b)
    return ' and '.join(map(os.fsdecode, pair))
