"""The images that a user names: one, a folder, or a table."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

SUFFIXES = ('.png', '.jpg', '.jpeg', '.bmp', '.tif', '.tiff', '.webp')


def list_images(source: str | Path, column: str | None = None) -> list[str]:
    """List the images of a file, a folder or a CSV file.

    Args:
        source (str | Path): An image; a folder, searched through; or a CSV
            file with a header, its paths relative to its folder.
        column (str, optional): Column of the paths in the CSV file. Defaults
            to 'path', or the only column.

    Returns:
        list[str]: Paths; of a folder in alphabetic order.

    Raises:
        FileNotFoundError: If there is no such file or folder, or a table
            names an image that is not there.
        ValueError: If there is no image in it, or no such column.
    """
    source = Path(source)
    if source.is_dir():
        found = sorted(
            path
            for path in source.rglob('*')
            if path.suffix.lower() in SUFFIXES
        )
        if not found:
            raise ValueError(
                f'no image in {source}: expected files that end with one of '
                f'{SUFFIXES}'
            )
        return [str(path) for path in found]
    if not source.is_file():
        raise FileNotFoundError(f'there is no image, folder or table {source}')
    if source.suffix.lower() != '.csv':
        return [str(source)]
    return _read_table(source, column)


def _read_table(source: Path, column: str | None) -> list[str]:
    try:
        table = pd.read_csv(source, dtype=str)
    except pd.errors.EmptyDataError as error:
        raise ValueError(f'{source} is empty: expected a header') from error
    if column is None:
        column = table.columns[0] if len(table.columns) == 1 else 'path'
    if column not in table:
        raise ValueError(
            f'{source}: no column {column!r}, found {list(table.columns)}'
        )
    if table.empty:
        raise ValueError(f'{source} has a header but no rows')
    found = []
    for line, name in enumerate(table[column], start=2):
        path = source.parent / str(name)
        if not isinstance(name, str) or not path.is_file():
            raise FileNotFoundError(
                f'{source}, line {line}, column {column!r}: there is no image '
                f'{path}'
            )
        found.append(str(path))
    return found
