"""Keep or drop the images of some classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from mmengine.dataset import BaseDataset
from mmengine.registry import DATASETS

from mmda.structures import class_indices

from .dataset_wrapper import DatasetWrapper, scores_of


@DATASETS.register_module()
class ClassFilter(DatasetWrapper):
    """Keep the images of some classes, or drop the images of some classes.

    The list of classes does not change. So ``drop`` can hold a novel class
    out of training, and the test set still has this class.

    An image is kept if one of the classes of ``keep`` is positive. An image
    is dropped if one of the classes of ``drop`` is positive. A class that is
    not annotated has no effect.

    Args:
        dataset (dict | BaseDataset): The source.
        keep (Sequence[str], optional): Keep the images of these classes.
        drop (Sequence[str], optional): Drop the images of these classes. Give
            either ``keep`` or ``drop``.
        **kwargs: Other arguments of :class:`DatasetWrapper`.

    Raises:
        ValueError: If not exactly one of ``keep`` and ``drop`` is given, if a
            class is unknown, or if no image is left.

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
        for option, value in (('keep', keep), ('drop', drop)):
            if isinstance(value, str):
                raise ValueError(
                    f'ClassFilter: found {option}={value!r}, expected a list '
                    'of classes'
                )
        self.keep = keep
        self.drop = drop
        super().__init__(dataset, **kwargs)

    def choose(self, total: int, classes: tuple[str, ...]) -> np.ndarray:
        """Choose the images by their classes.

        Args:
            total (int): Number of images of the source.
            classes (tuple[str, ...]): Classes of the source.

        Returns:
            ndarray: int64 (N,), ascending indices in the source.
        """
        named = self.keep if self.drop is None else self.drop
        assert named is not None
        columns = class_indices(named, classes, self.name)
        scores = scores_of(self.dataset, len(classes))[:, columns]
        # NaN > 0.5 is False
        has_one = (scores > 0.5).any(axis=1)
        kept = np.flatnonzero(has_one if self.drop is None else ~has_one)
        if len(kept) == 0:
            raise ValueError(
                f'{self.name}: keep={self.keep!r}, drop={self.drop!r} leave '
                f'no image of {total}'
            )
        return kept
