"""CIFAR-10 from files that are there, as arrays."""

from __future__ import annotations

import os
import pickle
from typing import Any

import numpy as np
from mmengine.registry import DATASETS
from mmpretrain.datasets import CIFAR10

from ..tables.label_table import LabelTable
from ..tables.missing_files import require_files
from ..tables.table_dataset import TableDataset

_FILES = {
    'train': tuple(name for name, _ in CIFAR10.train_list),
    'test': tuple(name for name, _ in CIFAR10.test_list),
}


@DATASETS.register_module()
class LocalCIFAR10(TableDataset):
    """The same images as the stock ``CIFAR10``, for sources made of parts.

    As :class:`LocalMNIST`: arrays in place of an object per image, and a
    message in place of a download. Samples carry ``img``, uint8 (32, 32, 3),
    RGB, and ``gt_score`` (float32, (10,)).

    Args:
        data_root (str): Folder of ``cifar-10-batches-py``.
        split (str): 'train' (50,000 images) or 'test' (10,000).
        **kwargs: Other arguments of :class:`TableDataset`.

    Raises:
        FileNotFoundError: If a file is missing.
        ValueError: If there is no such split, or a file is broken.
    """

    METAINFO = CIFAR10.METAINFO

    def __init__(
        self, data_root: str = '', split: str = 'train', **kwargs: Any
    ) -> None:
        if split not in _FILES:
            raise ValueError(
                f"split of LocalCIFAR10: found {split!r}, expected 'train' or "
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
        names = [f'{CIFAR10.base_folder}/{n}' for n in _FILES[self.split]]
        require_files(
            'CIFAR10', folder, names, f'and unpack {CIFAR10.url}', '170 MB'
        )
        images, labels = [], []
        for name in names:
            path = os.path.join(folder, name)
            try:
                with open(path, 'rb') as file:
                    batch = pickle.load(file, encoding='latin1')
                images.append(batch['data'].reshape(-1, 3, 32, 32))
                labels += batch['labels']
            except Exception as error:  # pickle raises what it likes
                raise ValueError(
                    f'LocalCIFAR10: {path} is broken or incomplete: {error!r}'
                ) from error
        known = list(CIFAR10.METAINFO['classes'])
        columns = [known.index(name) for name in self.metainfo['classes']]
        one_hot = np.array(labels)[:, None] == np.array(columns)
        return LabelTable(
            gt_score=one_hot.astype(np.float32),
            # (N, 3, 32, 32) -> (N, 32, 32, 3)
            img=np.ascontiguousarray(
                np.concatenate(images).transpose(0, 2, 3, 1)
            ),
        )
