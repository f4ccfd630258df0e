"""The wrapper that puts any source dataset into the joint label space."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from mmengine.dataset import BaseDataset, Compose
from mmengine.registry import DATASETS

from mmda.structures import LabelSpace, rename_classes

from .broken_images import BrokenImages
from .class_matching import annotated_columns
from .decode_errors import MAYBE_DECODE_ERRORS, is_decode_error
from .image_labels import ImageLabels
from .pixel_labels import PixelLabels, joint_palette
from .wrappers.sample_draw import draw_samples
from .wrappers.wrapped_source import (
    build_lazily,
    classes_of,
    count_images,
    pipeline_of,
)


@DATASETS.register_module()
class PartialLabelDataset(BaseDataset):
    """Put a source dataset into the joint label space (one per source).

    Wraps any dataset of mmpretrain or mmseg, keeps its images, and rewrites
    the labels by the contract of :mod:`mmda.structures.partial_label`: for
    images ``gt_score``, float32 of shape (C,), NaN where the source does not
    annotate the class; for pixels label maps, and which classes are annotated.
    All sources then have equal ``metainfo``, so the stock ``ConcatDataset``
    joins them.

    Args:
        dataset (dict | BaseDataset): The source.
        classes (Sequence[str]): The joint label space, equal for all sources.
        labeled_classes (Sequence[str], optional): Classes whose labels are
            used, in the source's or the joint spelling. Defaults to every
            class of the source that the label space knows.
        aliases (Mapping[str, str], optional): Source spelling -> joint name.
        keep_apart (Sequence[str]): Joint names with a meaning of their own in
            each source; the label space has them as ``'<class> (<name>)'``.
        name (str, optional): Name of the source, carried by every sample as
            ``source``. Defaults to the class name of ``dataset``.
        num_samples (int, optional): Draw so many images, without replacement.
        seed (int, optional): Seed of that draw, and of ``part``. Defaults to
            0.
        part (tuple[int, int], optional): (k, n): use the k-th, from 0, of n
            disjoint parts of the images, drawn at random, equal in size up to
            one; ``num_samples`` draws from it.
        indices (int | Sequence[int], optional): As in ``BaseDataset``; applied
            after ``num_samples``.
        pipeline (Sequence[dict | Callable], optional): Transforms. Defaults
            to the pipeline of ``dataset``.
        test_mode (bool, optional): Defaults to that of ``dataset``. Where
            False, an image that cannot be decoded is skipped, counted and
            logged; where True it is an error. A missing file always is.
        lazy_init (bool): Read the annotations at first use. Defaults to False.
        max_refetch (int): Images to try in place of one that cannot be
            decoded. Defaults to 1000.
        exclusive (bool): For label maps: whether a pixel has one class at
            most, so that an annotated class rules out all others. Defaults to
            True; False keeps the classes independent.
        background_classes (Sequence[str]): For label maps: classes of the
            source outside of the label space that an evaluation tells apart.
            For a loss they are all "none of the annotated classes".

    Raises:
        ValueError: If the source is empty, a class is unknown or doubled, or
            ``num_samples`` exceeds the source.

    Examples:
        >>> dataset = PartialLabelDataset(
        ...     dict(type='Digits', digits=range(1, 8)),
        ...     classes=[str(d) for d in range(1, 8)],
        ...     labeled_classes=['1', '2', '3'])
        >>> dataset.get_data_info(0)['gt_score'].round(0).tolist()[3:]
        [nan, nan, nan, nan]
    """

    _fully_initialized: bool = False

    def __init__(
        self,
        dataset: dict | BaseDataset,
        classes: Sequence[str],
        labeled_classes: Sequence[str] | None = None,
        aliases: Mapping[str, str] | None = None,
        keep_apart: Sequence[str] = (),
        name: str | None = None,
        num_samples: int | None = None,
        seed: int | None = None,
        part: tuple[int, int] | None = None,
        indices: int | Sequence[int] | None = None,
        pipeline: Sequence[dict | Callable] | None = None,
        test_mode: bool | None = None,
        lazy_init: bool = False,
        max_refetch: int = 1000,
        exclusive: bool = True,
        background_classes: Sequence[str] = (),
    ) -> None:
        self.dataset = dataset = build_lazily(dataset)
        self.label_space = LabelSpace(tuple(classes))
        self.labeled_classes = labeled_classes
        self.aliases = dict(aliases or {})
        self.keep_apart = tuple(keep_apart)
        self.name = name or type(dataset).__name__
        self.num_samples = num_samples
        self.seed = 0 if seed is None else seed
        self.part = part
        self._indices = indices
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
        self.exclusive = exclusive
        self.background_classes = tuple(background_classes)
        self._metainfo = self._joint_metainfo()
        self._broken = BrokenImages()
        if not lazy_init:
            self.full_init()

    @property
    def has_pixel_labels(self) -> bool:
        """bool: Whether the source is one of segmentation."""
        return 'label_map' in (getattr(self.dataset, 'metainfo', None) or {})

    def _joint_metainfo(self) -> dict[str, Any]:
        """Return what is equal for all sources."""
        metainfo: dict[str, Any] = dict(classes=self.label_space.classes)
        if self.has_pixel_labels:
            metainfo['palette'] = joint_palette(len(self.label_space))
            if self.background_classes:
                metainfo['background_classes'] = self.background_classes
        return metainfo

    def full_init(self) -> None:
        """Read the source, match its classes, and draw the samples."""
        if self._fully_initialized:
            return
        total = count_images(self.dataset, self.name)
        source_classes = classes_of(self.dataset, self.name)
        joint_names = rename_classes(
            source_classes, self.aliases, self.keep_apart, self.name
        )
        own, joint = annotated_columns(
            source_classes,
            joint_names,
            self.label_space,
            self.labeled_classes,
            self.name,
        )
        self._own, self._joint = own, joint
        self._labels = self._make_labels(joint_names, own, joint)
        self._selected = draw_samples(
            total, self.part, self.num_samples, self.seed, self.name
        )
        self._fully_initialized = True
        if self._indices is not None:
            self.get_subset_(self._indices)
            if not len(self._selected):
                raise ValueError(
                    f'indices={self._indices} of {self.name} leave no image '
                    f'of {total}'
                )

    def _make_labels(
        self, joint_names: Sequence[str], own: np.ndarray, joint: np.ndarray
    ) -> ImageLabels | PixelLabels:
        """Return what rewrites the labels of this source's kind."""
        if not self.has_pixel_labels:
            num_classes = len(self.label_space)
            return ImageLabels(own, joint, len(joint_names), num_classes)
        return PixelLabels(
            self.dataset.metainfo,
            joint_names,
            own,
            joint,
            self.label_space,
            self.exclusive,
            self.background_classes,
            getattr(self.dataset, 'ignore_index', 255),
            self.name,
        )

    def get_data_info(self, idx: int) -> dict:
        """Return the annotation of one image in the joint label space.

        Args:
            idx (int): Index of the image, negative from the end.

        Returns:
            dict: What the source says, with ``gt_score`` (float32, (C,), NaN
            where not annotated), ``source``, ``patient_id`` and
            ``sample_idx`` set, and without ``gt_label``. For label maps
            ``label_map``, ``annotated_classes`` (bool, (C,)) and
            ``exclusive`` instead of ``gt_score``.
        """
        if not self._fully_initialized:
            self.full_init()
        info = self.dataset.get_data_info(int(self._selected[idx]))
        try:
            self._labels.annotate(info)
        except ValueError as error:
            raise ValueError(
                f'image {info.get("img_path", idx)} of {self.name}: {error}'
            ) from error
        info['source'] = self.name
        info.setdefault('patient_id', None)
        info['sample_idx'] = idx if idx >= 0 else len(self) + idx
        return info

    def prepare_data(self, idx: int) -> Any:
        """Run the pipeline on one image.

        Args:
            idx (int): Index of the image.

        Returns:
            Any: The pipeline's output; None for an image that cannot be
            decoded outside of test mode (the caller takes another one).

        Raises:
            FileNotFoundError: If the image is missing.
            OSError: If it cannot be read at all, or if it cannot be decoded
                and ``test_mode`` is True.
        """
        info = self.get_data_info(idx)
        try:
            return self._labels.run(self.pipeline, info)
        except FileNotFoundError as error:
            what = ' or its annotation' if self.has_pixel_labels else ''
            raise FileNotFoundError(
                f'{self._describe(idx)}{what} is missing: {error}'
            ) from error
        except MAYBE_DECODE_ERRORS as error:
            if not is_decode_error(error):
                raise
            if self.test_mode:
                raise OSError(
                    f'{self._describe(idx)} cannot be decoded: {error}'
                ) from error
            self._broken.skip(self._describe(idx), error)
            return None

    def _describe(self, idx: int) -> str:
        """Say where an image comes from: file, source, row of its table."""
        info = self.get_data_info(idx)
        text = f'image {info.get("img_path", idx)} of {self.name}'
        where = getattr(self.dataset, 'where', None)
        if where is not None:
            text += f' ({where(int(self._selected[idx]))})'
        return text

    @property
    def num_skipped(self) -> int:
        """int: Times an image could not be decoded, over all workers."""
        return len(self._broken)

    @property
    def selected(self) -> np.ndarray:
        """ndarray: int64 (N,), which images of ``dataset`` are used."""
        if not self._fully_initialized:
            self.full_init()
        return self._selected

    @property
    def columns(self) -> tuple[np.ndarray, np.ndarray]:
        """tuple[ndarray, ndarray]: Annotated classes, own and joint index."""
        if not self._fully_initialized:
            self.full_init()
        return self._own, self._joint

    @property
    def annotated_classes(self) -> tuple[str, ...]:
        """tuple[str, ...]: Joint names of the classes that are annotated."""
        if not self._fully_initialized:
            self.full_init()
        return tuple(self.label_space.classes[i] for i in self._joint)

    def get_cat_ids(self, idx: int) -> list[int]:
        """Return the joint indices of the annotated, positive classes.

        Args:
            idx (int): Index of the image.

        Returns:
            list[int]: Possibly empty; what ``ClassBalancedDataset`` asks for.
        """
        info = self.get_data_info(idx)
        return self._labels.positive_classes(info)

    def get_subset_(self, indices: int | Sequence[int]) -> None:
        """Keep some images only, in place.

        Args:
            indices (int | Sequence[int]): First n (n >= 0), last n (n < 0),
                or the positions to keep.
        """
        self.full_init()
        if isinstance(indices, int):
            kept = slice(indices) if indices >= 0 else slice(indices, None)
            self._selected = self._selected[kept]
        else:
            self._selected = self._selected[np.asarray(indices, dtype=int)]

    def get_subset(self, indices: int | Sequence[int]) -> PartialLabelDataset:
        """Return a view of some images; the source is shared.

        Args:
            indices (int | Sequence[int]): As for :meth:`get_subset_`.

        Returns:
            PartialLabelDataset: The subset.
        """
        self.full_init()
        subset = copy.copy(self)
        subset.get_subset_(indices)
        return subset

    def __len__(self) -> int:
        if not self._fully_initialized:
            self.full_init()
        return len(self._selected)
