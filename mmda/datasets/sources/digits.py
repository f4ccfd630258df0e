"""The 1,797 handwritten digits that come with scikit-learn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from mmengine.registry import DATASETS
from sklearn.datasets import load_digits

from ..tables.label_table import LabelTable
from ..tables.table_dataset import TableDataset

_IMAGES_PER_DIGIT = {'train': (0, 120), 'val': (120, 140), 'test': (140, None)}
_SPLIT_SEED = 0


def digit_indices(split: str, part: tuple[int, int]) -> np.ndarray:
    """Choose the images of one part of a split, equally from every digit.

    Args:
        split (str): 'train', 'val' or 'test'.
        part (tuple[int, int]): k and n: the k-th of n disjoint parts.

    Returns:
        ndarray: int64, ascending positions among the 1,797 images.
    """
    target = load_digits().target
    start, stop = _IMAGES_PER_DIGIT[split]
    k, n = part
    chosen = []
    for digit in range(10):
        positions = np.flatnonzero(target == digit)
        generator = np.random.default_rng([_SPLIT_SEED, digit])
        positions = generator.permutation(positions)[start:stop]
        chosen.append(np.array_split(positions, n)[k])
    return np.sort(np.concatenate(chosen))


@DATASETS.register_module()
class Digits(TableDataset):
    """Scikit-learn's embedded digits, 8x8 pixels; nothing to download.

    A fixed split, stratified by digit: 1,200 images to train (120 of every
    digit), 200 to validate (20 of every digit) and 397 to test (34 to 43 of
    every digit). So two sources of 300 images without a common image are
    ``digits=range(1, 6), part=(0, 2)`` and ``digits=range(3, 8),
    part=(1, 2)``: 60 images of each of 5 digits.

    Samples carry ``img``, uint8 (8, 8, 3), with the 17 grey levels of the
    original spread over 0 to 255, and no ``img_path``.

    Args:
        split (str): 'train', 'val' or 'test'.
        digits (Sequence[int]): Digits whose images are kept; they are also
            the classes, named '0' to '9', in this order.
        part (tuple[int, int]): k and n: keep the k-th (from 0) of n disjoint
            parts of the split. Defaults to (0, 1), the whole split.
        **kwargs: Other arguments of :class:`TableDataset`.

    Raises:
        ValueError: If there is no such split, digit or part.

    Examples:
        >>> dataset = Digits('train', digits=range(1, 6), part=(0, 2))
        >>> len(dataset), dataset.metainfo['classes']
        (300, ('1', '2', '3', '4', '5'))
        >>> dataset.get_data_info(0)['img'].shape
        (8, 8, 3)
    """

    METAINFO = dict(classes=tuple('0123456789'))

    def __init__(
        self,
        split: str = 'train',
        digits: Sequence[int] = tuple(range(10)),
        part: tuple[int, int] = (0, 1),
        **kwargs: Any,
    ) -> None:
        if split not in _IMAGES_PER_DIGIT:
            raise ValueError(
                f"split of Digits: found {split!r}, expected 'train', 'val' "
                "or 'test'"
            )
        if len(part) != 2 or not 0 <= part[0] < part[1]:
            raise ValueError(
                f'part of Digits: found {part!r}, expected (k, n) with '
                '0 <= k < n'
            )
        self.split = split
        self.part = (part[0], part[1])
        classes = [str(digit) for digit in digits]
        super().__init__(classes=classes, **kwargs)

    def load_data_list(self) -> LabelTable:
        """Take the images of the split from scikit-learn.

        Returns:
            LabelTable: Images and one-hot labels.
        """
        source = load_digits()
        chosen = digit_indices(self.split, self.part)
        digits = np.array(self.metainfo['classes'], dtype=np.int64)
        chosen = chosen[np.isin(source.target[chosen], digits)]
        grey = np.rint(source.images[chosen] * (255 / 16)).astype(np.uint8)
        one_hot = source.target[chosen, None] == digits
        return LabelTable(
            gt_score=one_hot.astype(np.float32),
            img=np.repeat(grey[..., None], 3, axis=-1),
        )
