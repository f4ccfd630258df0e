"""Find images that a source has twice, with labels that differ."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from mmda.structures import score_of

from .tables.label_table import LabelTable

#: Images that a message names.
_NAMED = 3
#: Paths that are compared at a time.
_CHUNK = 2**16


class Contradiction(NamedTuple):
    """An image with labels that differ.

    Attributes:
        image (str): Its path, as the source spells it first.
        rows (list[int]): Its positions in the source, two or more.
        classes (list[int]): Classes that are positive in one of these rows
            and negative in another.
    """

    image: str
    rows: list[int]
    classes: list[int]


def find_contradictions(dataset: Any, num_classes: int) -> list[Contradiction]:
    """Find the images of a source that have labels that differ.

    Images are compared by path. Images in memory have no path, and are not
    compared. A label above 0.5 is positive, any other one is negative. So two
    smoothed labels of one image, such as 0.6 and 0.7, do not differ.

    Args:
        dataset (BaseDataset): A source that has been read, with image labels.
        num_classes (int): Number of its classes.

    Returns:
        list[Contradiction]: In the order of the source.

    Raises:
        ValueError: If the labels of an image that occurs twice are wrong.
    """
    paths = _paths(dataset)
    if not _may_repeat(paths):
        return []
    rows_of: dict[bytes, list[int]] = defaultdict(list)
    for row, path in enumerate(paths.tolist()):
        if path:
            rows_of[os.path.normpath(path)].append(row)
    found = []
    for rows in rows_of.values():
        if len(rows) == 1:
            continue
        score = np.stack([_score(dataset, row, num_classes) for row in rows])
        # NaN > 0.5 and NaN <= 0.5 are False
        both = (score > 0.5).any(axis=0) & (score <= 0.5).any(axis=0)
        if both.any():
            image = os.fsdecode(paths[rows[0]])
            columns = np.flatnonzero(both).tolist()
            found.append(Contradiction(image, rows, columns))
    return found


def _may_repeat(paths: np.ndarray) -> bool:
    """Tell whether two of N paths may name one image."""
    hashes = np.empty(len(paths), dtype=np.int64)
    # Objects of Python for all paths would take five times their memory.
    for start in range(0, len(paths), _CHUNK):
        part = paths[start : start + _CHUNK].tolist()
        if any(b'//' in path or b'./' in path for path in part):
            return True
        hashes[start : start + len(part)] = [hash(path) for path in part]
    hashes.sort()
    return bool((hashes[1:] == hashes[:-1]).any())


def _paths(dataset: Any) -> np.ndarray:
    """Return the paths of N images, (N,), or (0,) for images in memory."""
    table = getattr(dataset, 'data_list', None)
    paths: list[bytes] = []
    if isinstance(table, LabelTable):
        return np.array(paths) if table.img_path is None else table.img_path
    for index in range(len(dataset)):
        path = dataset.get_data_info(index).get('img_path')
        if path is None and not paths:
            break  # images in memory
        paths.append(os.fsencode(path or ''))
    return np.array(paths, dtype=object)


def _score(dataset: Any, row: int, num_classes: int) -> np.ndarray:
    table = getattr(dataset, 'data_list', None)
    if isinstance(table, LabelTable):
        return table.gt_score[row]
    return np.asarray(score_of(dataset.get_data_info(row), num_classes))


def describe(found: Sequence[Contradiction], classes: Sequence[str]) -> str:
    """Say which images have labels that differ.

    Args:
        found (Sequence[Contradiction]): At least one.
        classes (Sequence[str]): The classes that the numbers stand for.

    Returns:
        str: The start of a sentence.

    Examples:
        >>> describe([Contradiction('a.png', [0, 4], [1])], ['Edema', 'Mass'])
        '1 image occurs twice with labels that differ: a.png (Mass)'
    """
    named = '; '.join(
        f'{one.image} ({", ".join(classes[i] for i in one.classes)})'
        for one in found[:_NAMED]
    )
    what = (
        '1 image occurs' if len(found) == 1 else f'{len(found)} images occur'
    )
    more = len(found) - _NAMED
    return f'{what} twice with labels that differ: {named}' + (
        f' and {more} more' if more > 0 else ''
    )
