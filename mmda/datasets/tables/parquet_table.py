"""Read tables in Parquet, with pyarrow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from .csv_table import CHUNK_ROWS
from .label_cells import as_frame, as_text, check_names

if TYPE_CHECKING:
    import pandas as pd

# pandas writes its index into such a column.
_INDEX = '__index_level_'


def read_schema(path: str, columns: Sequence[str] = ()) -> list[str]:
    """Read the column names of a Parquet file.

    Args:
        path (str): The file.
        columns (Sequence[str]): Columns that the file must have.

    Returns:
        list[str]: The names, without the index of pandas.

    Raises:
        ImportError: If pyarrow is not installed.
        ValueError: If the file is no Parquet, names a column twice, or lacks
            one of ``columns``.
    """
    return _names(_open(path), path, columns)


def open_parquet(
    path: str, text: Sequence[str], numbers: Sequence[str] = ()
) -> tuple[int, Iterator[pd.DataFrame]]:
    """Open some columns of a Parquet file, see :func:`~.csv_table.open_csv`.

    Args:
        path (str): The file. A null is an empty cell.
        text (Sequence[str]): Columns to read as strings. A list stays a list.
        numbers (Sequence[str]): Columns to read as numbers.

    Returns:
        tuple[int, Iterator[DataFrame]]: Number of rows, and the rows in
        chunks, with their row numbers as index, from 1 on.

    Raises:
        ImportError: If pyarrow is not installed.
        ValueError: See :func:`read_schema`; or if the first column is empty
            in a row.
    """
    file = _open(path)
    _names(file, path, [*text, *numbers])
    return file.metadata.num_rows, _iter_chunks(file, path, text, numbers)


def _open(path: str) -> Any:
    try:
        from pyarrow import ArrowInvalid, parquet
    except ImportError as error:
        raise ImportError(
            f'{path}: Parquet needs pyarrow: pip install pyarrow'
        ) from error
    try:
        return parquet.ParquetFile(path)
    except ArrowInvalid as error:
        raise ValueError(
            f'{path}: expected a Parquet file, found: {error}'
        ) from error


def _names(file: Any, path: str, columns: Sequence[str]) -> list[str]:
    names = [n for n in file.schema_arrow.names if not n.startswith(_INDEX)]
    check_names(path, names, columns)
    return names


def _iter_chunks(
    file: Any, path: str, text: Sequence[str], numbers: Sequence[str]
) -> Iterator[pd.DataFrame]:
    from pyarrow import ArrowException

    done = 0
    try:
        for batch in file.iter_batches(CHUNK_ROWS, columns=[*text, *numbers]):
            rows = range(done + 1, done + 1 + batch.num_rows)
            done += batch.num_rows
            columns = {
                name: [
                    as_text(value) for value in batch.column(name).to_pylist()
                ]
                for name in text
            }
            columns.update({n: batch.column(n).to_pylist() for n in numbers})
            yield as_frame(path, columns, rows)
    except ArrowException as error:
        raise ValueError(f'{path}, after row {done}: {error}') from error
