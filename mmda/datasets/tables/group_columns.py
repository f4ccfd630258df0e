"""Read the columns of a table that say to which group an image belongs."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from mmengine.logging import print_log

from .label_cells import check_cells, place
from .label_table import encode_text

if TYPE_CHECKING:
    import pandas as pd

#: A column with more values is no column of groups, such as an age.
MAX_VALUES = 20
# Parts of the keys of a metric, where the name of a group would stand.
_RESERVED = ('gap', 'num_images', '')


class _Group(NamedTuple):
    column: str
    bands: tuple[float, ...] = ()


class GroupColumns:
    """Groups of images, such as sex, age or view, from columns of a table.

    Args:
        groups (Mapping): Name of a grouping -> its column; or ->
            ``dict(column=..., bands=[0, 40, 60, 120])`` for a column of
            numbers. A band holds its lower end, not its upper end: 40 is in
            ``'[40, 60)'``. An image with an empty cell, or with a number
            outside of the bands, is in no group.
        where (str): Name of the dataset, for messages.

    Raises:
        ValueError: If a name is reserved, or if the bands are not two or more
            numbers in rising order.

    Examples:
        >>> groups = dict(sex='Sex', age=dict(column='Age', bands=[0, 40, 99]))
        >>> GroupColumns(groups, 'CSVLabelDataset').columns
        ('Sex', 'Age')
    """

    def __init__(self, groups: Mapping[str, Any], where: str) -> None:
        self._groups: dict[str, _Group] = {}
        if not isinstance(groups, Mapping):
            raise ValueError(
                f'groups of {where}: found {groups!r}, expected a dict such '
                "as dict(sex='Sex')"
            )
        for name, given in groups.items():
            place_of = f'groups[{name!r}] of {where}'
            if name in _RESERVED:
                raise ValueError(
                    f'{place_of}: metrics use this name, expected another one'
                )
            self._groups[name] = _read(given, place_of)

    @property
    def columns(self) -> tuple[str, ...]:
        """tuple[str, ...]: Columns to read as text, each once."""
        columns = [group.column for group in self._groups.values()]
        return tuple(dict.fromkeys(columns))

    def parse(self, path: str, frame: pd.DataFrame) -> dict[str, np.ndarray]:
        """Find the groups of a chunk of the table.

        Args:
            path (str): The table, for messages.
            frame (DataFrame): n rows, with line numbers as index.

        Returns:
            dict[str, ndarray]: ``groups``, dtype ``S`` (n, G), empty for an
            image in no group. Nothing without groups.

        Raises:
            ValueError: If a column with bands has a cell that is no number.
        """
        if not self._groups:
            return {}
        found = [
            _bands(path, frame[group.column], group.bands)
            if group.bands
            else frame[group.column].fillna('').astype(str).str.strip()
            for group in self._groups.values()
        ]
        encoded = [encode_text(cells.to_numpy(object)) for cells in found]
        return dict(groups=np.stack(encoded, axis=1))

    def check(self, path: str, table: np.ndarray) -> None:
        """Refuse a column that has too many values.

        Args:
            path (str): The table, for the message.
            table (ndarray): dtype ``S`` (N, G), from :meth:`parse`.

        Raises:
            ValueError: If a column has more than :data:`MAX_VALUES` values.
        """
        pairs = zip(self._groups.items(), table.T, strict=True)
        for (name, group), cells in pairs:
            values = np.unique(cells)
            if len(values) > MAX_VALUES:
                raise ValueError(
                    f'groups[{name!r}]: column {group.column!r} of {path} has '
                    f'{len(values)} values, such as {values[1].decode()!r}, '
                    f'expected at most {MAX_VALUES}. For numbers, give bands: '
                    f'dict(column={group.column!r}, bands=[0, 40, 60, 120])'
                )

    def of(self, cells: np.ndarray) -> dict[str, str]:
        """Return the groups of one image.

        Args:
            cells (ndarray): dtype ``S`` (G,), a row of the table.

        Returns:
            dict[str, str]: Name of a grouping -> group. A grouping in which
            the image has no group is left out.
        """
        pairs = zip(self._groups, cells.tolist(), strict=True)
        return {name: cell.decode() for name, cell in pairs if cell}


def _read(given: Any, where: str) -> _Group:
    if isinstance(given, str):
        return _Group(given)
    if not isinstance(given, Mapping) or set(given) != {'column', 'bands'}:
        raise ValueError(
            f'{where}: found {given!r}, expected the name of a column, or '
            "dict(column='Age', bands=[0, 40, 60, 120])"
        )
    bands: Sequence[Any] = given['bands']
    if not isinstance(bands, (list, tuple)):
        bands = [bands]
    is_number = [isinstance(end, (int, float)) for end in bands]
    if not all(is_number) or len(bands) < 2 or np.any(~(np.diff(bands) > 0)):
        raise ValueError(
            f'{where}: found bands={given["bands"]!r}, expected two or '
            'more numbers in rising order'
        )
    return _Group(given['column'], tuple(bands))


def _bands(path: str, cells: pd.Series, bands: Sequence[float]) -> pd.Series:
    """Replace numbers by their bands; '' for an empty cell and outside."""
    import pandas as pd

    text = cells.fillna('').astype(str).str.strip()
    numbers = pd.to_numeric(text, errors='coerce')
    is_empty = text.str.lower().isin(['', 'nan'])
    check_cells(path, cells, numbers.notna() | is_empty, 'a number')
    index = np.searchsorted(bands, numbers, side='right')
    index[is_empty] = 0
    outside = ((index == 0) | (index == len(bands))) & ~is_empty
    if outside.any():
        first = int(np.argmax(outside))
        print_log(
            f'{place(path, cells.index[first])}, column {cells.name!r}: found '
            f'{text.iloc[first]}, which lies outside of the bands '
            f'{list(bands)}. Such images are in no group: {outside.sum()} of '
            f'{len(cells)}',
            logger='current',
            level=logging.WARNING,
        )
    pairs = zip(bands[:-1], bands[1:], strict=True)
    names = np.array(
        ['', *(f'[{low:.12g}, {high:.12g})' for low, high in pairs), ''],
        object,
    )
    return pd.Series(names[index], cells.index)
