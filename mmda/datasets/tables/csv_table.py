"""Read large CSV files, chunk by chunk, and check that every row is whole."""

from __future__ import annotations

import csv
from array import array
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from .label_cells import check_cells, check_names

if TYPE_CHECKING:
    import pandas as pd

#: Rows that are in memory as Python objects at a time.
CHUNK_ROWS = 1 << 17

# Bytes in which cells are counted at a time. They fit into the CPU's cache.
_BLOCK_BYTES = 1 << 20
# What stands between the cells of a row, the most likely one first.
_DELIMITERS = (',', ';', '\t', '|')

# Text of a number's cell that counts as empty. Spreadsheets and pandas write
# it.
_BLANK_LABELS = ['', 'nan', 'NaN']


def find_delimiter(path: str, columns: Sequence[str] = ()) -> str:
    """Find what stands between the cells of a CSV file.

    Args:
        path (str): The file.
        columns (Sequence[str]): Columns that the file should have.

    Returns:
        str: The first of comma, semicolon, tab and vertical bar with which
        the header has these columns. If none has them, the one with which the
        header has most cells.
    """
    found = {}
    for delimiter in _DELIMITERS:
        try:
            cells = _read_first(path, delimiter) or []
        except ValueError:
            continue
        names = [cell.strip() for cell in cells]
        if columns and all(column in names for column in columns):
            return delimiter
        found[delimiter] = len(names)
    if _DELIMITERS[0] not in found:  # reading with a comma raises the error
        return _DELIMITERS[0]
    return max(found, key=found.__getitem__)


def _read_first(path: str, delimiter: str) -> list[str] | None:
    try:
        with open(path, encoding='utf-8-sig', newline='') as file:
            reader = csv.reader(file, delimiter=delimiter, strict=True)
            return next(reader, None)
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(
            f'{path}: expected a CSV file in UTF-8, found: {error}'
        ) from error


def read_header(
    path: str, columns: Sequence[str] = (), delimiter: str | None = None
) -> list[str]:
    """Read the column names of a CSV file.

    Args:
        path (str): The file.
        columns (Sequence[str]): Columns that the file must have.
        delimiter (str, optional): Stands between the cells. Defaults to the
            one that :func:`find_delimiter` finds.

    Returns:
        list[str]: One name per column, without spaces around it. A column
        without a name has the name ``''``.

    Raises:
        ValueError: If the file is empty or no UTF-8 text, if it names a
            column twice or names no column, or if it lacks one of
            ``columns``.
    """
    cells = _read_first(path, delimiter or find_delimiter(path, columns))
    if cells is None:
        raise ValueError(
            f'{path} is empty: expected a header and one row per image'
        )
    header = [cell.strip() for cell in cells]
    if not any(header):
        raise ValueError(
            f'{path}, line 1: found no column name, expected a header'
        )
    check_names(f'{path}, line 1', header, columns)
    return header


def find_lines(
    path: str, expected: int, delimiter: str = ','
) -> tuple[int, np.ndarray | None]:
    """Find the line of every row of a CSV file, and check its length.

    pandas fills short rows with empty cells and can cut long rows. So after
    an incomplete download, labels would be wrong without an error.

    Args:
        path (str): The file.
        expected (int): Number of cells of the header. Empty lines are
            allowed.
        delimiter (str): Stands between the cells. Defaults to a comma.

    Returns:
        tuple[int, ndarray | None]: Number of rows, with the header and empty
        lines, R. And int64 (R,), the line where each row begins, negative for
        an empty line. None if row i is line i and no line of a file of two
        or more columns is empty.

    Raises:
        ValueError: If a row has another number of cells, if a quote is not
            closed, or if the file has a zero byte.
    """
    # Count delimiters only. This is ten times as fast as a parser.
    mark = delimiter.encode()
    regular_row = mark * (expected - 1) + b'\n'
    no_marks = bytes(set(range(256)) - set(mark + b'\n'))
    num_rows = 0
    with open(path, 'rb') as file:
        while block := file.read(_BLOCK_BYTES):
            block += file.readline()
            if not block.endswith(b'\n'):
                block += b'\n'
            marks = block.translate(None, no_marks)
            in_block = marks.count(b'\n')
            if (
                b'"' in block
                or b'\0' in block
                or block.count(b'\r') != block.count(b'\r\n')
                or marks != regular_row * in_block
            ):
                lines = _parse_lines(path, expected, delimiter)
                return len(lines), lines
            num_rows += in_block
    return num_rows, None


