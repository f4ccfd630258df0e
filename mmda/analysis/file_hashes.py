"""Images of equal content in different files."""

from __future__ import annotations

import hashlib
import os
from collections import defaultdict
from collections.abc import Callable, Sequence

from .source_labels import SourceLabels


def equal_files(
    sources: Sequence[SourceLabels],
    progress: Callable[[], object] | None = None,
) -> list[str]:
    """Point out files of equal content in two splits or two sources.

    Only files of equal size are read.

    Args:
        sources (Sequence[SourceLabels]): Of all splits.
        progress (Callable, optional): Called after each file.

    Returns:
        list[str]: One sentence per pair of sources. Files that are not there
        are left to the training to complain about.
    """
    owners: dict[str, set[int]] = defaultdict(set)
    for number, source in enumerate(sources):
        for path in source.paths if source.paths is not None else ():
            owners[os.fsdecode(path)].add(number)
    by_size: dict[int, list[str]] = defaultdict(list)
    for path in owners:
        if os.path.isfile(path):
            by_size[os.path.getsize(path)].append(path)
        if progress is not None:
            progress()
    by_content: dict[bytes, list[str]] = defaultdict(list)
    for group in by_size.values():
        for path in group if len(group) > 1 else ():
            by_content[_hash_file(path)].append(path)
    shared: dict[tuple[int, int], list[tuple[str, str]]] = defaultdict(list)
    for paths in by_content.values():
        for i, first in enumerate(paths):
            for second in paths[i + 1 :]:
                for a in owners[first]:
                    for b in owners[second] - {a}:
                        pair = (first, second) if a < b else (second, first)
                        shared[min(a, b), max(a, b)].append(pair)
    return [
        f'{sources[a].label} and {sources[b].label} have {len(pairs)} pairs '
        f'of equal files, such as {pairs[0][0]} and {pairs[0][1]}'
        for (a, b), pairs in sorted(shared.items())
    ]


def _hash_file(path: str) -> bytes:
    with open(path, 'rb') as file:
        return hashlib.blake2b(file.read()).digest()
