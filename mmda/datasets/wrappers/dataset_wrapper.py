"""Base class of the wrappers that change the images or labels of a source."""

from __future__ import annotations

import copy
import inspect
import logging
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from mmengine.dataset import BaseDataset
from mmengine.logging import print_log
from mmengine.registry import DATASETS

from mmda.structures import score_of

from ..broken_images import (
    UnusableImageError,
    is_decode_error,
    is_for_three_channels,
)
from ..packed_samples import packed_samples, protect_labels
from ..parts import take
from ..split_file import image_names

#: What a packed sample says about its image, beside the host's metainfo.
SAMPLE_META = (
    'source',
    'patient_id',
    'groups',
    'sample_idx',
    'annotated_classes',
    'exclusive',
)


class DatasetWrapper(BaseDataset):
    """A dataset made of another one, with its classes and its pipeline.

    A subclass implements :meth:`choose`, and overrides :meth:`get_data_info`
    where it changes labels. Wrappers can be nested, in any order.

    ``data_list`` holds which images of the source are used, so the host's
    ``len``, ``indices`` and ``get_subset_`` work as usual.

    A data sample that the pipeline packs has the fields of
    :data:`SAMPLE_META` in its metainfo, as far as the wrapper or its source
    knows them. No ``meta_keys`` are needed.

    An image that cannot be decoded is an error if ``test_mode`` is True.
    Otherwise a random image takes its place, and the log names it once. A
    missing file is always an error.

    Args:
        dataset (dict | BaseDataset): The source. Any dataset of the hosts
            whose samples have ``gt_label`` (one index or a list of them) or
            ``gt_score`` ((C,), NaN where not annotated).
        pipeline (Sequence[dict | Callable], optional): Transforms. Defaults
            to the pipeline of ``dataset``.
        test_mode (bool, optional): Defaults to the ``test_mode`` of
            ``dataset``.
        lazy_init (bool): Read the annotations at first use. Defaults to False.
        max_refetch (int): How many other images to try after the pipeline
            returned None for an image. Defaults to 1000.
        indices (int | Sequence[int], optional): Images to keep: the first n
            (n >= 0), the last n (n < 0), or a list of positions. Defaults to
            None, all images.

    Raises:
        ValueError: If the source is empty or names no classes, or if
            ``indices`` leaves no image.
    """

    def __init__(
        self,
        dataset: dict | BaseDataset,
        pipeline: Sequence[dict | Callable] | None = None,
        test_mode: bool | None = None,
        lazy_init: bool = False,
        max_refetch: int = 1000,
        indices: int | Sequence[int] | None = None,
    ) -> None:
        self.dataset = source = _build_lazily(dataset)
        source_name = getattr(source, 'name', None) or type(source).__name__
        self.name = f'{type(self).__name__} of {source_name}'
        if test_mode is None:
            test_mode = getattr(source, 'test_mode', False)
        super().__init__(
            indices=indices,
            serialize_data=False,  # data_list is an array
            pipeline=_transforms_of(source) if pipeline is None else pipeline,
            test_mode=test_mode,
            lazy_init=lazy_init,
            max_refetch=max_refetch,
        )

    def choose(self, total: int, classes: tuple[str, ...]) -> np.ndarray:
        """Choose the images of the source. Called once.

        Args:
            total (int): Number of images of the source, at least 1.
            classes (tuple[str, ...]): Classes of the source.

        Returns:
            ndarray: int64 (N,), for each image its index in the source.
        """
        raise NotImplementedError

    def load_data_list(self) -> np.ndarray:
        """Read the source and choose its images.

        Returns:
            ndarray: The answer of :meth:`choose`.
        """
        try:
            self.dataset.full_init()
            total = len(self.dataset)
        except ValueError as error:
            if 'need at least one array' not in str(error):
                raise
            total = 0  # BaseDataset cannot serialise an empty data_list
        except IndexError as error:
            if getattr(self.dataset, '_indices', None) is None:
                raise
            raise ValueError(
                f'source {self.name}: its `indices` reach beyond the last of '
                'its images. Are some of its files missing?'
            ) from error
        if total == 0:
            raise ValueError(f'source {self.name} is empty: no image found')
        metainfo = getattr(self.dataset, 'metainfo', None) or {}
        if metainfo.get('classes') is None:
            raise ValueError(
                f'source {self.name} has no `classes` in its metainfo; give '
                'its dataset metainfo=dict(classes=(...)) or classes=(...)'
            )
        # Shared, so that all workers of a data loader count together.
        self._skips = torch.zeros(total, dtype=torch.int32).share_memory_()
        return self.choose(total, tuple(metainfo['classes']))

    def full_init(self) -> None:
        """Read the annotations, if this has not been done."""
        if self._fully_initialized:
            return
        super().full_init()
        if len(self) == 0:
            raise ValueError(
                f'indices={self._indices} of {self.name} leave no image of '
                f'{len(self.dataset)}'
            )

    @property
    def metainfo(self) -> dict:
        """dict: The metainfo of the source."""
        return self.dataset.metainfo

    def source_index(self, idx: int) -> int:
        """Return the index that an image has in the source.

        Args:
            idx (int): Index of the image in this dataset.

        Returns:
            int: Its index in ``dataset``.
        """
        if not self._fully_initialized:  # faster than a call
            self.full_init()
        return int(self.data_list[idx])

    def where(self, idx: int) -> str:
        """Say where the annotation of an image stands.

        Args:
            idx (int): Index of the image.

        Returns:
            str: Such as ``'train.csv, line 17'`` if the source has a table,
            else ``'image 15 of CustomDataset'``.
        """
        index = self.source_index(idx)
        where = getattr(self.dataset, 'where', None)
        if where is not None:
            return where(index)
        return f'image {index} of {type(self.dataset).__name__}'

    def get_data_info(self, idx: int) -> dict:
        """Return the annotation of one image, as the source gives it.

        Args:
            idx (int): Index of the image. Negative ones count from the end.

        Returns:
            dict: A fresh one, with ``sample_idx`` set.
        """
        info = self.dataset.get_data_info(self.source_index(idx))
        info['sample_idx'] = idx if idx >= 0 else len(self) + idx
        return info

    def apply_pipeline(self, info: dict) -> Any:
        """Run the pipeline on the annotation of an image."""
        return self.pipeline(info)

    def run_pipeline(self, info: dict) -> Any:
        """Run the pipeline and handle images that cannot be decoded.

        Args:
            info (dict): The annotation of an image.

        Returns:
            Any: The output of the pipeline. None for an image that cannot be
            decoded, if ``test_mode`` is False. The caller then takes another
            image.

        Raises:
            FileNotFoundError: If the image or its label map is missing.
            UnusableImageError: If the image is whole, but cannot be used with
                the settings of the loader.
            OSError: If the file system cannot read the image, or if the image
                cannot be decoded and ``test_mode`` is True.
            ValueError: If a transform fails on an image of one channel.
        """
        idx = info['sample_idx']
        image = f'image {info.get("img_path", idx)} of {self.name}'
        try:
            return self.apply_pipeline(info)
        except FileNotFoundError as error:
            what = ' or its annotation' if 'label_map' in info else ''
            raise FileNotFoundError(
                f'{image}{what} is missing ({self.where(idx)}): {error}'
            ) from error
        except UnusableImageError as error:
            raise UnusableImageError(
                f'{image} cannot be used ({self.where(idx)}): {error}'
            ) from error
        except Exception as error:
            why = ' '.join(str(error).split())
            if is_for_three_channels(error, info):
                raise ValueError(
                    f'{image} is grey, and a transform fails on it: {why}. '
                    "If it needs three channels, load with color_type='color' "
                    'or use strong_view of DualViewDataPreprocessor instead'
                ) from error
            if not is_decode_error(error):
                raise
            problem = f'{image} cannot be decoded ({self.where(idx)}): {why}'
            if self.test_mode:
                raise OSError(problem) from error
            index = self.source_index(idx)
            if not self._skips[index]:
                print_log(
                    f'{problem}; another image takes its place',
                    logger='current',
                    level=logging.WARNING,
                )
            self._skips[index] += 1
            return None

    def prepare_data(self, idx: int) -> Any:
        """Run the pipeline on one image.

        Args:
            idx (int): Index of the image.

        Returns:
            Any: The output of the pipeline. The metainfo of its data samples
            has the fields of :data:`SAMPLE_META`.
        """
        info = self.get_data_info(idx)
        meta = {key: info[key] for key in SAMPLE_META if key in info}
        results = self.run_pipeline(info)
        for sample in packed_samples(results):
            sample.set_metainfo(meta)
        if not self.test_mode:
            protect_labels(results)
        return results

    def __getitem__(self, idx: int) -> Any:
        """Return a sample; see :meth:`run_pipeline`.

        Raises:
            ValueError: If ``max_refetch`` other images cannot be decoded
                either.
        """
        try:
            return super().__getitem__(idx)
        except Exception as error:
            # The host raises a bare Exception, which names no file.
            if type(error) is not Exception or not self.num_skipped:
                raise
            broken = self.broken_images()
            raise ValueError(
                f'{self.name}: {self.max_refetch + 1} tries in turn found no '
                f'image that can be decoded. {len(broken)} of {len(self)} '
                f'images are broken, such as {broken[0]}'
            ) from error

    def get_cat_ids(self, idx: int) -> list[int]:
        """Return the indices of the annotated, positive classes of an image.

        Args:
            idx (int): Index of the image.

        Returns:
            list[int]: Possibly empty. ``ClassBalancedDataset`` asks for it.
        """
        info = self.get_data_info(idx)
        score = score_of(info, len(self.metainfo['classes']))
        # NaN > 0.5 is False
        return np.flatnonzero(score > 0.5).tolist()

    @property
    def num_skipped(self) -> int:
        """int: How often an image could not be decoded, in all workers."""
        self.full_init()
        return int(self._skips.sum())

    def broken_images(self) -> list[str]:
        """List the images that could not be decoded, in all workers.

        Returns:
            list[str]: For each image its file and where its annotation
            stands.
        """
        if not self.num_skipped:
            return []
        where = {self.source_index(i): i for i in range(len(self))}
        found = []
        for index in self._skips.nonzero().flatten().tolist():
            image = self.dataset.get_data_info(index).get('img_path', index)
            place = self.where(where[index]) if index in where else ''
            found.append(f'{image} of {self.name} ({place})')
        return found

    def _get_unserialized_subset(
        self, indices: int | Sequence[int]
    ) -> np.ndarray:
        return take(self.data_list, indices)

    def get_subset(self, indices: int | Sequence[int]) -> DatasetWrapper:
        """Return a view of some images. The source is shared, not copied.

        Args:
            indices (int | Sequence[int]): The first n (n >= 0), the last n
                (n < 0), or the positions to keep.

        Returns:
            DatasetWrapper: The subset.
        """
        self.full_init()
        subset = copy.copy(self)
        subset.get_subset_(indices)
        return subset


