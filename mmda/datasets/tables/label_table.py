"""The columns behind a dataset: one array per field, no object per image."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, overload

import numpy as np

_COLUMNS = ('gt_score', 'img_path', 'img', 'patient_id', 'row')


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
        return strings.astype(np.bytes_)  # in C, but ASCII only
    except UnicodeEncodeError:
        return np.array([string.encode() for string in strings])


class LabelTable:
    """Annotations of N images as columns.

    Takes the place of mmengine's list of dicts: 14 labels, a path and a
    patient cost about 120 bytes per image instead of some 2,000, and workers
    of a data loader share the arrays, which hold no reference counts that
    would be written to on access.

    Args:
        gt_score (ndarray): float32 (N, C), in [0, 1], NaN where not annotated.
        img_path (ndarray, optional): (N,), dtype ``S``, UTF-8.
        img (ndarray, optional): uint8 (N, H, W, 3) or (N, H, W), for images
            that are held in memory.
        patient_id (ndarray, optional): (N,), integers or dtype ``S``.
        row (ndarray, optional): integers (N,), line of the annotation file
            with the header as line 1.

    Raises:
        ValueError: If a column has another length than ``gt_score``.

    Examples:
        >>> table = LabelTable(np.eye(3, dtype=np.float32),
        ...                    img_path=encode_text(['a', 'b', 'c']))
        >>> len(table[[True, False, True]]), table[1]['img_path']
        (2, 'b')
    """

    __slots__ = _COLUMNS

    def __init__(
        self,
        gt_score: np.ndarray,
        img_path: np.ndarray | None = None,
        img: np.ndarray | None = None,
        patient_id: np.ndarray | None = None,
        row: np.ndarray | None = None,
    ) -> None:
        self.gt_score = gt_score
        self.img_path = img_path
        self.img = img
        self.patient_id = patient_id
        self.row = row
        for name in _COLUMNS:
            column = getattr(self, name)
            if column is not None and len(column) != len(gt_score):
                raise ValueError(
                    f'column {name} has {len(column)} rows, expected '
                    f'{len(gt_score)} as in gt_score'
                )

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
            dict | LabelTable: Copies, never views: changing the result leaves
            the table alone, and a small part does not keep the whole alive.

        Raises:
            IndexError: If a position lies outside the table.
        """
        if isinstance(index, (int, np.integer)):
            return self._sample(index)
        if not isinstance(index, slice):
            index = np.asarray(index)
            if index.size == 0:  # an empty list would be an array of floats
                index = index.astype(np.intp)
        parts: dict[str, Any] = {}
        for name in _COLUMNS:
            column = getattr(self, name)
            if column is not None:
                part = column[index]
                # A slice is a view, everything else is a copy already.
                is_view = isinstance(index, slice)
                parts[name] = part.copy() if is_view else part
        return LabelTable(**parts)

    def _sample(self, index: int | np.integer) -> dict:
        sample = {'gt_score': self.gt_score[index].copy()}
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

    def __iter__(self) -> Iterator[dict]:
        return (self._sample(index) for index in range(len(self)))

    @property
    def nbytes(self) -> int:
        """int: Bytes of all columns."""
        columns = (getattr(self, name) for name in _COLUMNS)
        return sum(column.nbytes for column in columns if column is not None)
