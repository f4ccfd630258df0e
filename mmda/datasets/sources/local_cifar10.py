"""CIFAR-10 from local files."""

from __future__ import annotations

import os.path as osp
import pickle
from typing import Any

import numpy as np
from mmengine.registry import DATASETS
from mmpretrain.datasets import CIFAR10

from .local_images import LocalImages


# The stock CIFAR10 downloads what is missing, and takes the test images for
# every dataset with test_mode=True.
@DATASETS.register_module()
class LocalCIFAR10(LocalImages):
    """The images of the stock ``CIFAR10``, for sources made of parts.

    It differs from the stock class:

    - ``split`` alone decides between training and test images. So a part of
      the training images can validate, with ``test_mode=True``.
    - Nothing is downloaded.

    Samples have ``img``, uint8 (32, 32, 3), RGB, and ``gt_score`` (float32,
    (10,)).

    Args:
        data_root (str): Folder of ``cifar-10-batches-py``.
        split (str): 'train' (50,000 images) or 'test' (10,000 images).
        **kwargs: Other arguments of :class:`TableDataset`.

    Raises:
        FileNotFoundError: If a file is missing.
        ValueError: If there is no such split, or if a file is broken.
    """

    METAINFO = CIFAR10.METAINFO
    LAYOUT = f'Download {CIFAR10.url} (170 MB) and unpack it into data_root.'

    def read_arrays(self) -> tuple[np.ndarray, np.ndarray]:
        """Read images and labels of the split.

        Returns:
            tuple[ndarray, ndarray]: uint8 (N, 32, 32, 3) and (N,).
        """
        is_train = self.split == 'train'
        files = CIFAR10.train_list if is_train else CIFAR10.test_list
        folder = osp.join(self.folder, CIFAR10.base_folder)
        paths = [
            self.require_file(osp.join(folder, name)) for name, _ in files
        ]
        return self.read(paths, _read_batch)


class _ArraysOnly(pickle.Unpickler):
    """Read the pickles of CIFAR-10. Any other pickle could run code."""

    def find_class(self, module: str, name: str) -> Any:
        """Return what rebuilds an array."""
        arrays = {
            '_reconstruct': np.zeros(0).__reduce__()[0],
            'ndarray': np.ndarray,
            'dtype': np.dtype,
        }
        if module.partition('.')[0] != 'numpy' or name not in arrays:
            raise pickle.UnpicklingError(
                f'found {module}.{name}, expected arrays and lists only'
            )
        return arrays[name]


def _read_batch(path: str) -> tuple[np.ndarray, np.ndarray]:
    with open(path, 'rb') as file:
        batch = _ArraysOnly(file, encoding='latin1').load()
    # (N, 3072) -> (N, 3, 32, 32) -> (N, 32, 32, 3)
    images = batch['data'].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    labels = np.array(batch['labels'])
    if len(images) != len(labels):
        raise ValueError(f'{len(images)} images and {len(labels)} labels')
    return np.ascontiguousarray(images), labels
