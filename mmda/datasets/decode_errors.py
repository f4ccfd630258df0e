"""Tells a broken image from a fault in the code that reads it."""

from __future__ import annotations

import cv2

#: What the decoders raise on a broken file, among other things.
MAYBE_DECODE_ERRORS = (OSError, SyntaxError, AssertionError, cv2.error)


def is_decode_error(error: BaseException) -> bool:
    """Tell a broken image file from a fault in the pipeline's code.

    Args:
        error (BaseException): One of ``MAYBE_DECODE_ERRORS``.

    Returns:
        bool: True for a file that no decoder understands.
    """
    if isinstance(error, AssertionError):
        return str(error).startswith('failed to load image')
    if isinstance(error, SyntaxError):
        return 'PNG' in str(error)  # Pillow reports a broken chunk like this
    if isinstance(error, cv2.error):
        return 'imdecode' in str(error.func)
    # With a number it comes from the file system, not from a decoder.
    return getattr(error, 'errno', None) is None
