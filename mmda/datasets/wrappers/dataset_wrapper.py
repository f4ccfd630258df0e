"""Base of the wrappers that change which images or labels a source has."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from mmengine.dataset import BaseDataset, Compose

from mmda.structures import label_to_score

from .wrapped_source import (
    build_lazily,
    classes_of,
    count_images,
    pipeline_of,
)


class DatasetWrapper(BaseDataset):
    """A dataset made of another one; keeps its classes and its pipeline.

    A subclass implements :meth:`prepare`, ``get_data_info`` and ``__len__``.
    Wrappers stand inside of each other and of ``PartialLabelDataset``, which
    then skips the images that cannot be decoded.

    Args:
        dataset (dict | BaseDataset): The source: any classification dataset
            of mmpretrain, with ``gt_label`` (one index or a list of them) or
            ``gt_score`` ((C,), NaN where not annotated).
        pipeline (Sequence[dict | Callable], optional): Transforms. Defaults
            to the pipeline of ``dataset``.
        test_mode (bool, optional): Defaults to that of ``dataset``.
        lazy_init (bool): Read the annotations at first use. Defaults to False.
        max_refetch (int): Images to try in place of one for which the
            pipeline gives None. Defaults to 1000.
    """

    _fully_initialized: bool = False

    def __init__(
        self,
        dataset: dict | BaseDataset,
        pipeline: Sequence[dict | Callable] | None = None,
        test_mode: bool | None = None,
        lazy_init: bool = False,
        max_refetch: int = 1000,
    ) -> None:
        self.dataset = dataset = build_lazily(dataset)
        source = getattr(dataset, 'name', None) or type(dataset).__name__
        self.name = f'{type(self).__name__} of {source}'
        self.pipeline = (
            pipeline_of(dataset)
            if pipeline is None
            else Compose(list(pipeline))
        )
        self.test_mode = (
            getattr(dataset, 'test_mode', False)
            if test_mode is None
            else test_mode
        )
        self.max_refetch = max_refetch
        if not lazy_init:
            self.full_init()

    def prepare(self, total: int, classes: tuple[str, ...]) -> None:
        """Decide what the wrapper makes of its source, once.

        Args:
            total (int): Number of images of the source.
            classes (tuple[str, ...]): Its classes.
        """
        raise NotImplementedError

    def full_init(self) -> None:
        """Read the source and prepare the wrapper."""
        if self._fully_initialized:
            return
        total = count_images(self.dataset, self.name)
        self.prepare(total, classes_of(self.dataset, self.name))
        self._fully_initialized = True

    @property
    def metainfo(self) -> dict:
        """dict: That of the source."""
        return self.dataset.metainfo

    def source_index(self, idx: int) -> int:
        """Return which image of the source stands behind an image.

        Args:
            idx (int): Index of the image.

        Returns:
            int: The same, unless a subclass has other images.
        """
        return idx

    def where(self, idx: int) -> str:
        """Say where the annotation of an image stands.

        Args:
            idx (int): Index of the image.

        Returns:
            str: As the source says it.
        """
        if not self._fully_initialized:
            self.full_init()
        index = self.source_index(idx)
        where = getattr(self.dataset, 'where', None)
        if where is not None:
            return where(index)
        return f'image {index} of {type(self.dataset).__name__}'

    def prepare_data(self, idx: int) -> Any:
        """Run the pipeline on one image.

        Args:
            idx (int): Index of the image.

        Returns:
            Any: The pipeline's output.
        """
        return self.pipeline(self.get_data_info(idx))

    def get_cat_ids(self, idx: int) -> list[int]:
        """Return the indices of the annotated, positive classes of an image.

        Args:
            idx (int): Index of the image.

        Returns:
            list[int]: Possibly empty; what ``ClassBalancedDataset`` asks for.
        """
        info = self.get_data_info(idx)
        score = score_of(info, len(self.metainfo['classes']))
        # NaN > 0.5 is False
        return np.flatnonzero(score > 0.5).tolist()


def score_of(info: dict, num_classes: int) -> np.ndarray:
    """Return the labels of an image as scores, whatever form they have.

    Args:
        info (dict): With ``gt_score`` or ``gt_label``.
        num_classes (int): Number of classes of the source, C.

    Returns:
        ndarray: float32 (C,), NaN where not annotated.

    Raises:
        ValueError: If it has neither, or they do not fit the classes.

    Examples:
        >>> score_of(dict(gt_label=1), 3)
        array([0., 1., 0.], dtype=float32)
    """
    score = info.get('gt_score')
    if score is None:
        label = info.get('gt_label')
        if label is None:
            raise ValueError(
                'the source gives neither gt_score nor gt_label for an '
                f'image; found {sorted(info)}'
            )
        return label_to_score(label, num_classes)
    if len(score) != num_classes:
        raise ValueError(
            f'the source gives {len(score)} scores for an image, expected '
            f'one for each of its {num_classes} classes'
        )
    return np.asarray(score, dtype=np.float32)


def scores_of(dataset: BaseDataset, num_classes: int) -> np.ndarray:
    """Return the labels of all images of a dataset as scores.

    Args:
        dataset (BaseDataset): The source, fully initialised.
        num_classes (int): Number of its classes, C.

    Returns:
        ndarray: float32 (N, C), NaN where not annotated.
    """
    score = getattr(getattr(dataset, 'data_list', None), 'gt_score', None)
    if score is not None:  # a LabelTable
        return score
    return np.stack(
        [
            score_of(dataset.get_data_info(index), num_classes)
            for index in range(len(dataset))
        ]
    )
