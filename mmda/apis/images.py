"""The images that a user names or passes as pixels."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from mmengine.logging import print_log
from PIL import Image

SUFFIXES = (
    *('.png', '.jpg', '.jpeg', '.bmp', '.tif', '.tiff', '.webp'),
    *('.gif', '.jp2', '.pgm', '.ppm', '.dcm', '.dicom'),
)
TABLE_SUFFIXES = ('.csv', '.tsv', '.parquet', '.jsonl', '.ndjson', '.json')


def list_images(
    source: str | Path,
    column: str | None = None,
    allow_outside: bool = False,
) -> list[str]:
    """List the images that :func:`locate_images` finds.

    Args:
        source (str | Path): See there.
        column (str, optional): See there.
        allow_outside (bool): See there.

    Returns:
        list[str]: Their paths.
    """
    found = locate_images(source, column, allow_outside)
    return [path for path, _ in found]


def locate_images(
    source: str | Path,
    column: str | None = None,
    allow_outside: bool = False,
) -> list[tuple[str, str]]:
    """Find the images of a file, a folder or a table.

    Args:
        source (str | Path): An image; a folder, searched with all its
            subfolders, also where these are links; or a table (CSV, JSON
            lines or Parquet). Paths in the table are relative to its folder.
            Whatever in the folder is called an image but is no file, such as
            a link to a missing file, is left out, and a warning names it.
        column (str, optional): Column of the paths in the table. Defaults
            to 'path', or to the only column.
        allow_outside (bool): Whether a table may name images outside of its
            folder. Defaults to False.

    Returns:
        list[tuple[str, str]]: Paths, and where a table names them, such as
        ``'images.csv, line 3: '``, else ''. The paths of a folder are in
        alphabetic order.

    Raises:
        FileNotFoundError: If there is no such file or folder, or if a table
            names an image that does not exist.
        ValueError: If there is no image or no such column, if a row of a
            table has more or fewer cells than the header, or if a table names
            an image outside of its folder.
    """
    source = Path(source)
    if source.is_dir():
        return [(path, '') for path in _read_folder(source)]
    if not source.is_file():
        raise FileNotFoundError(f'there is no image, folder or table {source}')
    if source.suffix.lower() not in TABLE_SUFFIXES:
        return [(str(source), '')]
    return _read_table(source, column, allow_outside)


def walk(folder: str | Path, above: tuple[str, ...] = ()) -> Iterator[Path]:
    """Find all files below a folder, also below folders that are links.

    Args:
        folder (str | Path): The folder.
        above (tuple[str, ...]): Folders that are being searched. A link to
            one of these is left out, as it has no end.

    Yields:
        Path: What is no folder, in alphabetic order.

    Raises:
        OSError: If a folder cannot be read.
    """
    real = os.path.realpath(folder)
    if real in above:
        return
    for path in sorted(Path(folder).iterdir()):
        if path.is_dir():
            yield from walk(path, (*above, real))
        else:
            yield path


def _read_folder(source: Path) -> list[str]:
    named = [
        path
        for path in walk(source)
        if path.suffix.lower() in SUFFIXES or _is_unnamed_image(path)
    ]
    # To open a named pipe would wait for ever.
    found = [str(path) for path in named if path.is_file()]
    if len(found) < len(named):
        others = [str(path) for path in named if not path.is_file()]
        print_log(
            f'{len(others)} of {len(named)} entries of {source} that are '
            f'called images are no files, such as {others[0]}: they are left '
            'out',
            logger='current',
            level=logging.WARNING,
        )
    if not found:
        raise ValueError(
            f'no image in {source}: expected files that end with one of '
            f'{SUFFIXES}'
        )
    return found


def _is_unnamed_image(path: Path) -> bool:
    """Tell a DICOM file called IM0001 or by its number, or a copy of one."""
    is_unnamed = not path.suffix or path.suffix[1:].isdigit()
    if not is_unnamed or not path.is_file():
        return False
    from mmda.datasets.images.copies import is_copy
    from mmda.datasets.images.dicom import is_dicom

    with path.open('rb') as file:
        start = file.read(132)
    return is_dicom(start) or is_copy(path)


def _read_table(
    source: Path, column: str | None, allow_outside: bool
) -> list[tuple[str, str]]:
    # mmda.datasets imports torch, which `mmda predict --help` does not need.
    from mmda.datasets.tables.image_paths import find_outside
    from mmda.datasets.tables.label_cells import place
    from mmda.datasets.tables.table_file import iter_table, read_names

    folder = str(source.parent)
    if column is None:
        names = read_names(str(source))
        column = names[0] if len(names) == 1 else 'path'
    found = []
    for frame in iter_table(str(source), [column]):
        names = frame[column]
        outside = find_outside(names, folder, [folder])
        if outside is not None and not allow_outside:
            raise ValueError(
                f'{place(str(source), names.index[outside])}, column '
                f'{column!r}: found {names.iloc[outside]!r}, expected a path '
                f'inside of {folder}. If you trust the table, use '
                '--allow-outside or allow_outside=True'
            )
        for line, name in names.items():
            path = source.parent / name
            if not path.is_file():
                raise FileNotFoundError(
                    f'{place(str(source), line)}, column {column!r}: there '
                    f'is no image {path}'
                )
            found.append((str(path), f'{place(str(source), line)}: '))
    if not found:
        raise ValueError(f'{source} has a header but no rows')
    return found


def as_sample(image: str | np.ndarray | Image.Image) -> dict:
    """Make the input of a pipeline from an image.

    Args:
        image (str | ndarray | PIL.Image): Path, or pixels that
            :class:`~mmda.datasets.LoadMedicalImage` takes.

    Returns:
        dict: ``img_path`` for a path, ``img`` for pixels.
    """
    return dict(img_path=image) if isinstance(image, str) else dict(img=image)
