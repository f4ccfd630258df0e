"""Reading a large CSV into a :class:`LabelTable`, chunk by chunk."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from mmda.structures import UNANNOTATED, nearest

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
        list[str]: Column names, in the order of the file.

    Raises:
        ValueError: If the file is empty, is no UTF-8 text, or has not all
            ``columns``.
    """
    try:
        header = pd.read_csv(path, nrows=0, index_col=False).columns.tolist()
    except pd.errors.EmptyDataError:
        raise ValueError(
            f'{path} is empty: expected a header and one row per image'
        ) from None
    except (UnicodeDecodeError, pd.errors.ParserError) as error:
        raise ValueError(
            f'{path}: expected a CSV file in UTF-8, found: {error}'
        ) from error
    for column in columns:
        if column not in header:
            raise ValueError(
                f'{path}, line 1: no column {column!r}'
                f'{nearest(column, header)}'
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
        ValueError: If a column is missing, a row has too many cells, or the
            first column is empty in a row.
    """
    read_header(path, [*text, *numbers])
    blank = {column: _BLANK_LABELS for column in numbers}
    blank.update({column: [''] for column in text})
    try:
        chunks = pd.read_csv(
            path,
            usecols=[*text, *numbers],
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


def read_label_column(
    path: str, column: pd.Series, allowed: Sequence[float]
) -> np.ndarray:
    """Check and convert one column of labels.

    Args:
        path (str): The file, for the message.
        column (Series): Cells, with line numbers as index.
        allowed (Sequence[float]): Values that a label may have, besides empty.

    Returns:
        ndarray: float32 (n,), NaN where the cell is empty.

    Raises:
        ValueError: If a cell has another value.

    Examples:
        >>> read_label_column('a.csv', pd.Series([1.0, np.nan]), [0, 1])
        array([ 1., nan], dtype=float32)
    """
    numbers = pd.to_numeric(column, errors='coerce').to_numpy(np.float32)
    known = np.isin(numbers, np.asarray(allowed, dtype=np.float32))
    known |= column.isna().to_numpy()
    if not known.all():
        first = int(np.argmin(known))
        expected = ', '.join(f'{value:g}' for value in allowed)
        raise ValueError(
            f'{path}, line {column.index[first]}, column {column.name!r}: '
            f'found {column.iloc[first]!r}, expected {expected} or an empty '
            'cell'
        )
    return numbers


def read_label_lists(
    path: str,
    column: pd.Series,
    names: Mapping[str, int],
    num_classes: int,
    separator: str,
) -> np.ndarray:
    """Turn cells such as ``'Mass|Nodule'`` into one entry per class.

    Args:
        path (str): The file, for the message.
        column (Series): Cells, with line numbers as index.
        names (Mapping[str, int]): Every name that may occur -> its column of
            the result, or -1 where it stands for none of the classes.
        num_classes (int): Columns of the result.
        separator (str): Between the names of a cell.

    Returns:
        ndarray: float32 (n, num_classes), 1 where listed, else 0; NaN in the
        whole row of an empty cell, unless ``''`` is one of ``names``.

    Raises:
        ValueError: If a cell has another name.

    Examples:
        >>> cells = pd.Series(['Mass|Edema', 'None'])
        >>> names = {'Edema': 0, 'Mass': 1, 'None': -1}
        >>> read_label_lists('a.csv', cells, names, 2, '|').tolist()
        [[1.0, 1.0], [0.0, 0.0]]
    """
    # Few distinct combinations occur: parse each of them once.
    codes, cells = pd.factorize(column.fillna(''))
    scores = np.zeros((len(cells), num_classes), dtype=np.float32)
    for score, cell, code in zip(scores, cells, range(len(cells))):
        if cell == '' and '' not in names:
            score[:] = UNANNOTATED
            continue
        for name in cell.split(separator):
            index = names.get(name.strip())
            if index is None:
                line = column.index[int(np.argmax(codes == code))]
                known = [name for name in names if name]
                raise ValueError(
                    f'{path}, line {line}, column {column.name!r}: unknown '
                    f'class {name.strip()!r}{nearest(name.strip(), known)}'
                )
            if index >= 0:
                score[index] = 1.0
    return scores[codes]


def read_table(
    path: str,
    num_classes: int,
    text: Sequence[str],
    numbers: Sequence[str],
    parse: Callable[[pd.DataFrame], dict[str, np.ndarray]],
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
        ValueError: If the file has no rows, lacks a column, or a cell has a
            value that is not known.
    """
    capacity = _count_lines(path)
    columns = {
        'gt_score': np.empty((capacity, num_classes), dtype=np.float32)
    }
    filled = 0
    for frame in iter_csv(path, text, numbers):
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


def _count_lines(path: str) -> int:
    """Count the lines of a file: at least as many as it has records."""
    with open(path, 'rb') as file:
        blocks = iter(lambda: file.read(1 << 20), b'')
        return 1 + sum(block.count(b'\n') for block in blocks)