def scores_of(dataset: BaseDataset, num_classes: int) -> np.ndarray:
    """Return the labels of all images of a dataset as scores.

    Args:
        dataset (BaseDataset): A source that has been read.
        num_classes (int): Number of its classes, C.

    Returns:
        ndarray: float32 (N, C), NaN where not annotated.
    """
    score = getattr(getattr(dataset, 'data_list', None), 'gt_score', None)
    if score is not None:  # a LabelTable
        return score.astype(np.float32, copy=False)
    infos = map(dataset.get_data_info, range(len(dataset)))
    return np.stack([score_of(info, num_classes) for info in infos])


def patients_of(dataset: BaseDataset, source: str) -> np.ndarray:
    """Return the patients of all images of a dataset.

    Args:
        dataset (BaseDataset): A source that has been read.
        source (str): Name of the source, for messages.

    Returns:
        ndarray: (N,), ids.

    Raises:
        ValueError: If an image has no patient.
    """
    ids = _ids(dataset)
    for index, patient in enumerate(ids):
        if patient is None or patient in ('', b''):
            raise ValueError(
                f"part_of='patients' of {source}: image {index} has no "
                '`patient_id`, expected one for every image'
            )
    return np.asarray(ids)


def known_patients(dataset: BaseDataset) -> np.ndarray | None:
    """Return the patients of all images, if each image has one.

    Args:
        dataset (BaseDataset): A source that has been read.

    Returns:
        ndarray | None: (N,), ids.
    """
    ids = _ids(dataset)
    if any(one is None or one in ('', b'') for one in ids):
        return None
    return np.asarray(ids)


