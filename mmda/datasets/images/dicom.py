"""Decode a DICOM file with pydicom."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from PIL import Image

from ..broken_images import UnusableImageError
from .pixels import Pixels

_PACKAGES = 'pydicom python-gdcm'
SUFFIXES = ('.dcm', '.dicom')

_MAGIC = slice(128, 132)


def is_dicom(content: bytes, name: str = '') -> bool:
    """Tell a DICOM file by its first bytes, or by its name.

    Args:
        content (bytes): The file, or its first 132 bytes.
        name (str): Its name.

    Returns:
        bool: Whether it is one.
    """
    return content[_MAGIC] == b'DICM' or name.lower().endswith(SUFFIXES)


def decode_dicom(content: bytes, use_window: bool = True) -> Pixels:
    """Decode a DICOM file of one frame.

    The modality LUT or the rescale comes first, then the VOI LUT or the first
    window.

    Args:
        content (bytes): The file.
        use_window (bool): Whether to apply the VOI LUT or the window.
            Defaults to True.

    Returns:
        Pixels: The image. ``low`` and ``high`` are the ends of the window if
        it is applied, else of the values that the stored bits can hold.
        MONOCHROME1 is inverted.

    Raises:
        ImportError: If pydicom is not installed.
        OSError: If the file is broken, or has no image.
        PIL.Image.DecompressionBombError: If it has too many pixels.
        UnusableImageError: If the file has several frames, or if no plug-in
            reads its compression.
    """
    try:
        import pydicom
    except ImportError as error:
        raise ImportError(
            f'DICOM files need pydicom: pip install {_PACKAGES}'
        ) from error
    try:
        dataset = pydicom.dcmread(io.BytesIO(content))
        _check(dataset)
        return _read(dataset, use_window)
    except (OSError, UnusableImageError, Image.DecompressionBombError):
        raise
    except Exception as error:
        # pydicom has a type of error for each step of reading.
        if 'missing dependencies' in str(error):
            kind = dataset.file_meta.TransferSyntaxUID.name
            raise UnusableImageError(
                f'no plug-in of pydicom reads {kind}: pip install {_PACKAGES}'
            ) from error
        raise OSError(f'{type(error).__name__}: {error}') from error


def _check(dataset: Any) -> None:
    if 'PixelData' not in dataset:
        kind = dataset.get('Modality', 'unknown modality')
        # A report, or a file that was cut.
        raise OSError(f'found DICOM ({kind}) without pixels')
    frames = int(dataset.get('NumberOfFrames') or 1)
    if frames > 1:
        raise UnusableImageError(f'found {frames} frames, expected one')
    limit = Image.MAX_IMAGE_PIXELS
    total = int(dataset.Rows) * int(dataset.Columns)
    if limit is not None and total > 2 * limit:
        raise Image.DecompressionBombError(
            f'found {total} pixels, expected at most {2 * limit}'
        )


def _read(dataset: Any, use_window: bool) -> Pixels:
    from pydicom import pixels as dicom

    values = dicom.pixel_array(dataset)
    photometric = dataset.PhotometricInterpretation
    kind = f'DICOM {photometric}'
    if photometric == 'PALETTE COLOR':
        values = dicom.apply_color_lut(values, dataset)
        bits = 8 * values.dtype.itemsize
        return Pixels(_bgr(values), kind, 0.0, 2.0**bits - 1, bits)
    bits = int(dataset.BitsStored)
    if values.ndim == 3:
        return Pixels(_bgr(values), kind, 0.0, 2.0**bits - 1, bits)
    values = dicom.apply_modality_lut(values, dataset)
    low, high = _stored_range(dataset, bits)
    has_window = use_window and _has_window(dataset)
    if has_window:
        # A window stretches to the stored range, a LUT to its own bits.
        if table := dataset.get('VOILUTSequence'):
            low, high = 0.0, 2.0 ** table[0].LUTDescriptor[2] - 1
            # pydicom looks up modulo 256 in a table of 8 bits.
            table[0].LUTDescriptor[2] = 16
        values = dicom.apply_voi_lut(values, dataset)
        # pydicom turns the window of a negative slope upside down.
        if not table and 'RescaleIntercept' in dataset:
            if (dataset.get('RescaleSlope') or 1) < 0:
                values = low + high - values
    is_inverted = photometric == 'MONOCHROME1'
    return Pixels(values, kind, low, high, bits, is_inverted, has_window)


def _bgr(values: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(values[..., 2::-1])


def _has_window(dataset: Any) -> bool:
    if dataset.get('VOILUTSequence'):
        return True
    names = ('WindowCenter', 'WindowWidth')
    return all(dataset.get(name) not in (None, '') for name in names)


def _stored_range(dataset: Any, bits: int) -> tuple[float, float]:
    """Return the least and the largest value after the modality LUT."""
    if table := dataset.get('ModalityLUTSequence'):
        return 0.0, 2.0 ** table[0].LUTDescriptor[2] - 1
    low = -(2.0 ** (bits - 1)) if dataset.PixelRepresentation else 0.0
    ends = [low, low + 2.0**bits - 1]
    slope, shift = dataset.get('RescaleSlope'), dataset.get('RescaleIntercept')
    if slope is not None and shift is not None:
        ends = sorted(float(slope) * end + float(shift) for end in ends)
    return ends[0], ends[1]