def _parse_lines(path: str, expected: int, delimiter: str) -> np.ndarray:
    """Read a file with quotes, empty lines, old line ends or errors."""
    found = array('q')
    line = 1
    # Another encoding is reported later, where the text is read.
    with open(
        path, encoding='utf-8-sig', errors='replace', newline=''
    ) as file:
        reader = csv.reader(file, delimiter=delimiter, strict=True)
        try:
            for cells in reader:
                if len(cells) != expected and cells:
                    in_quotes = any('\n' in cell for cell in cells)
                    raise ValueError(
                        f'{path}, line {line}: found {len(cells)} '
                        f'cell{"s" * (len(cells) != 1)}, expected {expected} '
                        'as in the header'
                        + '. Is a quote not closed?'
                        * in_quotes
                    )
                if any('\0' in cell for cell in cells):
                    raise ValueError(
                        f'{path}, line {line}: found a zero byte, expected '
                        'text'
                    )
                found.append(line if cells else -line)
                line = reader.line_num + 1
        except csv.Error as error:
            raise ValueError(
                f'{path}, line {line}: {error}. Is a quote not closed?'
            ) from error
    return np.array(found)


def open_csv(
    path: str,
    text: Sequence[str],
    numbers: Sequence[str] = (),
    delimiter: str | None = None,
) -> tuple[int, Iterator[pd.DataFrame]]:
    """Open some columns of a CSV file, see :func:`~.table_file.iter_table`.

    Args:
        path (str): The file. Its first row is the header.
        text (Sequence[str]): Columns to read as strings.
        numbers (Sequence[str]): Columns to read as numbers.
        delimiter (str, optional): See :func:`read_header`.

    Returns:
        tuple[int, Iterator[DataFrame]]: The greatest possible number of
        rows, and the rows in chunks of :data:`CHUNK_ROWS`, with their line
        numbers as index. Empty cells are NaN. Empty lines are left out.

    Raises:
        ValueError: If a column is missing, if the first column is empty in a
            row, if the number of cells of a row differs from the header, or
            if the file cannot be parsed.
    """
    delimiter = delimiter or find_delimiter(path, [*text, *numbers])
    header = read_header(path, [*text, *numbers], delimiter)
    num_rows, lines = find_lines(path, len(header), delimiter)
    return num_rows, _iter_chunks(
        path, header, text, numbers, delimiter, num_rows, lines
    )


def _iter_chunks(
    path: str,
    header: list[str],
    text: Sequence[str],
    numbers: Sequence[str],
    delimiter: str,
    num_rows: int,
    lines: np.ndarray | None,
) -> Iterator[pd.DataFrame]:
    """Read a file whose rows have been found by :func:`find_lines`."""
    import pandas as pd

    places = sorted({header.index(name) for name in [*text, *numbers]})
    blank = {column: _BLANK_LABELS for column in numbers}
    # The first one names the images, and a file may be called "nan".
    blank.update({column: _BLANK_LABELS for column in text})
    blank[text[0]] = ['']
    done = 1  # the header
    try:
        chunks = pd.read_csv(
            path,
            sep=delimiter,
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
            rows = np.arange(done, done + len(frame))
            done += len(frame)
            if done > num_rows:
                break
            if lines is not None:
                place = lines[rows]
            else:
                # Only a file of one column can have an empty line here.
                place = rows + 1
                if len(header) == 1:
                    place[frame[text[0]].isna().to_numpy()] *= -1
            frame.index = pd.Index(place)
            frame = frame[place > 0]
            key = frame[text[0]]
            check_cells(path, key, key.notna(), 'a value')
            yield frame
    except (UnicodeDecodeError, pd.errors.ParserError) as error:
        raise ValueError(f'{path}: {error}') from error
    if done != num_rows:
        raise ValueError(
            f'{path}: pandas finds {done} rows where the csv module of Python '
            f'finds {num_rows}. Is a quote in the wrong place?'
        )