def _ids(dataset: BaseDataset) -> Sequence[Any]:
    ids = getattr(getattr(dataset, 'data_list', None), 'patient_id', None)
    if ids is None:
        infos = map(dataset.get_data_info, range(len(dataset)))
        ids = [info.get('patient_id') for info in infos]
    return ids


def images_of(dataset: BaseDataset) -> list[str]:
    """Return the names of all images of a dataset.

    Args:
        dataset (BaseDataset): A source that has been read.

    Returns:
        list[str]: See :func:`~mmda.datasets.split_file.image_names`.
    """
    pixels = getattr(getattr(dataset, 'data_list', None), 'img', None)
    if isinstance(pixels, np.ndarray):
        return image_names(None, pixels)
    if hasattr(dataset, 'full_paths'):
        return image_names(dataset.full_paths(), None)
    infos = [dataset.get_data_info(index) for index in range(len(dataset))]
    paths = [info.get('img_path') for info in infos]
    if None in paths:
        return image_names(None, [info['img'] for info in infos])
    return image_names(paths, None)


def _build_lazily(dataset: dict | BaseDataset) -> BaseDataset:
    """Build a source that is read in `full_init`, where errors are named."""
    if not isinstance(dataset, dict):
        return dataset
    scope = dataset.get('_scope_')
    with DATASETS.switch_scope_and_registry(scope) as registry:
        kind = dataset.get('type')
        kind = registry.get(kind) if isinstance(kind, str) else kind
    parameters = inspect.signature(kind).parameters if kind else {}
    # Stock KFoldDataset takes no lazy_init.
    takes = 'lazy_init' in parameters or any(
        p.kind is p.VAR_KEYWORD for p in parameters.values()
    )
    return DATASETS.build({'lazy_init': True, **dataset} if takes else dataset)


def _transforms_of(dataset: Any) -> list[Callable[[dict], Any]]:
    """Return the transforms of a dataset, or of the one that it wraps."""
    while not hasattr(dataset, 'pipeline') and hasattr(dataset, 'dataset'):
        dataset = dataset.dataset  # RepeatDataset and similar wrappers
    # ConcatDataset has many pipelines, so it has none to apply.
    pipeline = getattr(dataset, 'pipeline', None)
    if pipeline is None:
        return []
    return getattr(pipeline, 'transforms', [pipeline])
