"""Images of equal content in different files."""

from __future__ import annotations

import hashlib
import itertools
import os
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from mmengine.utils import ProgressBar

from .source_labels import SourceLabels

#: Read of a file before all of it: enough to tell most images apart.
_HEAD = 4096
#: Files between two looks at the clock and steps of the progress bar.
_STEP = 256


class ContentCheck(NamedTuple):
    """Which files are equal, and how many have been compared.

    Attributes:
        warnings (list[str]): One sentence per pair of sources.
        files (int): Image files of all sources.
        compared (int): Those compared with every other of equal size.
        missing (int): Those that are not there (or not local).
        seconds (float | None): Where the time was up: the limit.
    """

    warnings: list[str]
    files: int
    compared: int
    missing: int
    seconds: float | None

    def __str__(self) -> str:
        """Say what was compared, in one sentence; '' without files."""
        if not self.files:
            return ''
        text = f'{self.compared:,} of {self.files:,} image files compared'
        if self.missing:
            text += f', {self.missing:,} are not there'
        if self.seconds is not None:
            text += (
                f'; stopped after {self.seconds:g} s: '
                'tools/analysis_tools/label_report.py --hash compares all'
            )
        return text


class _TimeIsUp(Exception):
    pass


class _Watch:
    """Counts files, shows how many are done, and looks at the clock."""

    def __init__(self, deadline: float | None, total: int, show: bool) -> None:
        self.deadline = deadline
        self.done = 0
        self.bar = ProgressBar(total, file=sys.stdout) if show else None
        self.total = total

    def step(self) -> None:
        self.done += 1
        if self.done % _STEP and self.done != self.total:
            return
        if self.bar is not None:
            self.bar.update(self.done - self.bar.completed)
            if self.done == self.total:
                self.bar.file.write('\n')
        if self.deadline is not None and time.monotonic() > self.deadline:
            raise _TimeIsUp


def equal_files(
    sources: Sequence[SourceLabels],
    seconds: float | None = None,
    show: bool = False,
) -> ContentCheck:
    """Point out files of equal content in two splits or two sources.

    Only files of equal size in different sources are read, and to the end
    only those that begin alike.

    Args:
        sources (Sequence[SourceLabels]): Of all splits.
        seconds (float, optional): Stop then; what was found counts. Defaults
            to None: compare all.
        show (bool): Whether to show progress. Defaults to False.

    Returns:
        ContentCheck: Files that are not there are left to the training to
        complain about.
    """
    owners: dict[bytes, int] = {}  # path -> bits of its sources
    for number, source in enumerate(sources):
        for path in source.paths.tolist() if source.paths is not None else ():
            owners[path] = owners.get(path, 0) | 1 << number
    deadline = None if seconds is None else time.monotonic() + seconds
    counts: dict[tuple[int, int], int] = defaultdict(int)
    examples: dict[tuple[int, int], tuple[bytes, bytes]] = {}
    compared = missing = 0
    stopped = False
    try:
        by_size = _group_by_size(owners, _Watch(deadline, len(owners), show))
        missing = len(owners) - sum(map(len, by_size))
        suspects = [g for g in by_size if _several_owners(g, owners)]
        compared = len(owners) - missing - sum(map(len, suspects))
        watch = _Watch(
            deadline, sum(map(len, suspects)), show and bool(suspects)
        )
        # The small groups first: most files per second.
        for group in sorted(suspects, key=len):
            for paths in _equal_groups(group, owners, watch):
                for pair, number, example in _pairs(paths, owners):
                    counts[pair] += number
                    examples.setdefault(pair, example)
            compared += len(group)
    except _TimeIsUp:
        stopped = compared + missing < len(owners)
    warnings = [
        f'{sources[a].label} and {sources[b].label} have {number} pairs '
        f'of equal files, such as {os.fsdecode(examples[a, b][0])} and '
        f'{os.fsdecode(examples[a, b][1])}'
        for (a, b), number in sorted(counts.items())
    ]
    return ContentCheck(
        warnings, len(owners), compared, missing, seconds if stopped else None
    )


