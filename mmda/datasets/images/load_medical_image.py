"""Load an image of any depth, for training and for inference."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from mmengine import fileio
from mmengine.registry import TRANSFORMS
from PIL import Image

from ..broken_images import UnusableImageError
from .decode import decode, from_pillow
from .pixels import Pixels, from_array

COLOR_TYPES = ('unchanged', 'grayscale', 'color')
POLICIES = ('dicom_window', 'bit_depth', 'percentiles')


@TRANSFORMS.register_module()
class LoadMedicalImage(BaseTransform):
    """Load an image, and map its range to [0, 255].

    It reads what Pillow reads, of 8, 10, 12, 14 and 16 bits and of floats, and
    DICOM through pydicom. A grey image has one channel. The data preprocessor
    widens it: it subtracts a ``mean`` of three channels.

    Alpha channels are dropped. A palette becomes colour, or grey if all of its
    colours are grey. Exif data turn the image.

    Args:
        color_type (str): 'unchanged' keeps grey images grey and colour images
            in colour. 'grayscale' and 'color' convert, so that all images
            have equally many channels. Defaults to 'unchanged'.
        pixel_range (str | Sequence[float]): Which values become black and
            white.

            - 'dicom_window' (default): the ends of the VOI LUT or of the
              first window of a DICOM file; for other files, and for DICOM
              files without a window, as 'bit_depth'.
            - 'bit_depth': 0 and the largest value that the bits can hold;
              0 and 1 for floats.
            - 'percentiles': two percentiles of each image, see
              ``percentiles``.
            - (low, high): these two values, for all images. The values of
              DICOM are those after the rescale, such as Hounsfield units.
        bits (int, optional): Bits that files of 16 bits use, such as 12.
            Defaults to None: the smallest of 8, 10, 12, 14 and 16 bits that
            holds all values of the image. Give it if a source has dark
            images. A DICOM file says its own.
        percentiles (Sequence[float]): The two percentiles, of 0 to 100.
            Defaults to (0.5, 99.5).
        to_float32 (bool): Return float32, which keeps the grey levels of more
            than 8 bits, for transforms that take it. Defaults to False: uint8.
        backend_args (dict, optional): As in ``LoadImageFromFile``.

    Raises:
        ValueError: If an option has an unknown value.

    Examples:
        >>> load = LoadMedicalImage(pixel_range=(0, 4095))
        >>> load(dict(img=np.array([[0, 4095]], np.uint16)))['img']
        array([[  0, 255]], dtype=uint8)
    """

    def __init__(
        self,
        color_type: str = 'unchanged',
        pixel_range: str | Sequence[float] = 'dicom_window',
        bits: int | None = None,
        percentiles: Sequence[float] = (0.5, 99.5),
        to_float32: bool = False,
        backend_args: dict | None = None,
    ) -> None:
        if color_type not in COLOR_TYPES:
            raise ValueError(
                f'color_type of LoadMedicalImage: found {color_type!r}, '
                f'expected one of {COLOR_TYPES}'
            )
        if pixel_range not in POLICIES:
            _check_pair('pixel_range', pixel_range, f'{POLICIES} or ')
        _check_pair('percentiles', percentiles)
        is_number = isinstance(bits, int)
        if bits is not None and not (is_number and 8 <= bits <= 16):
            raise ValueError(
                f'bits of LoadMedicalImage: found {bits!r}, expected 8 to 16'
            )
        self.color_type = color_type
        self.pixel_range = pixel_range
        self.bits = bits
        self.percentiles = tuple(percentiles)
        self.to_float32 = to_float32
        self.backend_args = backend_args
        #: dict: What decides about black and white, as plain values.
        self.range_policy = self._range_policy()

    def _range_policy(self) -> dict[str, Any]:
        pair = self.pixel_range
        policy = pair if isinstance(pair, str) else [float(v) for v in pair]
        found: dict[str, Any] = dict(pixel_range=policy, bits=self.bits)
        if policy == 'percentiles':
            found['percentiles'] = [float(v) for v in self.percentiles]
        return found

    def transform(self, results: dict) -> dict:
        """Load an image.

        Args:
            results (dict): With ``img_path``, a file; or with ``img``, an
                array or an image of Pillow, see :func:`~.pixels.from_array`.

        Returns:
            dict: ``results`` with ``img``, (H, W) or (H, W, 3) BGR, in [0,
            255], ``img_shape`` and ``ori_shape``.

        Raises:
            FileNotFoundError: If there is no such file.
            ImportError: If the file is DICOM and pydicom is not installed.
            OSError: If the file is broken.
            UnusableImageError: If the file is whole, but cannot be used with
                these settings.
        """
        path = results.get('img_path')
        try:
            image = self.map(self.read(results))
        except (UnusableImageError, ImportError) as error:
            if path is None:
                raise
            raise type(error)(f'{path}: {error}') from error
        results['img'] = image
        results['img_shape'] = results['ori_shape'] = image.shape[:2]
        return results

    def read(self, results: dict) -> Pixels:
        """Read the pixels as they are, see :meth:`transform`.

        Args:
            results (dict): With ``img_path`` or ``img``.

        Returns:
            Pixels: The image, with its own range.
        """
        path = results.get('img_path')
        if path is None:
            image = results['img']
            if isinstance(image, Image.Image):
                return from_pillow(image, self.bits)
            return from_array(image, self.bits)
        content = fileio.get(path, backend_args=self.backend_args)
        use_window = self.pixel_range == 'dicom_window'
        return decode(content, str(path), use_window, self.bits)

    def map(self, pixels: Pixels) -> np.ndarray:
        """Map the range to [0, 255], and convert grey or colour.

        Args:
            pixels (Pixels): From :meth:`read`.

        Returns:
            ndarray: (H, W) or (H, W, 3) BGR.

        Raises:
            UnusableImageError: If the range is unknown.
        """
        values = self._map_range(pixels)
        is_grey = values.ndim == 2
        if self.color_type == 'grayscale' and not is_grey:
            values = cv2.cvtColor(values, cv2.COLOR_BGR2GRAY)
        elif self.color_type == 'color' and is_grey:
            values = cv2.cvtColor(values, cv2.COLOR_GRAY2BGR)
        return values.astype(np.float32) if self.to_float32 else values

    def _map_range(self, pixels: Pixels) -> np.ndarray:
        """Map black to 0 and white to 255."""
        low, high = self._limits(pixels)
        values = pixels.values
        if values.dtype == np.uint8 and (low, high) == (0, 255):
            return 255 - values if pixels.is_inverted else values
        scale = 255.0 / (high - low) if high > low else 0.0
        # float64 keeps integers of 32 bits.
        mapped = ((values - np.float64(low)) * scale).clip(0, 255)
        if pixels.is_inverted:
            mapped = 255.0 - mapped
        if self.to_float32:
            return mapped.astype(np.float32)
        return mapped.round().astype(np.uint8)

    def _limits(self, pixels: Pixels) -> tuple[float, float]:
        if pixels.range_policy is not None:
            if pixels.range_policy != self.range_policy:
                raise UnusableImageError(
                    f'found a copy that mmda resize wrote with '
                    f'{pixels.range_policy}, expected {self.range_policy} as '
                    'LoadMedicalImage has it'
                )
            return 0.0, 255.0
        if not isinstance(self.pixel_range, str):
            return float(self.pixel_range[0]), float(self.pixel_range[1])
        if self.pixel_range == 'percentiles':
            low, high = np.percentile(pixels.values, self.percentiles)
            return float(low), float(high)
        if pixels.low is None or pixels.high is None:
            raise UnusableImageError(
                f'{pixels.found}, expected integers of at most 16 bits or '
                'floats in [0, 1]: choose pixel_range=(low, high) or '
                "pixel_range='percentiles' of LoadMedicalImage"
            )
        return pixels.low, pixels.high

    def __repr__(self) -> str:
        return (
            f'{type(self).__name__}(color_type={self.color_type!r}, '
            f'pixel_range={self.pixel_range!r}, bits={self.bits}, '
            f'percentiles={self.percentiles}, to_float32={self.to_float32})'
        )


def _check_pair(option: str, value: Any, others: str = '') -> None:
    is_pair = isinstance(value, Sequence) and not isinstance(value, str)
    if not is_pair or len(value) != 2 or not value[0] < value[1]:
        raise ValueError(
            f'{option} of LoadMedicalImage: found {value!r}, expected '
            f'{others}two numbers (low, high)'
        )
