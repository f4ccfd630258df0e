"""Make images of two objects from images of one object."""

from __future__ import annotations

from typing import Any

import mmcv
import numpy as np
from mmengine.dataset import BaseDataset
from mmengine.registry import DATASETS

from mmda.structures import positive_label, score_of

from .dataset_wrapper import DatasetWrapper


@DATASETS.register_module()
class ImagePairs(DatasetWrapper):
    """Put two images side by side, each at half its width.

    A pair has the size of one image and the classes of both images. For
    example, two digits of 28x28 pixels become 28x14 each (MNIST-multi,
    appendix C.4 of the paper). A class of a pair is

    - positive, if one of the images has it;
    - negative, if both images are known not to have it;
    - not annotated otherwise.

    Samples have ``img``, ``gt_score`` and ``gt_label``, and no path.

    Args:
        dataset (dict | BaseDataset): The source. Its images must be in memory
            (``img``) and have one size.
        num_pairs (int): Number of pairs. The pairs are drawn with
            replacement. The two images of a pair always differ.
        seed (int): Seed of the pairs. Defaults to 0.
        **kwargs: Other arguments of :class:`DatasetWrapper`.

    Raises:
        ValueError: If ``num_pairs`` is below 1, if the source has only one
            image, or if its images are not in memory.

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

    def choose(self, total: int, classes: tuple[str, ...]) -> np.ndarray:
        """Draw the pairs.

        Args:
            total (int): Number of images of the source.
            classes (tuple[str, ...]): Classes of the source.

        Returns:
            ndarray: int64 (N, 2), indices of the left and the right image.
        """
        if total < 2:
            raise ValueError(f'{self.name}: found one image, expected two')
        self._num_classes = len(classes)
        generator = np.random.default_rng(self.seed)
        left = generator.integers(total, size=self.num_pairs)
        # A step of 1 to total - 1 never leads back to the left image.
        steps = generator.integers(1, total, size=self.num_pairs)
        return np.stack([left, (left + steps) % total], axis=1)

    def source_index(self, idx: int) -> int:
        """Return the index that the left image of a pair has in the source.

        Args:
            idx (int): Index of the pair.

        Returns:
            int: Its index in ``dataset``.
        """
        self.full_init()
        return int(self.data_list[idx][0])

    def get_data_info(self, idx: int) -> dict:
        """Return one pair.

        Args:
            idx (int): Index of the pair. Negative ones count from the end.

        Returns:
            dict: ``img`` (uint8, of the size of one image), ``gt_score``
            (float32, (C,)), ``gt_label`` and ``sample_idx``.
        """
        self.full_init()
        infos = [
            self.dataset.get_data_info(int(index))
            for index in self.data_list[idx]
        ]
        images = [self._image(info) for info in infos]
        left, right = (score_of(info, self._num_classes) for info in infos)
        # NaN and 0 give NaN, NaN and 1 give 1.
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
            gt_label=positive_label(score),
            sample_idx=idx if idx >= 0 else len(self) + idx,
        )

    def _image(self, info: dict) -> np.ndarray:
        if info.get('img') is None:
            raise ValueError(
                f'{self.name}: found {sorted(info)}, expected the images in '
                'memory, as `img`'
            )
        return info['img']
