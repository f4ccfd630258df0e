"""The 1,797 handwritten digits that come with scikit-learn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from mmengine.registry import DATASETS

from ..tables.label_table import LabelTable
from ..tables.table_dataset import TableDataset

_IMAGES_PER_DIGIT = {'train': (0, 120), 'val': (120, 140), 'test': (140, None)}
_SPLIT_SEED = 0


def digit_indices(split: str, part: tuple[int, int]) -> np.ndarray:
    """Choose the images of one part of a split, equally from every digit.

    Args:
        split (str): 'train', 'val' or 'test'.
        part (tuple[int, int]): (k, n): the k-th of n disjoint parts.

    Returns:
        ndarray: int64, ascending positions among the 1,797 images.
    """
    from sklearn.datasets import load_digits

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
    """Scikit-learn's embedded digits, 8x8 pixels. Nothing to download.

    The splits are fixed and stratified by digit:

    - 'train': 1,200 images, 120 of every digit;
    - 'val': 200 images, 20 of every digit;
    - 'test': 397 images, 34 to 43 of every digit.

    For two sources of 300 images that share no image, take
    ``digits=range(1, 6), part=(0, 2)`` and ``digits=range(3, 8),
    part=(1, 2)``. Each then has 60 images of each of 5 digits.

    Samples have no ``img_path``. Their ``img`` is uint8 (8, 8, 3). The 17
    grey levels of the original are spread over 0 to 255.

    Args:
        split (str): 'train', 'val' or 'test'.
        digits (Sequence[int]): Digits whose images are kept. They are also
            the classes, in this order, named '0' to '9'.
        part (tuple[int, int]): (k, n): keep the k-th of n disjoint parts of
            the split. Counting starts at 0. Every part has the same number of
            images of each digit, up to one. Defaults to (0, 1), the whole
            split.
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
    SPLITS = tuple(_IMAGES_PER_DIGIT)

    def __init__(
        self,
        split: str = 'train',
        digits: Sequence[int] = tuple(range(10)),
        part: tuple[int, int] = (0, 1),
        **kwargs: Any,
    ) -> None:
        if len(part) != 2 or not 0 <= part[0] < part[1]:
            raise ValueError(
                f'part of Digits: found {part!r}, expected (k, n) with '
                '0 <= k < n'
            )
        self.part = (part[0], part[1])
        classes = [str(digit) for digit in digits]
        super().__init__(classes=classes, split=split, **kwargs)

    def load_data_list(self) -> LabelTable:
        """Take the images of the split from scikit-learn.

        Returns:
            LabelTable: Images and one-hot labels.
        """
        from sklearn.datasets import load_digits

        source = load_digits()
        assert self.split is not None
        chosen = digit_indices(self.split, self.part)
        chosen = chosen[np.isin(source.target[chosen], self.class_columns)]
        grey = np.rint(source.images[chosen] * (255 / 16)).astype(np.uint8)
        one_hot = source.target[chosen, None] == self.class_columns
        return LabelTable(
            gt_score=one_hot.astype(np.float32),
            img=np.repeat(grey[..., None], 3, axis=-1),
        )
