"""Decode an image file, and keep all of its bits."""

from __future__ import annotations

import io

import cv2
import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from ..broken_images import UnusableImageError
from .copies import decode_copy
from .dicom import decode_dicom, is_dicom
from .pixels import Pixels, with_bit_depth

#: Formats that some hospitals have and that no reader here reads.
NO_READER = (
    '.nii', '.nii.gz', '.nrrd', '.nhdr', '.mha', '.mhd', '.mgz', '.npy',
    '.npz', '.h5', '.mat', '.svs', '.ndpi', '.czi', '.pdf',
)  # fmt: skip

# Pillow starts Ghostscript, or the drawing of Windows, for these.
_PROGRAMS = ('EPS', 'WMF')
_WHITE_IS_ZERO = 0
_PHOTOMETRIC = 262  # tag of TIFF


def decode(
    content: bytes,
    name: str = '',
    use_window: bool = True,
    bits: int | None = None,
) -> Pixels:
    """Decode an image file.

    Args:
        content (bytes): The file.
        name (str): Its name. The suffix of a format without a reader is an
            error that says so.
        use_window (bool): Whether to apply the VOI LUT or the window of a
            DICOM file. Defaults to True.
        bits (int, optional): See :func:`~.pixels.with_bit_depth`.

    Returns:
        Pixels: The image, with the orientation of its Exif data, without an
        alpha channel.

    Raises:
        ImportError: If the file is DICOM and pydicom is not installed.
        OSError: If the file is broken, or no image.
        PIL.Image.DecompressionBombError: If it has too many pixels.
        UnusableImageError: If the file is whole, but cannot be used: its
            format has no reader, or it has several pages.
    """
    copy = decode_copy(content)  # before the suffix, which is its original's
    if copy is not None:
        return copy
    suffix = next((s for s in NO_READER if name.lower().endswith(s)), None)
    if suffix is not None:
        raise UnusableImageError(
            f'there is no reader for {suffix}: expected PNG, JPEG, TIFF, BMP, '
            'WebP or DICOM'
        )
    if is_dicom(content, name):
        return decode_dicom(content, use_window)
    try:
        image = Image.open(io.BytesIO(content))
        return from_pillow(image, bits, content)
    except UnidentifiedImageError as error:
        raise OSError('found no image format that Pillow knows') from error
    except (OSError, UnusableImageError, Image.DecompressionBombError):
        raise
    except Exception as error:
        # The decoders of Pillow raise what they like: SyntaxError,
        # struct.error, IndexError.
        raise OSError(f'{type(error).__name__}: {error}') from error


def from_pillow(
    image: Image.Image, bits: int | None = None, content: bytes | None = None
) -> Pixels:
    """Take an image of Pillow, of any mode.

    Args:
        image (PIL.Image): The image.
        bits (int, optional): See :func:`~.pixels.with_bit_depth`.
        content (bytes, optional): The file. Colour of 16 bits is read from
            it, because Pillow keeps 8 bits of it.

    Returns:
        Pixels: The image.

    Raises:
        UnusableImageError: If a TIFF file has several pages, if colour of 16
            bits comes without its file, or if Pillow would start another
            program.

    Examples:
        >>> from_pillow(Image.new('LA', (2, 1), 7)).values.tolist()
        [[7, 7]]
    """
    kind = f'{image.format or "Pillow"} {image.mode}'
    if image.format in _PROGRAMS:
        raise UnusableImageError(
            f'found {image.format}, which another program would draw; '
            'expected an image of pixels'
        )
    pages = getattr(image, 'n_frames', 1)
    if image.format == 'TIFF' and pages > 1:
        raise UnusableImageError(f'found {pages} pages, expected one')
    tags = getattr(image, 'tag_v2', {})
    is_deep = image.mode.startswith('I') or image.mode == 'F'
    is_inverted = is_deep and tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO
    is_wide = image.mode in ('RGB', 'RGBA', 'LA') and ';16' in str(
        [tile[3] for tile in getattr(image, 'tile', [])]
    )
    if is_wide and content is None:
        raise UnusableImageError(
            'found colour of 16 bits, of which Pillow keeps 8; expected the '
            'path of the file'
        )
    image = ImageOps.exif_transpose(image)  # decodes all of the file
    if is_wide:
        assert content is not None
        values = _read_wide(content, is_grey=image.mode == 'LA')
        kind += ' of 16 bits'
    elif is_deep:
        values = _read_deep(image)
    elif image.mode in ('1', 'L', 'LA', 'La'):
        # A copy, as Pillow's own array cannot be written to.
        values = np.array(image.convert('L'))
    else:
        values = _read_colour(image)
    pixels = Pixels(values, kind, is_inverted=is_inverted)
    return with_bit_depth(pixels, bits)


def _read_deep(image: Image.Image) -> np.ndarray:
    values = np.asarray(image)
    # Pillow keeps the values of some files of 16 bits in 32 bits (mode I).
    if values.dtype == np.int32 and values.size:
        if 0 <= values.min() and values.max() <= 65535:
            return values.astype(np.uint16)
    return values.astype(values.dtype.newbyteorder('='))


def _read_wide(content: bytes, is_grey: bool) -> np.ndarray:
    """Read colour of 16 bits. Pillow has said that the file is whole."""
    mode = cv2.IMREAD_GRAYSCALE if is_grey else cv2.IMREAD_COLOR
    buffer = np.frombuffer(content, np.uint8)
    values = cv2.imdecode(buffer, mode | cv2.IMREAD_ANYDEPTH)
    if values is None:
        raise OSError('OpenCV does not read this colour image of 16 bits')
    return values


def _read_colour(image: Image.Image) -> np.ndarray:
    has_palette = image.mode in ('P', 'PA')
    if has_palette:
        image = image.convert('RGBA')  # it can be transparent
    values = np.asarray(image.convert('RGB'))[..., ::-1]
    if has_palette and (values == values[..., :1]).all():
        return np.ascontiguousarray(values[..., 0])
    return np.ascontiguousarray(values)
