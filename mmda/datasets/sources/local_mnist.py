"""MNIST from local files, packed or not."""

from __future__ import annotations

import gzip
import os.path as osp

import numpy as np
from mmengine.registry import DATASETS
from mmpretrain.datasets import MNIST

from .local_images import LocalImages


# The stock MNIST downloads what is missing, unpacks into data_root, and takes
# the test images for every dataset with test_mode=True.
@DATASETS.register_module()
class LocalMNIST(LocalImages):
    """The images of the stock ``MNIST``, for sources made of parts.

    It differs from the stock class:

    - ``split`` alone decides between training and test images. So a part of
      the training images can validate, with ``test_mode=True``.
    - Nothing is downloaded, and nothing is written to ``data_root``.
    - The classes are ``'0'`` to ``'9'``. The stock names are ``'0 - zero'``
      to ``'9 - nine'``.

    Samples have ``img``, uint8 (28, 28), and ``gt_score`` (float32, (10,)).

    Args:
        data_root (str): Folder of the four ``.gz`` files, or of the unpacked
            files.
        split (str): 'train' (60,000 images) or 'test' (10,000 images).
        **kwargs: Other arguments of :class:`TableDataset`.

    Raises:
        FileNotFoundError: If a file is missing.
        ValueError: If there is no such split, if a file is broken, or if the
            files of images and labels do not belong together.
    """

    METAINFO = dict(classes=tuple('0123456789'))
    LAYOUT = (
        f'Download the 4 files (11.6 MB) from {MNIST.url_prefix} into '
        'data_root.'
    )

    def read_arrays(self) -> tuple[np.ndarray, np.ndarray]:
        """Read images and labels of the split.

        Returns:
            tuple[ndarray, ndarray]: uint8 (N, 28, 28) and (N,).
        """
        files = MNIST.train_list if self.split == 'train' else MNIST.test_list
        paths = [self._find(packed) for packed, _ in files]
        images, labels = (self.read(path, _read_idx) for path in paths)
        if images.ndim != 3 or labels.shape != images.shape[:1]:
            raise ValueError(
                f'LocalMNIST: found shape {images.shape} in {paths[0]} and '
                f'{labels.shape} in {paths[1]}, expected (N, 28, 28) and (N,)'
            )
        return images, labels

    def _find(self, packed: str) -> str:
        plain = osp.join(self.folder, packed.removesuffix('.gz'))
        if osp.exists(plain):
            return plain
        return self.require_file(osp.join(self.folder, packed))


def _read_idx(path: str) -> np.ndarray:
    """Read a file of unsigned bytes in the idx format, packed or not."""
    opener = gzip.open if path.endswith('.gz') else open
    with opener(path, 'rb') as file:
        data = file.read()
    if data[:3] != b'\0\0\x08':
        raise ValueError('it does not begin as an idx file of bytes')
    start = 4 + 4 * data[3]
    shape = np.frombuffer(data[4:start], '>i4')
    return np.frombuffer(data, np.uint8, offset=start).reshape(shape)
