"""Pixels as users have them, turned into what an image file gives."""

from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image, ImageOps

_EXPECTED = (
    'expected uint8, uint16 or float in [0, 1], of shape (H, W), (H, W, 1), '
    '(H, W, 3) in BGR or (H, W, 4) in BGRA'
)


def to_bgr(image: Any) -> np.ndarray:
    """Turn pixels into those that reading the same image file would give.

    An alpha channel is dropped, 16 bits become the upper 8, and an image of
    Pillow is turned as its Exif data say, as OpenCV does when it reads a file.

    Args:
        image (ndarray | PIL.Image): An array as the message of the error
            says, or an image of Pillow of any mode.

    Returns:
        ndarray: uint8 (H, W, 3), BGR.

    Raises:
        ValueError: If it is something else; says what.

    Examples:
        >>> to_bgr(np.array([[0.0, 1.0]]))[0, :, 0]
        array([  0, 255], dtype=uint8)
    """
    if isinstance(image, Image.Image):
        image = ImageOps.exif_transpose(image)
        wide = image.mode.startswith('I') or image.mode == 'F'
        if not wide:
            return np.asarray(image.convert('RGB'))[..., ::-1].copy()
        image = np.asarray(image)
        if image.dtype == np.int32:  # mode I holds 16 bits by convention
            image = _narrow(image)
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
    pixels = _to_uint8(image).reshape(*image.shape[:2], channels)
    if channels == 1:
        pixels = np.repeat(pixels, 3, axis=2)
    return np.ascontiguousarray(pixels[..., :3])


def _to_uint8(image: np.ndarray) -> np.ndarray:
    if image.dtype == np.uint8:
        return image
    low, high = image.min(), image.max()
    found = f'found {image.dtype} from {low:g} to {high:g}'
    if image.dtype.newbyteorder('=') == np.uint16:
        if high <= 255:
            raise ValueError(
                f'{found}: 16 bits that use 8 would be black; pass uint8'
            )
        return (image >> 8).astype(np.uint8)
    # NaN fails the comparison.
    if image.dtype.kind == 'f' and 0 <= low and high <= 1:
        return np.round(image * 255.0).astype(np.uint8)
    raise ValueError(f'{found}, {_EXPECTED}')


def _narrow(image: np.ndarray) -> np.ndarray:
    if image.size and 0 <= image.min() and image.max() <= 65535:
        return image.astype(np.uint16)
    return image
