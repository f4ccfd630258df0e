"""Makes a fully labelled data set a partially labelled one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from mmengine.dataset import BaseDataset
from mmengine.registry import DATASETS

from mmda.structures import UNANNOTATED, nearest

from .dataset_wrapper import DatasetWrapper, score_of, scores_of
from .mask_file import load_mask, save_mask

SCHEMES = ('classes', 'random', 'single_positive')


@DATASETS.register_module()
class MissingLabels(DatasetWrapper):
    """Hide labels of a data set, to study what is lost by their absence.

    The schemes:

    - ``'classes'``: only ``labeled_classes`` stay annotated, in every image;
    - ``'random'``: each entry (image and class) is hidden with the
      probability ``fraction``, independently of all others;
    - ``'single_positive'``: each image keeps one of its positive labels, drawn
      at random, and nothing else [0]; an image without a positive label keeps
      nothing.

    What the source does not annotate stays so. Put it inside of
    ``PartialLabelDataset``, or around it.

    [0] Cole et al., Multi-Label Learning from Single Positive Labels, CVPR
    2021.

    Args:
        dataset (dict | BaseDataset): The source, with image labels.
        scheme (str): One of the above.
        labeled_classes (Sequence[str], optional): For ``'classes'``.
        fraction (float, optional): For ``'random'``, in [0, 1].
        seed (int): Seed of the draw. Defaults to 0.
        mask_file (str, optional): ``.npz`` file of the mask: written where it
            does not exist, else read, so that a run can be repeated with the
            same labels elsewhere. Defaults to None, no file.
        **kwargs: Other arguments of :class:`DatasetWrapper`.

    Raises:
        ValueError: If the arguments do not fit the scheme, a class is
            unknown, the source has pixel labels, or ``mask_file`` was made
            with other arguments or for other labels.

    Examples:
        >>> dataset = MissingLabels(
        ...     dict(type='Digits'), 'random', fraction=0.5)
        >>> dataset.get_data_info(0)['gt_score'][:5].tolist()
        [1.0, nan, nan, nan, 0.0]
    """

    def __init__(
        self,
        dataset: dict | BaseDataset,
        scheme: str,
        labeled_classes: Sequence[str] | None = None,
        fraction: float | None = None,
        seed: int = 0,
        mask_file: str | None = None,
        **kwargs: Any,
    ) -> None:
        _check_arguments(scheme, labeled_classes, fraction)
        self.scheme = scheme
        self.labeled_classes = labeled_classes
        self.fraction = fraction
        self.seed = seed
        self.mask_file = mask_file
        super().__init__(dataset, **kwargs)

    def prepare(self, total: int, classes: tuple[str, ...]) -> None:
        """Draw the mask, or read it.

        Args:
            total (int): Number of images of the source.
            classes (tuple[str, ...]): Its classes.
        """
        if getattr(self.dataset, 'has_pixel_labels', False):
            raise ValueError(
                f'{self.name}: the source has pixel labels, expected image '
                'labels'
            )
        scores = scores_of(self.dataset, len(classes))
        settings: dict[str, Any] = dict(scheme=self.scheme)
        if self.scheme == 'classes':
            settings['labeled_classes'] = list(self.labeled_classes or ())
        else:
            settings['seed'] = self.seed
        if self.scheme == 'random':
            settings['fraction'] = self.fraction
        kept = None
        if self.mask_file is not None:
            kept = load_mask(self.mask_file, settings, classes, scores)
        if kept is None:
            kept = self._draw(scores, classes)
            if self.mask_file is not None:
                save_mask(self.mask_file, kept, settings, classes, scores)
        #: bool (N, C), True where the label stays.
        self.kept = kept

    def _draw(
        self, scores: np.ndarray, classes: tuple[str, ...]
    ) -> np.ndarray:
        annotated = ~np.isnan(scores)
        if self.scheme == 'classes':
            return annotated & self._labeled(classes)
        generator = np.random.default_rng(self.seed)
        # One number for each entry, whatever is annotated: a class more or
        # less does not change what is hidden in the rest of its row.
        draws = generator.random(scores.shape)
        if self.fraction is not None:
            return annotated & (draws >= self.fraction)
        # The greatest draw among the positive entries of an image
        draws[~(scores > 0.5)] = -1.0
        chosen = draws.argmax(axis=1)[:, None] == np.arange(len(classes))
        return chosen & (draws >= 0)

    def _labeled(self, classes: tuple[str, ...]) -> np.ndarray:
        assert self.labeled_classes is not None
        for name in self.labeled_classes:
            if name not in classes:
                raise ValueError(
                    f'labeled_classes of {self.name}: {name!r} is no class '
                    f'of the source{nearest(name, classes)}'
                )
        return np.isin(classes, list(self.labeled_classes))

    def get_data_info(self, idx: int) -> dict:
        """Return the annotation of one image without the hidden labels.

        Args:
            idx (int): Index of the image, negative from the end.

        Returns:
            dict: ``gt_score`` (float32, (C,), NaN where hidden or not
            annotated) in place of ``gt_label``.
        """
        if not self._fully_initialized:
            self.full_init()
        kept = self.kept[idx]
        info = self.dataset.get_data_info(idx)
        score = score_of(info, len(kept))
        info.pop('gt_label', None)
        info['gt_score'] = np.where(kept, score, np.float32(UNANNOTATED))
        return info

    def __len__(self) -> int:
        if not self._fully_initialized:
            self.full_init()
        return len(self.kept)


def _check_arguments(
    scheme: str,
    labeled_classes: Sequence[str] | None,
    fraction: float | None,
) -> None:
    if scheme not in SCHEMES:
        raise ValueError(
            f'scheme of MissingLabels: found {scheme!r}, expected one of '
            f'{SCHEMES}'
        )
    if (scheme == 'classes') != (labeled_classes is not None) or isinstance(
        labeled_classes, str
    ):
        raise ValueError(
            f'MissingLabels: found labeled_classes={labeled_classes!r} with '
            f"scheme={scheme!r}; expected a list with 'classes' and None else"
        )
    if (scheme == 'random') != (fraction is not None) or not (
        fraction is None or 0 <= fraction <= 1
    ):
        raise ValueError(
            f'MissingLabels: found fraction={fraction!r} with scheme='
            f"{scheme!r}; expected a number in [0, 1] with 'random' and None "
            'else'
        )