def file_digest(path: str | bytes | Path) -> str:
    """Return a hash of a file's content.

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


def _group_by_size(
    owners: dict[bytes, int], watch: _Watch
) -> list[list[bytes]]:
    groups: dict[int, list[bytes]] = defaultdict(list)
    if len({*owners.values()}) < 2:  # one source: nothing to compare with
        return [list(owners)]
    for path in owners:
        try:
            groups[os.stat(path).st_size].append(path)
        except OSError:
            pass
        watch.step()
    return list(groups.values())


def _several_owners(group: list[bytes], owners: dict[bytes, int]) -> bool:
    masks = {owners[path] for path in group}
    return len(group) > 1 and (len(masks) > 1 or max(masks).bit_count() > 1)


def _equal_groups(
    group: list[bytes], owners: dict[bytes, int], watch: _Watch
) -> Iterator[list[bytes]]:
    by_head: dict[bytes, list[bytes]] = defaultdict(list)
    for path in group:
        with open(path, 'rb') as file:
            by_head[file.read(_HEAD)].append(path)
        watch.step()
    for alike in by_head.values():
        if not _several_owners(alike, owners):
            continue
        by_content: dict[str, list[bytes]] = defaultdict(list)
        for path in alike:
            by_content[file_digest(path)].append(path)
        yield from by_content.values()


def _pairs(
    paths: list[bytes], owners: dict[bytes, int]
) -> Iterator[tuple[tuple[int, int], int, tuple[bytes, bytes]]]:
    """Count the pairs of equal files of each two sources, with an example.

    By arithmetic: thousands of blank images make millions of pairs.
    """
    of: dict[int, list[bytes]] = defaultdict(list)
    for path in paths:
        for number in range(owners[path].bit_length()):
            if owners[path] >> number & 1:
                of[number].append(path)
    for a, b in itertools.combinations(sorted(of), 2):
        same = len(set(of[a]).intersection(of[b]))
        number = len(of[a]) * len(of[b]) - same
        if number:
            yield (a, b), number, _example(of[a], of[b])


def _example(first: list[bytes], second: list[bytes]) -> tuple[bytes, bytes]:
    """Return a path of each list, not twice the same."""
    return next((a, b) for a in first[:2] for b in second[:2] if a != b)


def leaks(sources: Sequence[SourceLabels]) -> list[str]:
    """Point out images and patients in two splits or two sources.

    Images are compared by path, however its root is spelt, and by content
    where they are in memory; patients by id, within one dataset. Ids that are
    equal in two roots of one kind of dataset may be other people.

    Args:
        sources (Sequence[SourceLabels]): Of all splits.

    Returns:
        list[str]: One sentence per pair and kind.
    """
    hashes = {id(source): source.hashes() for source in sources}
    paths = {id(source): _real_paths(source.paths) for source in sources}
    found = []
    for a, b in itertools.combinations(sources, 2):
        places = f'{a.label} and {b.label}'
        kinds = [
            ('images, by path', paths[id(a)], paths[id(b)]),
            ('images, by content', hashes[id(a)], hashes[id(b)]),
        ]
        kind_a, *root_a = _real_origin(a.origin)
        kind_b, *root_b = _real_origin(b.origin)
        if kind_a == kind_b:
            kind = 'patients'
            if root_a != root_b:
                kind = 'patient ids, which may be other people,'
            if root_a == root_b or a.split != b.split:
                kinds.append((kind, a.patients, b.patients))
        for kind, of_a, of_b in kinds:
            if of_a is None or of_b is None:
                continue
            common = np.intersect1d(of_a, of_b).tolist()
            common = [value for value in common if value != b'']
            if common:
                example = common[0]
                if isinstance(example, bytes):
                    example = example.decode()
                found.append(
                    f'{places} have {len(common)} {kind} in common, such as '
                    f'{example}'
                )
    return found


def _real_paths(paths: np.ndarray | None) -> np.ndarray | None:
    """Spell the folder that all paths begin with in the one real way.

    Links below it are left alone: a look at every file would take minutes.
    """
    if paths is None:
        return None
    names = [os.fsdecode(path) for path in paths.tolist()]
    start = os.path.commonprefix([name for name in names if name])
    start = start[: start.rfind('/') + 1]
    if '://' in start:
        return paths
    root = os.path.realpath(start).rstrip('/')
    real = [
        os.path.normpath(f'{root}/{name[len(start) :]}') if name else ''
        for name in names
    ]
    return np.array([os.fsencode(name) for name in real])


def _real_origin(origin: tuple) -> tuple:
    kind, *roots = origin or (None,)
    return (kind, *(os.path.realpath(r) if r else r for r in roots))
