"""Check the names and the cells of a table of labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mmda.structures import UNANNOTATED, nearest

if TYPE_CHECKING:
    import pandas as pd


def place(path: str, row: int) -> str:
    """Say where a row stands.

    Args:
        path (str): The table.
        row (int): Line of a text file, or row of a Parquet file, from 1 on.

    Returns:
        str: Such as ``'train.csv, line 17'``.

    Examples:
        >>> place('a.parquet', 1)
        'a.parquet, row 1'
    """
    unit = 'row' if path.lower().endswith('.parquet') else 'line'
    return f'{path}, {unit} {row}'


def check_names(
    where: str, header: Sequence[str], columns: Sequence[str]
) -> None:
    """Check the column names of a table.

    Args:
        where (str): File and line of the header, for the message.
        header (Sequence[str]): The names.
        columns (Sequence[str]): Columns that the table must have.

    Raises:
        ValueError: If a name occurs twice, or if a column is missing.
    """
    names = [name for name in header if name]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(
                f'{where}: found {names.count(name)} columns {name!r}, '
                'expected names that differ'
            )
    for column in columns:
        if column not in names:
            raise ValueError(
                f'{where}: no column {column!r}{nearest(column, names)}'
            )


def as_text(value: Any) -> Any:
    """Return what a cell of labels or names says.

    Args:
        value (Any): The value of JSON or Parquet.

    Returns:
        Any: A string, a list of strings, or None for an empty cell.

    Examples:
        >>> as_text(7), as_text(float('nan')), as_text(['Mass', None])
        ('7', None, ['Mass', ''])
    """
    if isinstance(value, list) and not any(
        isinstance(one, (list, tuple)) for one in value
    ):
        return ['' if one is None else str(one) for one in value]
    is_empty = value in (None, '') or value != value  # NaN
    return None if is_empty else str(value)


def as_frame(
    path: str, columns: Mapping[str, Sequence[Any]], rows: Sequence[int]
) -> pd.DataFrame:
    """Make a part of a table.

    Args:
        path (str): The table.
        columns (Mapping): Name -> N cells. The first column names the image.
        rows (Sequence[int]): N places for messages, see :func:`place`.

    Returns:
        DataFrame: Cells of any kind, with ``rows`` as its index.

    Raises:
        ValueError: If a row names no image.
    """
    import pandas as pd

    frame = pd.DataFrame(
        {
            name: pd.Series(cells, rows, object)
            for name, cells in columns.items()
        }
    )
    key = frame[next(iter(columns))]
    check_cells(path, key, key.notna(), 'a value')
    return frame


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
        f'{place(path, column.index[first])}, column {column.name!r}: found '
        f'{found}, expected {expected}'
    )


def read_label_columns(
    path: str,
    frame: pd.DataFrame,
    classes: Sequence[str],
    allowed: Sequence[float],
    is_soft: bool = False,
) -> np.ndarray:
    """Check and convert the columns of some classes.

    Args:
        path (str): The file, for the message.
        frame (DataFrame): n rows, with line numbers as index.
        classes (Sequence[str]): The C columns to convert.
        allowed (Sequence[float]): Values of a label. An empty cell is always
            allowed.
        is_soft (bool): Whether all numbers from 0 to 1 are allowed, too.
            Defaults to False.

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

    values = [f'{value:g}' for value in allowed]
    if is_soft:
        values.insert(0, 'a number from 0 to 1')
    expected = f'{", ".join(values)} or an empty cell'
    score = np.empty((len(frame), len(classes)), dtype=np.float32)
    for index, name in enumerate(classes):
        cells = frame[name]
        numbers = pd.to_numeric(cells, errors='coerce')
        is_valid = numbers.isin(allowed) | cells.isna()
        if is_soft:
            is_valid |= numbers.between(0, 1)
        check_cells(path, cells, is_valid, expected)
        score[:, index] = numbers
    return score


def is_label(column: pd.Series) -> bool:
    """Tell whether a column looks like the labels of a class.

    Args:
        column (Series): n cells.

    Returns:
        bool: True if all cells are empty, -1, or numbers from 0 to 1.
    """
    import pandas as pd

    numbers = pd.to_numeric(column, errors='coerce')
    is_valid = numbers.between(0, 1) | (numbers == -1) | column.isna()
    return bool(is_valid.all())


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
                    f'{place(path, line)}, column {column.name!r}: unknown '
                    f'class {name!r}{nearest(name, known)}'
                )
            if index >= 0:
                scores[code, index] = 1.0
    return scores[codes]
