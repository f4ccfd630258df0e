"""The 2D data sets of MedMNIST, from their official files."""

from __future__ import annotations

import importlib
import os
import zipfile
from collections.abc import Sequence
from typing import Any

import numpy as np
from mmengine import dist
from mmengine.registry import DATASETS

from mmda.structures import nearest

from ..tables.label_table import LabelTable
from ..tables.missing_files import require_files
from ..tables.table_dataset import TableDataset
from .medmnist_info import MEDMNIST_INFO, RECORD

_SPLITS = ('train', 'val', 'test')


@DATASETS.register_module()
class MedMNIST(TableDataset):
    """A 2D data set of MedMNIST [0], in its official split.

    Reads ``data_root/<name>.npz``. Samples carry ``img``, uint8 (H, W) or
    (H, W, 3), RGB, and ``gt_score`` (float32, one entry per class). All
    classes are annotated in every image.

    [0] Yang et al., MedMNIST v2, Scientific Data 2023.

    Args:
        name (str): Such as 'dermamnist', 'tissuemnist', 'organamnist' or
            'retinamnist'.
        data_root (str): Folder of the files.
        split (str): 'train', 'val' or 'test'.
        size (int): Pixels of an edge: 28 (default), 64, 128 or 224, where
            such a file exists.
        download (bool): Fetch a missing file with the ``medmnist`` package,
            where it is installed. Defaults to False.
        classes (Sequence[str], optional): Which of its classes, in which
            order. Defaults to all of them.
        **kwargs: Other arguments of :class:`TableDataset`.

    Raises:
        FileNotFoundError: If the file is missing; says where to get it.
        ImportError: If ``download`` is set and ``medmnist`` is not installed.
        ValueError: If there is no such data set or split, or the file is not
            what its name says.
    """

    def __init__(
        self,
        name: str,
        data_root: str = '',
        split: str = 'train',
        size: int = 28,
        download: bool = False,
        classes: Sequence[str] | None = None,
        **kwargs: Any,
    ) -> None:
        if name not in MEDMNIST_INFO:
            raise ValueError(
                f'name of MedMNIST: found {name!r}'
                f'{nearest(name, MEDMNIST_INFO)}'
            )
        if split not in _SPLITS:
            raise ValueError(
                f'split of MedMNIST: found {split!r}, expected one of '
                f'{_SPLITS}'
            )
        self.info = MEDMNIST_INFO[name]
        self.METAINFO = dict(classes=self.info.classes)
        self.split = split
        self.download = download
        self.flag = name if size == 28 else f'{name}_{size}'
        super().__init__(
            f'{self.flag}.npz',
            classes or self.info.classes,
            data_root=data_root,
            **kwargs,
        )

    def load_data_list(self) -> LabelTable:
        """Read images and labels of the split.

        Returns:
            LabelTable: Images and labels.
        """
        path = os.path.expanduser(self.ann_file)
        if self.download and not os.path.exists(path):
            self._download(path)
        folder, file_name = os.path.split(path)
        require_files(
            'MedMNIST',
            folder,
            [file_name],
            f'{RECORD}{file_name}',
            f'about {self.info.size} at 28 pixels',
        )
        try:
            with np.load(path, allow_pickle=False) as arrays:
                images = arrays[f'{self.split}_images']
                labels = arrays[f'{self.split}_labels']
        except (
            OSError,
            EOFError,
            KeyError,
            ValueError,
            zipfile.BadZipFile,
        ) as error:
            raise ValueError(
                f'MedMNIST: {path} is broken or has no arrays '
                f'{self.split}_images and {self.split}_labels: {error}'
            ) from error
        return LabelTable(gt_score=self._scores(labels, path), img=images)

    def _scores(self, labels: np.ndarray, path: str) -> np.ndarray:
        """Return float32 (N, C) in the order of the chosen classes."""
        known = self.info.classes
        width = len(known) if self.info.multi_label else 1
        top = 1 if self.info.multi_label else len(known) - 1
        if labels.ndim != 2 or labels.shape[1] != width or labels.max() > top:
            raise ValueError(
                f'MedMNIST: {path} has labels of shape {labels.shape} up to '
                f'{labels.max()}, expected (N, {width}) up to {top}'
            )
        if not self.info.multi_label:
            labels = labels == np.arange(len(known))
        columns = [known.index(name) for name in self.metainfo['classes']]
        return labels[:, columns].astype(np.float32)

    def _download(self, path: str) -> None:
        try:
            package = importlib.import_module('medmnist')
        except ImportError as error:
            raise ImportError(
                f'MedMNIST: download=True needs the package medmnist (pip '
                f'install medmnist). Or download {RECORD}{self.flag}.npz '
                f'(about {self.info.size} at 28 pixels) to {path}'
            ) from error
        name, _, size = self.flag.partition('_')
        folder = os.path.dirname(path)
        if dist.is_main_process():
            os.makedirs(folder, exist_ok=True)
            kind = getattr(package, package.INFO[name]['python_class'])
            kind('test', download=True, root=folder, size=int(size or 28))
        dist.barrier()
