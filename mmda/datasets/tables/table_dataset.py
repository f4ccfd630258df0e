"""Base class of the datasets whose annotations are arrays."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from mmengine.fileio import exists
from mmpretrain.datasets import BaseDataset

from mmda.structures import LabelSpace, class_indices

from ..packed_samples import protect_labels
from ..parts import take
from .group_columns import GroupColumns
from .image_paths import find_outside, join_prefix
from .label_cells import place
from .label_table import LabelTable

#: Paths that are objects of Python at a time. All would take too much memory.
_CHUNK = 2**16


class TableDataset(BaseDataset):
    """A dataset of mmpretrain whose annotations are a :class:`LabelTable`.

    A subclass implements ``load_data_list`` and returns a table. Paths in the
    table are relative to ``data_prefix``. Samples have

    - ``gt_score``, float32, one entry per class, NaN where not annotated;
    - ``img_path``, or ``img`` for images that are in memory;
    - ``patient_id``, None if the table has no patients;
    - ``groups``, a dict such as ``{'sex': 'F'}``, if there are ``groups``;
    - ``sample_idx``.

    Args:
        ann_file (str): Annotation file, relative to ``data_root``.
        classes (Sequence[str], optional): Classes to use, in their order.
            Defaults to all classes of the dataset.
        check_first (bool): Whether to look for the first image when the
            annotations are read. A wrong ``data_root`` is then an error
            before the training starts. Defaults to True.
        split (str, optional): One of :attr:`SPLITS`.
        allow_outside (bool): Whether the annotations may name images outside
            of ``data_root`` and ``data_prefix``, or of the working directory
            if both are empty, and addresses such as ``http://...``. Images
            are fetched from another machine only if this is True, or if
            ``data_root`` or ``data_prefix`` is such an address. Defaults to
            False.
        groups (Mapping, optional): Groups of images for which
            ``PartialLabelAUC`` reports values of their own: name -> column of
            the annotation file, such as ``dict(sex='Patient Gender')``, or ->
            ``dict(column='Patient Age', bands=[0, 40, 60, 120])``. See
            :class:`~mmda.datasets.tables.group_columns.GroupColumns`.
        **kwargs: Other arguments of :class:`mmpretrain.datasets.BaseDataset`:
            data_root, data_prefix, pipeline, indices, test_mode, lazy_init,
            metainfo, max_refetch.

    Raises:
        FileNotFoundError: If the annotation file or the first image is
            missing.
        ValueError: If no image is left, if one lies outside of the folders
            that may hold images, if ``classes`` has an unknown name or
            names a class twice, if there is no such split, or if a column of
            ``groups`` is missing, is a class, or holds no groups.
    """

    #: Splits of the dataset. Empty for a dataset without splits.
    SPLITS: tuple[str, ...] = ()

    #: What to download, from where, and the expected layout. It ends the
    #: message about a missing file.
    LAYOUT: str = ''

    #: Whether ``load_data_list`` keeps the label -1, for code that
    #: counts uncertain labels.
    keep_uncertain = False

    data_list: LabelTable

    def __init__(
        self,
        ann_file: str = '',
        classes: str | Sequence[str] | None = None,
        check_first: bool = True,
        split: str | None = None,
        allow_outside: bool = False,
        groups: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        if self.SPLITS and split not in self.SPLITS:
            raise ValueError(
                f'split of {type(self).__name__}: found {split!r}, expected '
                f'one of {self.SPLITS}'
            )
        self.split = split
        self.check_first = check_first
        self.allow_outside = allow_outside
        self.groups = GroupColumns(groups or {}, type(self).__name__)
        # mmengine serialises a list of dicts to share it between workers.
        # Workers share arrays as they are.
        kwargs['serialize_data'] = False
        lazy_init = kwargs.pop('lazy_init', False)
        super().__init__(ann_file, classes=classes, lazy_init=True, **kwargs)
        self._check_classes()
        if not lazy_init:
            self.full_init()

    def _check_classes(self) -> None:
        if 'classes' not in self._metainfo:
            return
        where = f'classes of {type(self).__name__}'
        chosen = tuple(self._metainfo['classes'])
        known = self.METAINFO.get('classes')
        if known is None:
            try:
                LabelSpace(chosen)
            except ValueError as error:
                raise ValueError(f'{where}: {error}') from error
            return
        if not chosen:
            raise ValueError(f'{where}: found an empty list')
        #: Positions of the chosen classes among all classes.
        self.class_columns = class_indices(chosen, known, where)
        for name in chosen:
            if chosen.count(name) > 1:
                raise ValueError(f'{where}: {name!r} is given twice')
        self._metainfo['classes'] = chosen

    def require_file(self, path: str) -> str:
        """Check that a file of the dataset is there.

        Args:
            path (str): The file.

        Returns:
            str: ``path``.

        Raises:
            FileNotFoundError: If the file is missing. The message says what
                to download.
        """
        if not exists(path):
            raise FileNotFoundError(
                f'{type(self).__name__}: no file {path} '
                f'(data_root={self.data_root!r}). {self.LAYOUT}'.rstrip()
            )
        return path

    def filter_data(self) -> LabelTable:
        """Check what was read.

        Returns:
            LabelTable: The table, unchanged.

        Raises:
            ValueError: If the table is empty, or if it names an image outside
                of the folders of the config.
            FileNotFoundError: If the first image is missing.
        """
        if len(self.data_list) == 0:
            raise ValueError(
                f'{type(self).__name__}: no image of {self.ann_file} is left '
                'after the choice of split and view'
            )
        self._check_paths()
        if self.data_list.groups is not None:
            self.groups.check(self.ann_file, self.data_list.groups)
        elif self.groups.columns:
            raise ValueError(
                f'groups of {type(self).__name__}: found columns '
                f'{self.groups.columns}, but this dataset reads no table '
                'with columns'
            )
        if self.check_first and self.data_list.img_path is not None:
            path = self._full_path(self.data_list[0]['img_path'])
            if not exists(path):
                raise FileNotFoundError(
                    f'{type(self).__name__}: no image {path}, named in '
                    f'{self._place(0)}. {self.LAYOUT}'.rstrip()
                )
        return self.data_list

    def _check_paths(self) -> None:
        paths = self.data_list.img_path
        if self.allow_outside or paths is None:
            return
        prefix = self.img_prefix or ''
        folders = [prefix, *filter(None, [self.data_root])]
        for start in range(0, len(paths), _CHUNK):
            part = paths[start : start + _CHUNK].tolist()
            position = find_outside(part, prefix, folders)
            if position is None:
                continue
            position += start
            folder = prefix or os.getcwd()
            raise ValueError(
                f'{self._place(position)}: found the image '
                f'{os.fsdecode(paths[position])!r}, expected a path inside of '
                f'{folder}. If you trust the table, set allow_outside=True'
            )

    def _full_path(self, path: str) -> str:
        return join_prefix(self.img_prefix or '', path)

    def full_paths(self) -> np.ndarray | None:
        """Return the full paths of all images.

        Returns:
            ndarray | None: dtype ``S`` (N,), None for images in memory.
        """
        self.full_init()
        paths = self.data_list.img_path
        if paths is None:
            return None
        prefix = self._full_path('').encode()
        return np.array(
            [
                path if path[:1] == b'/' or b'://' in path else prefix + path
                for path in paths.tolist()
            ]
        )

    def get_data_info(self, idx: int) -> dict:
        """Return the annotation of one image.

        Args:
            idx (int): Index of the image. Negative ones count from the end.

        Returns:
            dict: A new dict with the fields of the class docstring.
        """
        if not self._fully_initialized:  # faster than a call
            self.full_init()
        info = self.data_list[idx]
        if 'img_path' in info:
            info['img_path'] = self._full_path(info['img_path'])
        if self.data_list.groups is not None:
            info['groups'] = self.groups.of(self.data_list.groups[idx])
        info['sample_idx'] = idx if idx >= 0 else len(self.data_list) + idx
        return info

    def prepare_data(self, idx: int) -> Any:
        """Run the pipeline on one image.

        Args:
            idx (int): Index of the image.

        Returns:
            Any: The output of the pipeline. For training, a stock loss
            refuses its partial labels, see
            :mod:`mmda.structures.checked_labels`.
        """
        results = super().prepare_data(idx)
        if not self.test_mode:
            protect_labels(results)
        return results

    def where(self, idx: int) -> str:
        """Say where the annotation of an image stands.

        Args:
            idx (int): Index of the image.

        Returns:
            str: Such as ``'data/CheXpert/train.csv, line 17'``.
        """
        self.full_init()
        return self._place(idx)

    def _place(self, idx: int) -> str:
        row, name = self.data_list.row, self.ann_file or type(self).__name__
        return f'{name}, image {idx}' if row is None else place(name, row[idx])

    def get_cat_ids(self, idx: int) -> list[int]:
        """Return the indices of the positive classes of an image.

        Args:
            idx (int): Index of the image.

        Returns:
            list[int]: Possibly empty. ``ClassBalancedDataset`` asks for it.
        """
        self.full_init()
        # NaN > 0.5 is False: an unannotated class is not a positive one.
        return np.flatnonzero(self.data_list.gt_score[idx] > 0.5).tolist()

    def get_gt_labels(self) -> np.ndarray:
        """Return the labels of all images.

        Returns:
            ndarray: float32 (N, C), a copy, NaN where not annotated.
        """
        self.full_init()
        return self.data_list.gt_score.astype(np.float32)

    def _get_unserialized_subset(
        self, indices: int | Sequence[int] | np.ndarray
    ) -> LabelTable:
        return take(self.data_list, indices)
