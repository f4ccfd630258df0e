"""Base class of the data sets that are read into memory as a whole."""

from __future__ import annotations

import os.path as osp
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np

from ..tables.label_table import LabelTable
from ..tables.table_dataset import TableDataset
from .array_cache import ArrayCache

T = TypeVar('T')
#: Holds all data sets that the configs train on one after the other.
ARRAYS = ArrayCache(limit=2**30)


class LocalImages(TableDataset):
    """Images and labels of a few files, in arrays. Nothing is downloaded.

    A subclass implements :meth:`read_arrays`.

    Args:
        data_root (str): Folder of the files.
        split (str): One of ``SPLITS``.
        **kwargs: Other arguments of :class:`TableDataset`.
    """

    SPLITS: tuple[str, ...] = ('train', 'test')

    def __init__(
        self, data_root: str = '', split: str = 'train', **kwargs: Any
    ) -> None:
        super().__init__(data_root=data_root, split=split, **kwargs)

    @property
    def folder(self) -> str:
        """str: ``data_root`` with ``~`` expanded."""
        return osp.expanduser(self.data_root or '')

    def read_arrays(self) -> tuple[np.ndarray, np.ndarray]:
        """Read images and labels of the split.

        Returns:
            tuple[ndarray, ndarray]: uint8 images, (N, H, W) or (N, H, W, 3),
            and labels: (N,) with the index of the class, or (N, C) with 1
            where a class is positive.
        """
        raise NotImplementedError

    def read(
        self, paths: str | Sequence[str], reader: Callable[..., T], *args: Any
    ) -> T:
        """Read files once in a process, and name the one that is broken.

        Args:
            paths (str | Sequence[str]): A file, or files whose arrays are
                joined along their first axis.
            reader (Callable): Takes a path and ``args``. Returns an array, or
                a tuple or a dict of arrays. If there are several files, it
                returns a tuple.
            *args (Any): Other arguments of ``reader``. They have a hash.

        Returns:
            ndarray | tuple | dict: The arrays. They are read-only if
            ``reader`` is a function at the top of a module, see
            :class:`ArrayCache`.

        Raises:
            ValueError: If ``reader`` fails.
        """
        names = [paths] if isinstance(paths, str) else list(paths)

        def load() -> Any:
            parts = [self._read_one(name, reader, args) for name in names]
            if len(parts) == 1:
                return parts[0]
            columns = zip(*parts, strict=True)
            return tuple(np.concatenate(column) for column in columns)

        return ARRAYS.get(names, reader, args, load)

    def _read_one(self, path: str, reader: Callable[..., T], args: tuple) -> T:
        try:
            return reader(path, *args)
        except Exception as error:  # pickle and zipfile raise many kinds
            raise ValueError(
                f'{type(self).__name__}: {path} is broken or incomplete: '
                f'{error!r}'
            ) from error

    def load_data_list(self) -> LabelTable:
        """Read images and labels of the split.

        Returns:
            LabelTable: The images, and one score per class.

        Raises:
            ValueError: If the images have another shape or dtype, or another
                number than the labels.
        """
        images, labels = self.read_arrays()
        self._check_shapes(images, labels)
        if labels.ndim == 1:
            scores = labels[:, None] == self.class_columns
        else:
            scores = labels[:, self.class_columns]
        return LabelTable(gt_score=scores.astype(np.float32), img=images)

    def _check_shapes(self, images: np.ndarray, labels: np.ndarray) -> None:
        where = f'{type(self).__name__} in {self.folder}'
        is_image = images.ndim == 3 or images.shape[3:] == (3,)
        if images.dtype != np.uint8 or not is_image:
            raise ValueError(
                f'{where}: found images of {images.dtype} {images.shape}, '
                'expected uint8 (N, H, W) or (N, H, W, 3)'
            )
        if len(images) != len(labels):
            raise ValueError(
                f'{where}: found {len(images)} images and {len(labels)} '
                f'labels of the split {self.split!r}'
            )
