"""Write a file whole, or leave the old one as it was; read JSON."""

from __future__ import annotations

import json
import math
import os
import secrets
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

#: How the name of an unfinished file begins.
PART = '.part-'


@contextmanager
def replacing(path: str | Path, keep: bool = False) -> Iterator[Path]:
    """Write a new file beside an old one, and rename it at the end.

    If the writing fails, or if the process dies, the old file stays as it
    was. Readers see the old file or the new one, never a part.

    Args:
        path (str | Path): The file. Its folder is made. A link stays a link.
            A device such as ``/dev/stdout`` is written directly.
        keep (bool): Whether the unfinished file stays after a failure, as
            ``<stem>.partial<suffix>``. Defaults to False.

    Yields:
        Path: The file to write, with the suffix of ``path``.

    Raises:
        OSError: If the disk is full, or if the folder cannot be written. The
            error names ``path``.

    Examples:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp(), 'a', 'answers.csv')
        >>> with replacing(path) as part:
        ...     _ = part.write_text('image,class')
        >>> [file.name for file in path.parent.iterdir()]
        ['answers.csv']
    """
    real = Path(os.path.realpath(path))
    if real.exists() and not real.is_file():
        yield Path(path)
        return
    name = f'{PART}{os.getpid()}-{secrets.token_hex(4)}{real.suffix}'
    part = partial_path(real) if keep else real.with_name(name)
    real.parent.mkdir(parents=True, exist_ok=True)
    try:
        yield part
        with open(part, 'rb') as file:
            os.fsync(file.fileno())  # or a power cut can leave an empty file
        if real.exists():
            shutil.copymode(real, part)
        os.replace(part, real)
    except OSError as error:
        if error.errno and error.filename in (None, str(part), part):
            error.filename, error.filename2 = str(path), None
        raise
    finally:
        if not keep:
            part.unlink(missing_ok=True)


def partial_path(path: str | Path) -> Path:
    """Return where :func:`replacing` keeps an unfinished file.

    Args:
        path (str | Path): The file.

    Returns:
        Path: ``<stem>.partial<suffix>`` in the same folder.
    """
    path = Path(path)
    return path.with_name(f'{path.stem}.partial{path.suffix}')


def write_text(path: str | Path, text: str) -> None:
    """Write a text file in UTF-8, see :func:`replacing`.

    Args:
        path (str | Path): The file. Its folder is made.
        text (str): The content.
    """
    with replacing(path) as part:
        part.write_text(text, encoding='utf-8')


def is_json_path(value: Any) -> bool:
    """Tell whether a value of a config names a JSON file.

    Args:
        value (Any): The value.

    Returns:
        bool: True for a path that ends with ``.json``.
    """
    return isinstance(value, (str, Path)) and str(value).endswith('.json')


def read_json(path: str | Path) -> Any:
    """Read a JSON file.

    Args:
        path (str | Path): The file.

    Returns:
        Any: Its content.

    Raises:
        ValueError: If it is no JSON, or if an object has a key twice. The
            error names the file.
    """
    try:
        text = Path(path).read_text(encoding='utf-8')
        return json.loads(text, object_pairs_hook=_without_doubles)
    except (ValueError, RecursionError) as error:
        raise ValueError(f'{path}: {error}') from error


def json_values(value: Any) -> Any:
    """Write a value so that JSON can hold it.

    Args:
        value (Any): Numbers, arrays and tensors, also in dicts and lists.

    Returns:
        Any: The value of plain numbers and lists; None for NaN and infinity.

    Examples:
        >>> json_values(dict(auc=float('nan'), counts=(1, 2)))
        {'auc': None, 'counts': [1, 2]}
    """
    if isinstance(value, dict):
        return {key: json_values(one) for key, one in value.items()}
    if hasattr(value, 'tolist'):  # an array, a tensor or a number of one
        value = value.tolist()
    if isinstance(value, (list, tuple)):
        return [json_values(one) for one in value]
    is_number = isinstance(value, float)
    return None if is_number and not math.isfinite(value) else value


def _without_doubles(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    content: dict[str, Any] = {}
    for name, value in pairs:
        if name in content:
            raise ValueError(f'found {name!r} twice, expected it once')
        content[name] = value
    return content
