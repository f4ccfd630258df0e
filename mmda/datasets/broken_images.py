"""Tell a broken image file from a fault in the code that reads it."""

from __future__ import annotations

import cv2

#: Errors that the decoders raise on a broken file. Other code raises them too.
MAYBE_DECODE_ERRORS = (OSError, SyntaxError, AssertionError, cv2.error)


def is_decode_error(error: BaseException) -> bool:
    """Tell a broken image file from a fault in the pipeline.

    Args:
        error (BaseException): One of ``MAYBE_DECODE_ERRORS``.

    Returns:
        bool: True if no decoder understands the file.
    """
    if isinstance(error, AssertionError):
        return str(error).startswith('failed to load image')
    if isinstance(error, SyntaxError):
        return 'PNG' in str(error)  # Pillow reports a broken chunk like this
    if isinstance(error, cv2.error):
        return 'imdecode' in str(error.func)
    # An OSError with a number comes from the file system, not from a decoder.
    return getattr(error, 'errno', None) is None
