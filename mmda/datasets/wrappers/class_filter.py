"""Keeps or drops the images of some classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from mmengine.dataset import BaseDataset
from mmengine.registry import DATASETS

from mmda.structures import nearest

from .dataset_wrapper import DatasetWrapper, scores_of


@DATASETS.register_module()
class ClassFilter(DatasetWrapper):
    """Keep the images of some classes, or drop those of some others.

    The classes themselves stay as they are, so that a novel class is held
    out of training by ``drop`` and is still one of the test set. An image
    with several positive classes is kept by any of ``keep`` and dropped by
    any of ``drop``. A class that is not annotated neither keeps nor drops.

    Args:
        dataset (dict | BaseDataset): The source.
        keep (Sequence[str], optional): Keep the images with one of them.
        drop (Sequence[str], optional): Drop the images with one of them;
            either this or ``keep``.
        **kwargs: Other arguments of :class:`DatasetWrapper`.

    Raises:
        ValueError: If not exactly one of ``keep`` and ``drop`` is given, a
            class is unknown, or no image is left.

    Examples:
        >>> dataset = ClassFilter(dict(type='Digits'), drop=['0'])
        >>> len(dataset), len(dataset.metainfo['classes'])
        (1080, 10)
    """

    def __init__(
        self,
        dataset: dict | BaseDataset,
        keep: Sequence[str] | None = None,
        drop: Sequence[str] | None = None,
        **kwargs: Any,
    ) -> None:
        if (keep is None) == (drop is None):
            raise ValueError(
                f'ClassFilter: found keep={keep!r} and drop={drop!r}, '
                'expected exactly one of them'
            )
        for name in ('keep', 'drop'):
            value = keep if name == 'keep' else drop
            if isinstance(value, str):
                raise ValueError(
                    f'ClassFilter: found {name}={value!r}, expected a list of '
                    'classes'
                )
        self.keep = keep
        self.drop = drop
        super().__init__(dataset, **kwargs)

    def prepare(self, total: int, classes: tuple[str, ...]) -> None:
        """Choose the images.

        Args:
            total (int): Number of images of the source.
            classes (tuple[str, ...]): Its classes.
        """
        named = self.keep if self.drop is None else self.drop
        assert named is not None
        for name in named:
            if name not in classes:
                raise ValueError(
                    f'{self.name}: {name!r} is no class of the source'
                    f'{nearest(name, classes)}'
                )
        columns = [classes.index(name) for name in named]
        scores = scores_of(self.dataset, len(classes))[:, columns]
        # NaN > 0.5 is False
        has_one = (scores > 0.5).any(axis=1)
        self.kept = np.flatnonzero(has_one if self.drop is None else ~has_one)
        if len(self.kept) == 0:
            raise ValueError(
                f'{self.name}: keep={self.keep!r}, drop={self.drop!r} leave '
                f'no image of {total}'
            )

    def source_index(self, idx: int) -> int:
        """Return which image of the source stands behind an image.

        Args:
            idx (int): Index of the image.

        Returns:
            int: Index in the source.
        """
        return int(self.kept[idx])

    def get_data_info(self, idx: int) -> dict:
        """Return the annotation of one image, as the source gives it.

        Args:
            idx (int): Index of the image, negative from the end.

        Returns:
            dict: With ``sample_idx`` set.
        """
        if not self._fully_initialized:
            self.full_init()
        info = self.dataset.get_data_info(self.source_index(idx))
        info['sample_idx'] = idx if idx >= 0 else len(self) + idx
        return info

    def __len__(self) -> int:
        if not self._fully_initialized:
            self.full_init()
        return len(self.kept)
