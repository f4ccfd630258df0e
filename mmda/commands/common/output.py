"""What a command writes: lines on the console, files, folders."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mmengine.logging import print_log

from mmda.files import write_text


def write_json(path: str | Path, content: Any) -> None:
    """Write a JSON file, and make its folder.

    Args:
        path (str | Path): The file.
        content (Any): Plain values without NaN.

    Raises:
        ValueError: If a value is NaN or infinite.
    """
    text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
    write_text(path, text + '\n')


def say(text: str, level: int = logging.INFO) -> None:
    """Write a line to the console.

    Args:
        text (str): The line.
        level (int): Level of the log. Defaults to INFO.
    """
    print_log(text, level=level)


def check_output(path: str | Path, option: str) -> None:
    """Check that a file or a folder can be written, before the work begins.

    Args:
        path (str | Path): The file or folder. It need not exist.
        option (str): Name of the argument, for the message.

    Raises:
        ValueError: If the path is empty.
        OSError: If the path cannot be written.
    """
    if not str(path).strip():
        raise ValueError(f'{option}: found an empty name')
    place = Path(path).absolute()
    while not place.exists():
        place = place.parent
    is_blocked = place != Path(path).absolute() and not place.is_dir()
    if is_blocked or not os.access(place, os.W_OK):
        reason = 'is no folder' if is_blocked else 'cannot be written'
        raise PermissionError(f'{option} {path}: {place} {reason}')


@contextmanager
def naming(folder: str) -> Iterator[None]:
    """Let an error that names no file, such as of a full disk, name a folder.

    Args:
        folder (str): Folder that the block writes to.
    """
    try:
        yield
    except OSError as error:
        if error.errno and error.filename is None:
            error.filename = folder
        raise
