"""Read large CSV files of labels, chunk by chunk, and check every cell."""

from __future__ import annotations

import csv
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from mmda.structures import UNANNOTATED, nearest

from .label_table import encode_text

if TYPE_CHECKING:
    import pandas as pd

#: Rows that are in memory as Python objects at a time.
CHUNK_ROWS = 1 << 17

# Bytes in which cells are counted at a time. They fit into the CPU's cache.
_BLOCK_BYTES = 1 << 20
_NO_MARKS = bytes(set(range(256)) - set(b',\n'))

# Text of a number's cell that counts as empty. Spreadsheets and pandas write
# it.
_BLANK_LABELS = ['', 'nan', 'NaN']


def read_header(path: str, columns: Sequence[str] = ()) -> list[str]:
    """Read the column names of a CSV file.

    Args:
        path (str): The file.
        columns (Sequence[str]): Columns that the file must have.

    Returns:
        list[str]: One name per column, without spaces around it. A column
        without a name has the name ``''``.

    Raises:
        ValueError: If the file is empty or no UTF-8 text, if it names a
            column twice or names no column, or if it lacks one of
            ``columns``.
    """
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
                'expected names that differ'
            )
    for column in columns:
        if column not in names:
            raise ValueError(
                f'{path}, line 1: no column {column!r}{nearest(column, names)}'
            )
    return header


def find_lines(path: str, expected: int) -> tuple[int, np.ndarray | None]:
    """Find the line of every row of a CSV file, and check its length.

    pandas fills short rows with empty cells and can cut long rows. So after
    an incomplete download, labels would be wrong without an error.

    Args:
        path (str): The file.
        expected (int): Number of cells of the header. Empty lines are
            allowed.

    Returns:
        tuple[int, ndarray | None]: Number of rows, with the header and empty
        lines, R. And int64 (R,), the line where each row begins, negative for
        an empty line. None if row i is line i and no line of a file of two
        or more columns is empty.

    Raises:
        ValueError: If a row has another number of cells, if a quote is not
            closed, or if the file has a zero byte.
    """
    # Count commas only. This is ten times as fast as a parser.
    regular_row = b',' * (expected - 1) + b'\n'
    num_rows = 0
    with open(path, 'rb') as file:
        while block := file.read(_BLOCK_BYTES):
            block += file.readline()
            if not block.endswith(b'\n'):
                block += b'\n'
            marks = block.translate(None, _NO_MARKS)
            in_block = marks.count(b'\n')
            if (
                b'"' in block
                or b'\0' in block
                or block.count(b'\r') != block.count(b'\r\n')
                or marks != regular_row * in_block
            ):
                lines = _parse_lines(path, expected)
                return len(lines), lines
            num_rows += in_block
    return num_rows, None


def _parse_lines(path: str, expected: int) -> np.ndarray:
    """Read a file with quotes, empty lines, old line ends or errors."""
    found = array('q')
    line = 1
    # Another encoding is reported later, where the text is read.
    with open(
        path, encoding='utf-8-sig', errors='replace', newline=''
    ) as file:
        reader = csv.reader(file, strict=True)
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


def iter_csv(
    path: str, text: Sequence[str], numbers: Sequence[str] = ()
) -> Iterator[pd.DataFrame]:
    """Read some columns of a CSV file in chunks of :data:`CHUNK_ROWS` rows.

    Args:
        path (str): The file. Its first row is the header.
        text (Sequence[str]): Columns to read as strings. The first of them
            must not be empty in any row.
        numbers (Sequence[str]): Columns to read as numbers.

    Yields:
        DataFrame: Rows, with their line numbers as index. Empty cells are
        NaN. Empty lines are left out.

    Raises:
        ValueError: If a column is missing, if the first column is empty in a
            row, if the number of cells of a row differs from the header, or
            if the file cannot be parsed.
    """
    header = read_header(path, [*text, *numbers])
    num_rows, lines = find_lines(path, len(header))
    yield from _iter_chunks(path, header, text, numbers, num_rows, lines)


def _iter_chunks(
    path: str,
    header: list[str],
    text: Sequence[str],
    numbers: Sequence[str],
    num_rows: int,
    lines: np.ndarray | None,
) -> Iterator[pd.DataFrame]:
    """Read a file whose rows have been found by :func:`find_lines`."""
    import pandas as pd

    places = sorted({header.index(name) for name in [*text, *numbers]})
    blank = {column: _BLANK_LABELS for column in numbers}
    blank.update({column: [''] for column in text})
    done = 1  # the header
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


