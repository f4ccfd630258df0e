"""MNIST from files that are there, packed or not, as arrays."""

from __future__ import annotations

import gzip
import os
from typing import Any

import numpy as np
from mmengine.registry import DATASETS
from mmpretrain.datasets import MNIST

from ..tables.label_table import LabelTable
from ..tables.missing_files import require_files
from ..tables.table_dataset import TableDataset

_FILES = {
    'train': tuple(name for name, _ in MNIST.train_list),
    'test': tuple(name for name, _ in MNIST.test_list),
}


@DATASETS.register_module()
class LocalMNIST(TableDataset):
    """The same images as the stock ``MNIST``, for sources made of parts.

    The stock class works inside of ``PartialLabelDataset``, too, but it
    unpacks into ``data_root``, which may be read-only, downloads what is
    missing, needs some seconds for each source (an object per image), and
    takes the test images for ``split='train', test_mode=True`` - which is
    what a validation part of the training images has. Here ``split`` alone
    decides, and nothing is downloaded.

    Samples carry ``img``, uint8 (28, 28), and ``gt_score`` (float32, (10,)).
    The classes are ``'0'`` to ``'9'``, not the stock ``'0 - zero'``.

    Args:
        data_root (str): Folder of the four ``.gz`` files, or of the unpacked
            ones.
        split (str): 'train' (60,000 images) or 'test' (10,000).
        **kwargs: Other arguments of :class:`TableDataset`.

    Raises:
        FileNotFoundError: If a file is missing.
        ValueError: If there is no such split, or images and labels do not
            belong together.
    """

    METAINFO = dict(classes=tuple('0123456789'))

    def __init__(
        self, data_root: str = '', split: str = 'train', **kwargs: Any
    ) -> None:
        if split not in _FILES:
            raise ValueError(
                f"split of LocalMNIST: found {split!r}, expected 'train' or "
                "'test'"
            )
        self.split = split
        super().__init__(data_root=data_root, **kwargs)

    def load_data_list(self) -> LabelTable:
        """Read images and labels of the split.

        Returns:
            LabelTable: Images and one-hot labels.
        """
        folder = os.path.expanduser(self.data_root)
        paths = [self._path(folder, name) for name in _FILES[self.split]]
        images, labels = (_read_idx(path) for path in paths)
        if images.ndim != 3 or labels.shape != images.shape[:1]:
            raise ValueError(
                f'LocalMNIST: found shape {images.shape} in {paths[0]} and '
                f'{labels.shape} in {paths[1]}, expected (N, 28, 28) and (N,)'
            )
        digits = np.array(self.metainfo['classes'], dtype=np.int64)
        one_hot = labels[:, None] == digits
        return LabelTable(gt_score=one_hot.astype(np.float32), img=images)

    @staticmethod
    def _path(folder: str, packed: str) -> str:
        plain = packed.removesuffix('.gz')
        if os.path.exists(os.path.join(folder, plain)):
            return os.path.join(folder, plain)
        require_files(
            'MNIST', folder, [packed], MNIST.url_prefix, '4 files, 11.6 MB'
        )
        return os.path.join(folder, packed)


def _read_idx(path: str) -> np.ndarray:
    """Read a file in the idx format (unsigned bytes), packed or not."""
    opener = gzip.open if path.endswith('.gz') else open
    try:
        with opener(path, 'rb') as file:
            data = file.read()
        if data[:3] != b'\0\0\x08':
            raise ValueError('it does not begin as an idx file of bytes')
        start = 4 + 4 * data[3]
        shape = np.frombuffer(data[4:start], '>i4')
        return np.frombuffer(data, np.uint8, offset=start).reshape(shape)
    except (OSError, EOFError, ValueError) as error:
        raise ValueError(
            f'LocalMNIST: {path} is broken or incomplete: {error}'
        ) from error
