"""Reading a large CSV into a :class:`LabelTable`, chunk by chunk."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pandas as pd

from mmda.structures import nearest

from .csv_cells import check_row_lengths
from .label_table import LabelTable, encode_text

# Rows in memory as Python objects at a time; larger is not faster.
CHUNK_ROWS = 1 << 17

# Text of a cell that counts as empty: what spreadsheets and pandas write.
_BLANK_LABELS = ['', 'nan', 'NaN']


def read_header(path: str, columns: Sequence[str] = ()) -> list[str]:
    """Read the column names of a CSV file.

    Args:
        path (str): The file.
        columns (Sequence[str]): Columns that must be there.

    Returns:
        list[str]: Column names, in the order of the file, without spaces
        around them. A first column without a name is left out: it is the
        index that ``DataFrame.to_csv`` writes.

    Raises:
        ValueError: If the file is empty, is no UTF-8 text, has not all
            ``columns``, or has a name twice or, after the first column, none.
    """
    header = _read_names(path, columns)
    names = header[1:] if header[0] == '' else header
    if '' in names:
        number = len(header) - len(names) + names.index('') + 1
        raise ValueError(
            f'{path}, line 1: column {number} of {len(header)} has no name. '
            f'Expected a name there, or a choice of the columns to read '
            f'(classes)'
        )
    return names


def _read_names(path: str, columns: Sequence[str]) -> list[str]:
    """Read the name of every column, '' where a column has none."""
    try:
        with open(path, encoding='utf-8-sig', newline='') as file:
            cells = next(csv.reader(file, strict=True), None)
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(
            f'{path}: expected a CSV file in UTF-8, found: {error}'
        ) from error
    if cells is None:
        raise ValueError(
            f'{path} is empty: expected a header and one row per image'
        )
    header = [cell.strip() for cell in cells]
    names = [name for name in header if name]
    if not names:
        raise ValueError(
            f'{path}, line 1: found no column name, expected a header'
        )
    for name in names:
        if names.count(name) > 1:
            raise ValueError(
                f'{path}, line 1: found {names.count(name)} columns {name!r}, '
                f'expected names that differ'
            )
    for column in columns:
        if column not in names:
            raise ValueError(
                f'{path}, line 1: no column {column!r}{nearest(column, names)}'
            )
    return header


def iter_csv(
    path: str, text: Sequence[str], numbers: Sequence[str] = ()
) -> Iterator[pd.DataFrame]:
    """Read some columns of a CSV file in chunks of :data:`CHUNK_ROWS` rows.

    Args:
        path (str): The file. One record is one line, the header is line 1.
        text (Sequence[str]): Columns to read as strings. The first one must
            not be empty in any row.
        numbers (Sequence[str]): Columns to read as numbers.

    Yields:
        DataFrame: Rows with their line number as index; empty cells are NaN.

    Raises:
        ValueError: If a column is missing, the first column is empty in a
            row, a row has more or fewer cells than the header, or the file
            cannot be parsed.
    """
    header = _read_names(path, [*text, *numbers])
    check_row_lengths(path, len(header))
    yield from _iter_chunks(path, header, text, numbers)


def _iter_chunks(
    path: str, header: list[str], text: Sequence[str], numbers: Sequence[str]
) -> Iterator[pd.DataFrame]:
    """Read a file whose rows are known to be as long as its header."""
    places = sorted({header.index(name) for name in [*text, *numbers]})
    blank = {column: _BLANK_LABELS for column in numbers}
    blank.update({column: [''] for column in text})
    try:
        chunks = pd.read_csv(
            path,
            header=0,
            names=[header[place] for place in places],
            usecols=places,
            dtype={column: object for column in text},
            index_col=False,
            keep_default_na=False,
            na_values=blank,
            skip_blank_lines=False,  # or the line numbers would shift
            low_memory=False,
            chunksize=CHUNK_ROWS,
        )
        for frame in chunks:
            frame.index += 2
            yield _drop_blank_lines(path, frame, text[0])
    except (UnicodeDecodeError, pd.errors.ParserError) as error:
        raise ValueError(f'{path}: {error}') from error


def _drop_blank_lines(
    path: str, frame: pd.DataFrame, key: str
) -> pd.DataFrame:
    empty = frame.index[frame[key].isna()]
    if empty.empty:
        return frame
    wanted = set(empty)
    with open(path, encoding='utf-8') as file:
        for number, line in enumerate(file, 1):
            if number in wanted and line.strip():
                raise ValueError(
                    f'{path}, line {number}, column {key!r}: found an empty '
                    f'cell, expected a value'
                )
    return frame.drop(empty)


def read_table(
    path: str,
    num_classes: int,
    text: Sequence[str],
    numbers: Sequence[str],
    parse: Callable[[pd.DataFrame], dict],
) -> LabelTable:
    """Read a CSV file into a table, with one chunk in memory at a time.

    Args:
        path (str): The file.
        num_classes (int): Columns of ``gt_score``.
        text (Sequence[str]): Columns to read as strings, that of the images
            first.
        numbers (Sequence[str]): Columns to read as numbers.
        parse (Callable): Gets a chunk, with line numbers as index; returns
            ``gt_score`` (float32, (n, num_classes)), ``img_path`` (n strings)
            and, if there are patients, ``patient_id`` ((n,), integers or
            dtype ``S``).

    Returns:
        LabelTable: All rows of the file.

    Raises:
        ValueError: If the file has no rows, lacks a column, a row has more or
            fewer cells than the header, or a cell has a value that is not
            known.
    """
    header = _read_names(path, [*text, *numbers])
    capacity = check_row_lengths(path, len(header))
    columns = {'gt_score': np.empty((capacity, num_classes), dtype=np.float32)}
    filled = 0
    for frame in _iter_chunks(path, header, text, numbers):
        parsed = parse(frame)
        parsed['img_path'] = encode_text(parsed['img_path'])
        parsed['row'] = frame.index.to_numpy(np.int32)
        for name, values in parsed.items():
            columns[name] = _put(columns.get(name), filled, capacity, values)
        filled += len(frame)
    if filled == 0:
        raise ValueError(
            f'{path} has a header but no rows: expected one row per image'
        )
    return LabelTable(**{name: col[:filled] for name, col in columns.items()})


def _put(
    column: np.ndarray | None, start: int, capacity: int, values: np.ndarray
) -> np.ndarray:
    """Write a chunk into a column, which is made or widened as needed."""
    if column is None or column.dtype.itemsize < values.dtype.itemsize:
        # Memory that was never written to costs nothing: copy the rest only.
        wider = np.empty((capacity, *values.shape[1:]), dtype=values.dtype)
        if column is not None:
            wider[:start] = column[:start]
        column = wider
    column[start : start + len(values)] = values
    return column
