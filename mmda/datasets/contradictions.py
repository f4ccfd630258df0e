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
    rows_of: dict[bytes, list[int]] = defaultdict(list)
    paths = _paths(dataset)
    if len(set(paths)) == len(paths) and not any(
        b'//' in path or b'./' in path for path in paths
    ):
        return []
    for row, path in enumerate(paths):
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


def _paths(dataset: Any) -> list[bytes]:
    table = getattr(dataset, 'data_list', None)
    if isinstance(table, LabelTable):
        return [] if table.img_path is None else table.img_path.tolist()
    paths: list[bytes] = []
    for index in range(len(dataset)):
        path = dataset.get_data_info(index).get('img_path')
        if path is None and not paths:
            return []  # images in memory
        paths.append(os.fsencode(path or ''))
    return paths


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
