"""Images and labels of a ``.npz`` file."""

from __future__ import annotations

import os.path as osp
from collections.abc import Sequence
from typing import Any

import numpy as np
from mmengine.registry import DATASETS

from .local_images import LocalImages


@DATASETS.register_module()
class NpzImages(LocalImages):
    """Images and labels in arrays of one ``.npz`` file, such as USPS.

    The file has an array of images, uint8 (N, H, W) or (N, H, W, 3), and an
    array of labels: integers (N,), the indices of the classes; or (N, C), 1
    where a class is positive, 0 where it is negative, and NaN where it is not
    annotated.

    Args:
        file (str): The file, relative to ``data_root``.
        classes (Sequence[str]): All classes, in the order of the labels.
        data_root (str): Folder of the file.
        split (str): Name of the split. It takes the place of ``{split}`` in
            the keys. Defaults to 'train'.
        image_key (str): Key of the images. Defaults to ``'{split}_images'``.
        label_key (str): Key of the labels. Defaults to ``'{split}_labels'``.
        **kwargs: Other arguments of :class:`TableDataset`.

    Raises:
        FileNotFoundError: If the file is missing.
        ValueError: If the file is broken, if it lacks a key, or if an array
            has another shape or other values.
    """

    SPLITS = ()

    def __init__(
        self,
        file: str,
        classes: Sequence[str],
        data_root: str = '',
        split: str = 'train',
        image_key: str = '{split}_images',
        label_key: str = '{split}_labels',
        **kwargs: Any,
    ) -> None:
        self.METAINFO = dict(classes=tuple(classes))
        self.file = file
        self.keys = [key.format(split=split) for key in (image_key, label_key)]
        super().__init__(data_root, split, classes=classes, **kwargs)

    def read_arrays(self) -> tuple[np.ndarray, np.ndarray]:
        """Read images and labels of the split.

        Returns:
            tuple[ndarray, ndarray]: uint8 (N, H, W) or (N, H, W, 3), and
            labels (N,) or (N, C).
        """
        path = self.require_file(osp.join(self.folder, self.file))
        arrays = self.read(path, _load)
        missing = [key for key in self.keys if key not in arrays]
        if missing:
            raise ValueError(
                f'NpzImages: {path} has no {", ".join(missing)}: found '
                f'{", ".join(arrays)}'
            )
        images, labels = (arrays[key] for key in self.keys)
        num = len(self.METAINFO['classes'])
        is_index = labels.ndim == 1 and labels.dtype.kind in 'iu'
        is_score = labels.shape[1:] == (num,) and labels.dtype.kind in 'biuf'
        if not (is_index or is_score) or not labels.size:
            raise ValueError(
                f'NpzImages: {self.keys[1]} of {path} is {labels.dtype} '
                f'{labels.shape}, expected integers (N,) or (N, {num})'
            )
        low, high = (np.nanmin(labels), np.nanmax(labels))
        top = num - 1 if is_index else 1
        if low < 0 or high > top:
            raise ValueError(
                f'NpzImages: {self.keys[1]} of {path} has labels from {low} '
                f'to {high}, expected 0 to {top}'
            )
        return images, labels


def _load(path: str) -> dict[str, np.ndarray]:
    with np.load(path, allow_pickle=False) as arrays:
        return {key: arrays[key] for key in arrays.files}