def read_columns(
    path: str,
    text: Sequence[str],
    numbers: Sequence[str],
    parse: Callable[[pd.DataFrame], Mapping[str, np.ndarray]],
) -> dict[str, np.ndarray]:
    """Read a CSV file into arrays, with one chunk in memory at a time.

    Args:
        path (str): The file.
        text (Sequence[str]): Columns to read as strings, the column of the
            images first.
        numbers (Sequence[str]): Columns to read as numbers.
        parse (Callable): Takes a chunk of n rows, with the line numbers as
            index. Returns arrays of n rows by name.

    Returns:
        dict[str, ndarray]: The arrays of ``parse`` for all rows. Strings are
        encoded (dtype ``S``). In addition ``row``, int32 (N,), the line
        numbers.

    Raises:
        ValueError: If the file has no rows, and as :func:`iter_csv`.
    """
    header = read_header(path, [*text, *numbers])
    capacity, lines = find_lines(path, len(header))
    columns: dict[str, np.ndarray] = {}
    filled = 0
    for frame in _iter_chunks(path, header, text, numbers, capacity, lines):
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


def check_cells(
    path: str,
    column: pd.Series,
    is_valid: pd.Series | np.ndarray,
    expected: str,
) -> None:
    """Refuse a column with a cell that is not valid.

    Args:
        path (str): The file.
        column (Series): n cells, with line numbers as index.
        is_valid (Series | ndarray): bool (n,).
        expected (str): What the cells should contain.

    Raises:
        ValueError: If a cell is not valid. The message names file, line,
            column, and what was found and expected.
    """
    if is_valid.all():
        return
    first = int(np.argmin(is_valid))
    value = column.iloc[first]
    if isinstance(value, np.generic):
        value = value.item()
    is_empty = value is None or value != value  # NaN
    found = 'an empty cell' if is_empty else repr(value)
    raise ValueError(
        f'{path}, line {column.index[first]}, column {column.name!r}: found '
        f'{found}, expected {expected}'
    )


def read_label_columns(
    path: str,
    frame: pd.DataFrame,
    classes: Sequence[str],
    allowed: Sequence[float],
) -> np.ndarray:
    """Check and convert the columns of some classes.

    Args:
        path (str): The file, for the message.
        frame (DataFrame): n rows, with line numbers as index.
        classes (Sequence[str]): The C columns to convert.
        allowed (Sequence[float]): Values of a label. An empty cell is always
            allowed.

    Returns:
        ndarray: float32 (n, C), NaN where the cell is empty.

    Raises:
        ValueError: If a cell has another value.

    Examples:
        >>> import pandas as pd
        >>> frame = pd.DataFrame({'Mass': [1.0, np.nan]})
        >>> read_label_columns('a.csv', frame, ['Mass'], [0, 1]).tolist()
        [[1.0], [nan]]
    """
    import pandas as pd

    values = ', '.join(f'{value:g}' for value in allowed)
    score = np.empty((len(frame), len(classes)), dtype=np.float32)
    for index, name in enumerate(classes):
        cells = frame[name]
        numbers = pd.to_numeric(cells, errors='coerce')
        is_valid = numbers.isin(allowed) | cells.isna()
        check_cells(path, cells, is_valid, f'{values} or an empty cell')
        score[:, index] = numbers
    return score


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
            the result, or -1 if the name stands for none of the classes.
        num_classes (int): Number of columns of the result.
        separator (str): Stands between the names of a cell.

    Returns:
        ndarray: float32 (n, num_classes), 1 where listed, else 0. The whole
        row of an empty cell is NaN, unless ``''`` is one of ``names``.

    Raises:
        ValueError: If a cell has another name.

    Examples:
        >>> import pandas as pd
        >>> cells = pd.Series(['Mass|Edema', 'None'])
        >>> names = {'Edema': 0, 'Mass': 1, 'None': -1}
        >>> read_label_lists('a.csv', cells, names, 2, '|').tolist()
        [[1.0, 1.0], [0.0, 0.0]]
    """
    import pandas as pd

    # Few distinct combinations occur: parse each of them once.
    codes, cells = pd.factorize(column.fillna(''))
    scores = np.zeros((len(cells), num_classes), dtype=np.float32)
    for code, cell in enumerate(cells):
        if cell == '' and '' not in names:
            scores[code] = UNANNOTATED
            continue
        for name in map(str.strip, cell.split(separator)):
            index = names.get(name)
            if index is None:
                line = column.index[int(np.argmax(codes == code))]
                known = [name for name in names if name]
                raise ValueError(
                    f'{path}, line {line}, column {column.name!r}: unknown '
                    f'class {name!r}{nearest(name, known)}'
                )
            if index >= 0:
                scores[code, index] = 1.0
    return scores[codes]
