"""The pixels of an image with their range, before any mapping to 8 bits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..broken_images import UnusableImageError

#: Depths that cameras and scanners have. A file may use more bits than needed.
_DEPTHS = (8, 10, 12, 14, 16)
_INTEGERS = ('uint8', 'uint16', 'int16', 'uint32', 'int32')
_EXPECTED = (
    'expected uint8, uint16 or float in [0, 1], of shape (H, W), (H, W, 1), '
    '(H, W, 3) in BGR or (H, W, 4) in BGRA'
)


@dataclass
class Pixels:
    """An image as its file holds it.

    Attributes:
        values (ndarray): (H, W) of a grey image, (H, W, 3) BGR of a colour
            image. uint8, or another dtype for more than 8 bits.
        kind (str): Format and mode, such as 'PNG I;16'.
        low (float | None): Value of black. None if neither the dtype nor the
            file says it.
        high (float | None): Value of white.
        bits (int | None): Bits of a pixel. None for floats.
        is_inverted (bool): Whether ``low`` is white.
        has_window (bool): Whether the file names the range to look at, so
            that ``low`` and ``high`` are the ends of this range.
        range_policy (dict | None): How the range was mapped to 8 bits, if the
            file is a copy of ``mmda resize``.
    """

    values: np.ndarray
    kind: str
    low: float | None = None
    high: float | None = None
    bits: int | None = None
    is_inverted: bool = False
    has_window: bool = False
    range_policy: dict[str, Any] | None = None

    @property
    def found(self) -> str:
        """str: Dtype and range of the values, for messages."""
        low, high = self.values.min(), self.values.max()
        return f'found {self.values.dtype} from {low:g} to {high:g}'


def with_bit_depth(pixels: Pixels, bits: int | None) -> Pixels:
    """Say which values are black and white, from the depth of the image.

    Unsigned integers have the depth that is given. Without one, the depth is
    the smallest of 8, 10, 12, 14 and 16 bits that holds all values. Floats
    have the range [0, 1], if they lie in it. Other values have no depth.

    Args:
        pixels (Pixels): The image. ``low``, ``high`` and ``bits`` are set.
        bits (int, optional): Bits of a pixel of a file with 16 bits.

    Returns:
        Pixels: ``pixels``.

    Raises:
        UnusableImageError: If a value does not fit into ``bits``, or is NaN.

    Examples:
        >>> image = Pixels(np.array([[0, 4095]], np.uint16), 'PNG I;16')
        >>> with_bit_depth(image, None).bits
        12
    """
    values = pixels.values
    lowest, highest = float(values.min()), float(values.max())
    if not np.isfinite(lowest + highest):
        raise UnusableImageError(
            f'{pixels.found}, expected numbers that are finite'
        )
    if values.dtype.kind == 'f':
        if lowest >= 0 and highest <= 1:
            pixels.low, pixels.high = 0.0, 1.0
        return pixels
    if values.dtype == np.uint8:
        pixels.bits = 8
    elif bits is not None:
        pixels.bits = bits
    else:
        enough = [n for n in _DEPTHS if highest < 2**n]
        pixels.bits = enough[0] if enough else None
    if lowest < 0 or pixels.bits is None:
        return pixels
    pixels.low, pixels.high = 0.0, 2.0**pixels.bits - 1
    if highest > pixels.high:
        raise UnusableImageError(
            f'{pixels.found}, expected at most {pixels.high:g} as bits={bits}'
        )
    return pixels


def from_array(image: Any, bits: int | None = None) -> Pixels:
    """Take an array as an image, and check it.

    Args:
        image (ndarray): uint8, uint16, int16, uint32, int32 or floats, of
            shape (H, W), (H, W, 1), (H, W, 3) in BGR or (H, W, 4) in BGRA.
            The fourth channel is dropped.
        bits (int, optional): See :func:`with_bit_depth`.

    Returns:
        Pixels: The image.

    Raises:
        ValueError: If it is no image. The message names what was found.

    Examples:
        >>> from_array(np.zeros((4, 6, 1), np.uint8)).values.shape
        (4, 6)
    """
    if not isinstance(image, np.ndarray):
        raise ValueError(
            f'found pixels of type {type(image).__name__}; expected a path, '
            'an image of Pillow or a NumPy array ('
            f'{_EXPECTED.removeprefix("expected ")})'
        )
    if image.ndim == 4:
        raise ValueError(
            f'found an array of shape {image.shape}: pass a batch as a list '
            'of images'
        )
    channels = image.shape[2] if image.ndim == 3 else 1
    if image.ndim not in (2, 3) or not image.size or channels not in (1, 3, 4):
        hint = ''
        if image.ndim == 3 and image.shape[0] in (1, 3, 4):
            hint = '; the channels come last'
        raise ValueError(
            f'found an array of shape {image.shape}, {_EXPECTED}{hint}'
        )
    values = image.astype(image.dtype.newbyteorder('='), copy=False)
    pixels = Pixels(values, f'array {values.dtype}')
    if values.dtype.name not in _INTEGERS and values.dtype.kind != 'f':
        raise ValueError(f'{pixels.found}, {_EXPECTED}')
    if channels == 1:
        pixels.values = values.reshape(values.shape[:2])
    else:
        pixels.values = values[..., :3]
    return with_bit_depth(pixels, bits)
