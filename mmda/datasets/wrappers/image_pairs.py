"""Images of two objects, made of images of one."""

from __future__ import annotations

from typing import Any

import mmcv
import numpy as np
from mmengine.dataset import BaseDataset
from mmengine.registry import DATASETS

from .dataset_wrapper import DatasetWrapper, score_of


@DATASETS.register_module()
class ImagePairs(DatasetWrapper):
    """Two images side by side, each squeezed to half its width.

    A pair has the size of one image and the classes of both: two digits of
    28x28 pixels become 28x14 each (MNIST-multi, appendix C.4 of the paper).
    A class is positive if it is in either image, negative if it is in
    neither, and not annotated otherwise.

    Samples carry ``img`` and ``gt_score``, and no path.

    Args:
        dataset (dict | BaseDataset): The source, with its images in memory
            (``img``), all of one size.
        num_pairs (int): Number of pairs, drawn with replacement; the two
            images of a pair are never the same.
        seed (int): Seed of the pairs. Defaults to 0.
        **kwargs: Other arguments of :class:`DatasetWrapper`.

    Raises:
        ValueError: If ``num_pairs`` is below 1, the source has one image
            only, or its images are not in memory.

    Examples:
        >>> pairs = ImagePairs(dict(type='Digits'), num_pairs=3)
        >>> info = pairs.get_data_info(0)
        >>> info['img'].shape, np.flatnonzero(info['gt_score']).tolist()
        ((8, 8, 3), [6, 9])
    """

    def __init__(
        self,
        dataset: dict | BaseDataset,
        num_pairs: int,
        seed: int = 0,
        **kwargs: Any,
    ) -> None:
        if num_pairs < 1:
            raise ValueError(
                f'num_pairs of ImagePairs: found {num_pairs}, expected 1 or '
                'more'
            )
        self.num_pairs = num_pairs
        self.seed = seed
        super().__init__(dataset, **kwargs)

    def prepare(self, total: int, classes: tuple[str, ...]) -> None:
        """Draw the pairs.

        Args:
            total (int): Number of images of the source.
            classes (tuple[str, ...]): Its classes.
        """
        if total < 2:
            raise ValueError(f'{self.name}: found one image, expected two')
        generator = np.random.default_rng(self.seed)
        left = generator.integers(total, size=self.num_pairs)
        # Another one than the left, all others being equally likely
        steps = generator.integers(1, total, size=self.num_pairs)
        self.pairs = np.stack([left, (left + steps) % total], axis=1)
        self._num_classes = len(classes)

    def get_data_info(self, idx: int) -> dict:
        """Return one pair.

        Args:
            idx (int): Index of the pair, negative from the end.

        Returns:
            dict: ``img`` (uint8, of the size of one image), ``gt_score``
            (float32, (C,)) and ``sample_idx``.
        """
        if not self._fully_initialized:
            self.full_init()
        infos = [self.dataset.get_data_info(int(i)) for i in self.pairs[idx]]
        images = [self._image(info) for info in infos]
        left, right = (score_of(info, self._num_classes) for info in infos)
        # NaN wins over 0, 1 wins over NaN
        score = np.maximum(left, right)
        score[(left == 1) | (right == 1)] = 1.0
        height, width = images[0].shape[:2]
        widths = (width // 2, width - width // 2)
        halves = [
            mmcv.imresize(image, (half, height), interpolation='area')
            for image, half in zip(images, widths, strict=True)
        ]
        return dict(
            img=np.concatenate(halves, axis=1),
            gt_score=score,
            sample_idx=idx if idx >= 0 else len(self) + idx,
        )

    def _image(self, info: dict) -> np.ndarray:
        if info.get('img') is None:
            raise ValueError(
                f'{self.name}: found {sorted(info)}, expected the images in '
                'memory, as `img`'
            )
        return info['img']

    def source_index(self, idx: int) -> int:
        """Return the left image of a pair.

        Args:
            idx (int): Index of the pair.

        Returns:
            int: Index in the source.
        """
        return int(self.pairs[idx, 0])

    def __len__(self) -> int:
        return self.num_pairs
