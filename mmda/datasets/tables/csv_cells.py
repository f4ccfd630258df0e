"""Checking and converting the cells of a CSV file."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from mmda.structures import UNANNOTATED, nearest

# Bytes in which cells are counted at a time: they stay in the cache.
_BLOCK_BYTES = 1 << 20
_NO_MARKS = bytes(set(range(256)) - set(b',\n'))


def check_row_lengths(path: str, expected: int) -> int:
    """Check that every row of a CSV file has as many cells as the header.

    pandas fills short rows with blanks and can cut long ones: the labels of a
    file that was downloaded in part would be wrong without an error.

    Args:
        path (str): The file.
        expected (int): Cells of the header. Lines without any text may occur.

    Returns:
        int: Number of records, including the header and empty lines.

    Raises:
        ValueError: If a row has another number of cells.
    """
    row = b',' * (expected - 1) + b'\n'
    lines = 0
    with open(path, 'rb') as file:
        while block := file.read(_BLOCK_BYTES):
            block += file.readline()
            if b'"' in block or block.count(b'\r') != block.count(b'\r\n'):
                # Not every comma separates, or not every line ends in \n.
                return _check_records(path, expected)
            if not block.endswith(b'\n'):
                block += b'\n'
            marks = block.translate(None, _NO_MARKS)
            rows = marks.count(b'\n')
            if marks != row * rows:
                _check_block(path, block, lines, expected)
            lines += rows
    return lines


def _check_block(path: str, block: bytes, lines: int, expected: int) -> None:
    """Find the wrong row, if any, in a block of lines without quotes."""
    for number, line in enumerate(block.split(b'\n')[:-1], lines + 1):
        found = line.count(b',') + 1
        if found != expected and line not in (b'', b'\r'):
            raise _length_error(path, number, found, expected)


def _check_records(path: str, expected: int) -> int:
    """Check the rows with a parser: slower, but for files of any kind."""
    records = previous = 0
    # Other encodings are reported where the text is read.
    with open(
        path, encoding='utf-8-sig', errors='replace', newline=''
    ) as file:
        reader = csv.reader(file)
        try:
            for cells in reader:
                if len(cells) != expected and cells:
                    error = _length_error(
                        path, previous + 1, len(cells), expected
                    )
                    if any('\n' in cell for cell in cells):
                        raise ValueError(f'{error}. Is a quote not closed?')
                    raise error
                records += 1
                previous = reader.line_num
        except csv.Error as error:
            raise ValueError(
                f'{path}, line {previous + 1}: {error}. Is a quote not closed?'
            ) from error
    return records


def _length_error(
    path: str, line: int, found: int, expected: int
) -> ValueError:
    return ValueError(
        f'{path}, line {line}: found {found} cell{"s" * (found != 1)}, '
        f'expected {expected} as in the header'
    )


def cell_error(
    path: str, column: pd.Series, position: int, expected: str
) -> ValueError:
    """Make the error about one cell, to be raised by the caller.

    Args:
        path (str): The file.
        column (Series): Cells, with line numbers as index.
        position (int): Position of the cell in ``column``.
        expected (str): What should be there.

    Returns:
        ValueError: Names file, line, column, what was found and expected.
    """
    value = column.iloc[position]
    if isinstance(value, np.generic):
        value = value.item()
    found = 'an empty cell' if pd.isna(value) else repr(value)
    return ValueError(
        f'{path}, line {column.index[position]}, column {column.name!r}: '
        f'found {found}, expected {expected}'
    )


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
        raise cell_error(path, column, first, f'{expected} or an empty cell')
    return numbers


def read_whole_numbers(path: str, column: pd.Series) -> np.ndarray:
    """Check and convert one column of identifiers.

    Args:
        path (str): The file, for the message.
        column (Series): Cells, with line numbers as index.

    Returns:
        ndarray: int32 (n,).

    Raises:
        ValueError: If a cell is empty or no whole number.
    """
    numbers = pd.to_numeric(column, errors='coerce').to_numpy(np.float64)
    whole = np.isin(numbers % 1, 0.0)
    if not whole.all():
        first = int(np.argmin(whole))
        raise cell_error(path, column, first, 'a whole number')
    return numbers.astype(np.int32)


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
    for code, cell in enumerate(cells):
        if cell == '' and '' not in names:
            scores[code] = UNANNOTATED
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
                scores[code, index] = 1.0
    return scores[codes]
