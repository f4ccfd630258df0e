"""Read tables of one JSON object per line."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from .csv_table import CHUNK_ROWS
from .label_cells import as_frame, as_text, check_names, place

if TYPE_CHECKING:
    import pandas as pd


def read_keys(path: str, columns: Sequence[str] = ()) -> list[str]:
    """Read the keys of all objects of a file.

    Args:
        path (str): The file.
        columns (Sequence[str]): Keys that an object must have.

    Returns:
        list[str]: The keys, in the order in which they first occur.

    Raises:
        ValueError: If the file is empty or no JSON lines, or if no object has
            one of ``columns``.
    """
    names: dict[str, None] = {}
    for _, record in _iter_records(path):
        names.update(dict.fromkeys(record))
    if not names:
        raise ValueError(
            f'{path} is empty: expected one JSON object per line and image'
        )
    check_names(path, list(names), columns)
    return list(names)


def open_json_lines(
    path: str, text: Sequence[str], numbers: Sequence[str] = ()
) -> tuple[int, Iterator[pd.DataFrame]]:
    """Open some keys of a file, see :func:`~.csv_table.open_csv`.

    Args:
        path (str): The file. A missing key and null are empty cells.
        text (Sequence[str]): Keys to read as strings. A list stays a list.
        numbers (Sequence[str]): Keys to read as numbers.

    Returns:
        tuple[int, Iterator[DataFrame]]: The greatest possible number of rows,
        and the rows in chunks, with their line numbers as index.

    Raises:
        ValueError: See :func:`read_keys`; or if the first key is empty in an
            object.
    """
    read_keys(path, [*text, *numbers])
    with open(path, 'rb') as file:
        lines = sum(1 for _ in file)
    return lines, _iter_chunks(path, text, numbers)


def _iter_records(path: str) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        with open(path, encoding='utf-8-sig') as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield number, _parse(line, place(path, number))
    except UnicodeDecodeError as error:
        raise ValueError(
            f'{path}: expected JSON lines in UTF-8, found: {error}'
        ) from error


def _parse(line: str, where: str) -> dict[str, Any]:
    try:
        found = json.loads(line, object_pairs_hook=list)
    except (ValueError, RecursionError) as error:
        raise ValueError(
            f'{where}: expected a JSON object, found: {error}'
        ) from error
    pairs = found if line.lstrip().startswith('{') else None
    if pairs is None:
        kind = type(found).__name__
        raise ValueError(f'{where}: found {kind}, expected a JSON object')
    record = dict(pairs)
    if len(record) < len(pairs):
        check_names(where, [name for name, _ in pairs], ())
    return record


def _iter_chunks(
    path: str, text: Sequence[str], numbers: Sequence[str]
) -> Iterator[pd.DataFrame]:
    rows: list[list[Any]] = []
    lines: list[int] = []
    for line, record in _iter_records(path):
        cells = [as_text(record.get(name)) for name in text]
        rows.append(cells + [_as_number(record.get(n)) for n in numbers])
        lines.append(line)
        if len(rows) == CHUNK_ROWS:
            yield _as_frame(path, rows, lines, [*text, *numbers])
            rows, lines = [], []
    if rows:
        yield _as_frame(path, rows, lines, [*text, *numbers])


def _as_frame(
    path: str, rows: list[list[Any]], lines: list[int], names: Sequence[str]
) -> pd.DataFrame:
    columns = zip(*rows, strict=True)
    return as_frame(path, dict(zip(names, columns, strict=True)), lines)


def _as_number(value: Any) -> Any:
    if value is None or isinstance(value, (bool, float)):
        return value
    if isinstance(value, int) and abs(value) < 2**53:
        return value
    # Text that is no number stays, for the message about the cell.
    return None if value == '' else str(value)
