"""The annotations of a dataset as columns: one array per field."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np


def encode_text(text: Sequence[str] | np.ndarray) -> np.ndarray:
    """Pack strings into one array of fixed-width UTF-8.

    Args:
        text (Sequence[str] | ndarray): N strings.

    Returns:
        ndarray: (N,), dtype ``S``, as wide as the longest string.

    Examples:
        >>> encode_text(['a.png', 'bb.png'])
        array([b'a.png', b'bb.png'], dtype='|S6')
    """
    strings = np.asarray(text, dtype=object)
    try:
        return strings.astype(np.bytes_)  # fast, but ASCII only
    except UnicodeEncodeError:
        return np.array([string.encode() for string in strings])


@dataclass(slots=True, eq=False)
class LabelTable:
    """Annotations of N images as columns.

    It replaces mmengine's list of dicts. An image with 14 labels, a path and
    a patient takes about 120 bytes here, and about 2,000 bytes in a list of
    dicts. The workers of a data loader share the arrays, because reading an
    array does not write reference counts.

    Args:
        gt_score (ndarray): float32 (N, C), in [0, 1], NaN where not annotated;
            or float16, which halves the memory of labels such as 0 and 1.
        img_path (ndarray, optional): (N,), dtype ``S``, UTF-8.
        img (ndarray, optional): uint8 (N, H, W, 3) or (N, H, W), for images
            that are held in memory.
        patient_id (ndarray, optional): (N,), int64 or dtype ``S``.
        groups (ndarray, optional): dtype ``S`` (N, G), groups of each image,
            see :class:`~mmda.datasets.tables.group_columns.GroupColumns`.
        row (ndarray, optional): integers (N,), line of the annotation file,
            or row of a Parquet file. The header is line 1.

    Raises:
        ValueError: If the length of a column differs from ``gt_score``.

    Examples:
        >>> table = LabelTable(np.eye(3, dtype=np.float32),
        ...                    img_path=encode_text(['a', 'b', 'c']))
        >>> len(table[[True, False, True]]), table[1]['img_path']
        (2, 'b')
    """

    gt_score: np.ndarray
    img_path: np.ndarray | None = None
    img: np.ndarray | None = None
    patient_id: np.ndarray | None = None
    groups: np.ndarray | None = None
    row: np.ndarray | None = None

    def __post_init__(self) -> None:
        for name, column in self.columns().items():
            if len(column) != len(self):
                raise ValueError(
                    f'column {name} has {len(column)} rows, expected '
                    f'{len(self)} as in gt_score'
                )

    def columns(self) -> dict[str, np.ndarray]:
        """Return the columns that are there, by name."""
        columns = {name: getattr(self, name) for name in self.__slots__}
        return {k: v for k, v in columns.items() if v is not None}

    def __len__(self) -> int:
        return len(self.gt_score)

    @overload
    def __getitem__(self, index: int | np.integer) -> dict: ...

    @overload
    def __getitem__(
        self, index: slice | Sequence[int] | np.ndarray
    ) -> LabelTable: ...

    def __getitem__(
        self, index: int | np.integer | slice | Sequence[int] | np.ndarray
    ) -> dict | LabelTable:
        """Return one image as a fresh dict, or several as a table.

        Args:
            index (int | slice | Sequence[int] | ndarray): Position of one
                image; or a slice, positions, or a bool mask of (N,).

        Returns:
            dict | LabelTable: Copies, never views. So a change of the result
            leaves the table as it is, and a small part does not keep the
            whole table in memory.

        Raises:
            IndexError: If a position lies outside the table.
        """
        if isinstance(index, (int, np.integer)):
            return self._sample(index)
        if isinstance(index, slice):
            index = np.arange(len(self))[index]
        index = np.asarray(index)
        if index.size == 0:  # an empty list would be an array of floats
            index = index.astype(np.intp)
        return LabelTable(**{k: v[index] for k, v in self.columns().items()})

    def _sample(self, index: int | np.integer) -> dict:
        sample = {'gt_score': self.gt_score[index].astype(np.float32)}
        if self.img_path is not None:
            sample['img_path'] = self.img_path[index].decode()
        if self.img is not None:
            sample['img'] = self.img[index].copy()
        sample['patient_id'] = None
        if self.patient_id is not None:
            patient = self.patient_id[index].item()
            if isinstance(patient, bytes):
                patient = patient.decode() or None
            sample['patient_id'] = patient
        return sample
