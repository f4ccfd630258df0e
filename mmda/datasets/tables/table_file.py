"""Read tables of images and labels: CSV, JSON lines and Parquet."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from .csv_table import open_csv, read_header
from .json_lines import open_json_lines, read_keys
from .label_table import encode_text
from .parquet_table import open_parquet, read_schema

if TYPE_CHECKING:
    import pandas as pd

_JSON = ('.jsonl', '.ndjson', '.json')


def read_names(
    path: str, columns: Sequence[str] = (), delimiter: str | None = None
) -> list[str]:
    """Read the column names of a table.

    Args:
        path (str): The file.
        columns (Sequence[str]): Columns that the file must have.
        delimiter (str, optional): See :func:`iter_table`.

    Returns:
        list[str]: One name per column, without spaces around it. A column of
        a CSV file without a name has the name ``''``.

    Raises:
        ImportError: If the file is Parquet and pyarrow is not installed.
        ValueError: If there is no name, if a name occurs twice, or if the
            file lacks one of ``columns``.
    """
    if path.lower().endswith(_JSON):
        return read_keys(path, columns)
    if path.lower().endswith('.parquet'):
        return read_schema(path, columns)
    return read_header(path, columns, delimiter)


def _open(
    path: str,
    text: Sequence[str],
    numbers: Sequence[str],
    delimiter: str | None,
) -> tuple[int, Iterator[pd.DataFrame]]:
    if path.lower().endswith(_JSON):
        return open_json_lines(path, text, numbers)
    if path.lower().endswith('.parquet'):
        return open_parquet(path, text, numbers)
    return open_csv(path, text, numbers, delimiter)


def iter_table(
    path: str,
    text: Sequence[str],
    numbers: Sequence[str] = (),
    delimiter: str | None = None,
) -> Iterator[pd.DataFrame]:
    """Read some columns of a table in chunks.

    Args:
        path (str): The file. Its suffix says what it is.
        text (Sequence[str]): Columns to read as strings. The first of them
            must not be empty in any row.
        numbers (Sequence[str]): Columns to read as numbers.
        delimiter (str, optional): Stands between the cells of a CSV file.
            Defaults to a comma, a semicolon, a tab or a vertical bar, as the
            header says.

    Yields:
        DataFrame: Rows, with their line numbers as index, or with their row
        numbers in a Parquet file, from 1 on. Empty cells are NaN. A text
        column of JSON lines or Parquet may have lists.

    Raises:
        ImportError: If the file is Parquet and pyarrow is not installed.
        ValueError: If a column is missing, if the first column is empty in a
            row, or if the file cannot be parsed.
    """
    _, frames = _open(path, text, numbers, delimiter)
    yield from frames


def read_columns(
    path: str,
    text: Sequence[str],
    numbers: Sequence[str],
    parse: Callable[[pd.DataFrame], Mapping[str, np.ndarray]],
    delimiter: str | None = None,
) -> dict[str, np.ndarray]:
    """Read a table into arrays, with one chunk in memory at a time.

    Args:
        path (str): The file.
        text (Sequence[str]): Columns to read as strings, the column of the
            images first.
        numbers (Sequence[str]): Columns to read as numbers.
        parse (Callable): Takes a chunk of n rows, with the line numbers as
            index. Returns arrays of n rows by name.
        delimiter (str, optional): See :func:`iter_table`.

    Returns:
        dict[str, ndarray]: The arrays of ``parse`` for all rows. Strings are
        encoded (dtype ``S``). In addition ``row``, int32 (N,), the line
        numbers.

    Raises:
        ValueError: If the file has no rows, and as :func:`iter_table`.
    """
    capacity, frames = _open(path, text, numbers, delimiter)
    columns: dict[str, np.ndarray] = {}
    filled = 0
    for frame in frames:
        row = frame.index.to_numpy(np.int32)
        for name, values in {**parse(frame), 'row': row}.items():
            if values.dtype == object:
                values = encode_text(values)
            columns[name] = _put(columns.get(name), filled, capacity, values)
        filled += len(frame)
    if filled == 0:
        raise ValueError(
            f'{path} has a header but no rows: expected one row per image'
        )
    return {name: column[:filled] for name, column in columns.items()}


def _put(
    column: np.ndarray | None, start: int, capacity: int, values: np.ndarray
) -> np.ndarray:
    """Write a chunk into a column. Create or widen the column as needed."""
    if column is None or column.dtype.itemsize < values.dtype.itemsize:
        # Memory that is never written to costs nothing: copy the rest only.
        wider = np.empty((capacity, *values.shape[1:]), dtype=values.dtype)
        if column is not None:
            wider[:start] = column[:start]
        column = wider
    column[start : start + len(values)] = values
    return column
