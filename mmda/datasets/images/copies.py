"""The file of a resized copy: plain pixels, and a record of their origin.

A copy is an uncompressed image of 8 bits, binary PGM (grey) or PPM (RGB). All
readers of images know the format by its first bytes, whatever the name of the
file. Two comments say how it was made, and how many bytes the original has.
The file has the time of change of the original, so that copies of equal files
are equal, and a label report finds them.
"""

from __future__ import annotations

import json
import math
import os
import re
from functools import lru_cache
from typing import Any, NamedTuple

import cv2
import numpy as np

from .pixels import Pixels

_HEAD = re.compile(
    rb'P[56]\n# mmda resize (.*)\n# of (\d+) bytes\n(\d+) (\d+)\n255\n'
)
_LONGEST_HEAD = 4096
#: How exactly disks keep a time, in ns: Linux, NTFS, SMB, exFAT, NFS 2, FAT.
_UNITS = (1, 100, 1000, 10**7, 10**9, 2 * 10**9)
_START = re.compile(rb'P[56]\n# mmda resize ')
# All copies of a folder have equal settings.
_parse = lru_cache(maxsize=64)(json.loads)


class CopyHead(NamedTuple):
    """What stands before the pixels of a copy.

    Attributes:
        settings (dict): How the pixels were made. ``range`` is the
            :attr:`~.LoadMedicalImage.range_policy`.
        size (int): Size of the original file in bytes.
        shape (tuple): (H, W), or (H, W, 3) for RGB.
        start (int): Number of bytes before the pixels.
    """

    settings: dict[str, Any]
    size: int
    shape: tuple[int, ...]
    start: int


def encode_copy(
    image: np.ndarray, settings: dict[str, Any], size: int
) -> bytes:
    r"""Write a copy.

    Args:
        image (ndarray): uint8, (H, W) or (H, W, 3) BGR.
        settings (dict): Plain values, see :class:`CopyHead`.
        size (int): See there.

    Returns:
        bytes: The file.

    Examples:
        >>> encode_copy(np.zeros((1, 2), np.uint8), {}, 9)[-10:]
        b'2 1\n255\n\x00\x00'
    """
    height, width = image.shape[:2]
    is_grey = image.ndim == 2
    head = (
        f'P{5 if is_grey else 6}\n# mmda resize {json.dumps(settings)}\n'
        f'# of {size} bytes\n{width} {height}\n255\n'
    )
    pixels = image if is_grey else image[..., ::-1]
    return head.encode() + pixels.tobytes()


def read_head(content: bytes) -> CopyHead | None:
    """Read what stands before the pixels.

    Args:
        content (bytes): A file, or its first bytes.

    Returns:
        CopyHead | None: None if the file is no copy.
    """
    if content[:1] != b'P':  # nearly all other images, at once
        return None
    match = _HEAD.match(content)
    if match is None:
        return None
    size, width, height = map(int, match.groups()[1:])
    channels = () if content[1:2] == b'5' else (3,)
    shape = (height, width, *channels)
    return CopyHead(_parse(match[1]), size, shape, match.end())


def decode_copy(content: bytes) -> Pixels | None:
    """Read a copy, as fast as memory allows.

    Args:
        content (bytes): A file.

    Returns:
        Pixels | None: None if the file is no copy.

    Raises:
        OSError: If the head is damaged, or if the file is cut, or has more
            than its pixels.
    """
    try:
        head = read_head(content)
    except ValueError as error:
        raise OSError(f'found a damaged head of a copy: {error}') from error
    if head is None:
        return None
    shape, start = head.shape, head.start
    if len(content) - start != math.prod(shape):
        raise OSError(
            f'found {len(content) - start} bytes of pixels, expected '
            f'{math.prod(shape)}'
        )
    values = np.frombuffer(content, np.uint8, offset=start)
    values = values.reshape(shape).copy()  # bytes cannot be written to
    if len(shape) == 3:
        cv2.cvtColor(values, cv2.COLOR_RGB2BGR, dst=values)
    kind = f'resized {"RGB" if len(shape) == 3 else "L"}'
    policy = head.settings['range']
    return Pixels(values, kind, 0.0, 255.0, 8, range_policy=policy)


def is_copy(path: str | os.PathLike) -> bool:
    """Say whether a file is a copy.

    Args:
        path (str | os.PathLike): A local file. It need not exist.

    Returns:
        bool: False if it cannot be read.
    """
    try:
        with open(path, 'rb') as file:
            return _START.match(file.read(_LONGEST_HEAD)) is not None
    except OSError:
        return False


def is_current(
    path: str | os.PathLike, settings: dict[str, Any], original: os.stat_result
) -> bool:
    """Say whether a file is a whole copy of an image as it is now.

    Args:
        path (str | os.PathLike): The file. It need not exist.
        settings (dict): See :class:`CopyHead`.
        original (os.stat_result): State of the image.

    Returns:
        bool: Whether it need not be written again.
    """
    try:
        with open(path, 'rb') as file:
            head = read_head(file.read(_LONGEST_HEAD))
            state = os.fstat(file.fileno())
    except (OSError, ValueError):  # no file, or a damaged head
        return False
    return (
        head is not None
        and (head.settings, head.size) == (settings, original.st_size)
        and _is_time_of(state.st_mtime_ns, original.st_mtime_ns)
        and state.st_size == head.start + math.prod(head.shape)
    )


def _is_time_of(copy: int, original: int) -> bool:
    """Compare two times in ns. The disk of the copy may have cut its time."""
    return any(original - original % unit == copy for unit in _UNITS)
