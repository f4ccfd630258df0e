"""Tell a broken image file from a fault in the code that reads it."""

from __future__ import annotations

from traceback import walk_tb
from urllib.error import URLError

import cv2
from PIL import Image

# Its functions decode the images and the label maps of both hosts.
_DECODER = 'mmcv.image.io'


class UnusableImageError(ValueError):
    """A whole image that the loader cannot use with its settings.

    It is no broken file, for which a training takes another image: all other
    images of the source would fail, too.
    """


def is_decode_error(error: Exception) -> bool:
    """Tell a broken or over-large image file from a fault in the pipeline.

    Args:
        error (Exception): An exception of the pipeline.

    Returns:
        bool: True if no decoder understands the file, or if it has more
        pixels than a decoder takes.
    """
    if isinstance(error, OSError):
        # A number comes from the file system, not from a decoder. Errors of a
        # network, such as HTTP 404, have none, nor has ours of a missing file.
        missing = (FileNotFoundError, URLError, ConnectionError, TimeoutError)
        return error.errno is None and not isinstance(error, missing)
    if isinstance(error, AssertionError):
        return str(error).startswith('failed to load image')
    if isinstance(error, Image.DecompressionBombError):
        return True
    # Decoders raise what they like: cv2.error, SyntaxError, struct.error.
    return any(
        frame.f_globals.get('__name__') == _DECODER
        for frame, _ in walk_tb(error.__traceback__)
    )


def is_for_three_channels(error: Exception, info: dict) -> bool:
    """Tell whether a transform may have failed on a grey image.

    ``ColorJitter``, ``RandomErasing``, ``Lighting`` and others of the hosts
    index or convert the three channels of an image without a look at it.

    Args:
        error (Exception): An exception of the pipeline.
        info (dict): What the pipeline got and changed.

    Returns:
        bool: True if the image has one channel, shape (H, W), and the error
        is one that arrays of another shape cause.
    """
    kinds = (ValueError, IndexError, cv2.error)
    is_grey = getattr(info.get('img'), 'ndim', 3) == 2
    return is_grey and isinstance(error, kinds)
