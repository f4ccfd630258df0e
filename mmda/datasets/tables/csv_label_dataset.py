"""Read any table of images and labels: CSV, JSON lines or Parquet."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from mmengine.registry import DATASETS

from .label_cells import (
    check_cells,
    is_label,
    read_label_columns,
    read_label_lists,
)
from .label_policies import (
    UNCERTAIN,
    apply_policies,
    is_smoothed,
    read_policies,
)
from .label_table import LabelTable
from .table_dataset import TableDataset
from .table_file import iter_table, read_columns, read_names

if TYPE_CHECKING:
    import pandas as pd

_BLANK = ('ignore', 'negative')


@DATASETS.register_module()
class CSVLabelDataset(TableDataset):
    r"""Images named in a table, with their labels in one of two forms.

    The suffix of the file says what it is: ``.parquet``; ``.jsonl``,
    ``.ndjson`` or ``.json``, with one object per line; or else CSV, whose
    cells are separated by a comma, a semicolon, a tab or a vertical bar.

    * One column per class: 1 is positive, 0 is negative, a number in between
      is a soft label, and an empty cell is not annotated. -1 is uncertain.
    * One column, ``label_column``, with the list of the positive classes
      (``'Mass|Nodule'``, or a list in JSON or Parquet). All other classes are
      negative. An empty cell is
      an empty list: all classes are negative. If ``negative_names`` lacks
      ``''``, an empty cell means that the image is not annotated.

    Args:
        ann_file (str): The table, relative to ``data_root``. It has one row
            per image. Text is in UTF-8, and CSV has a header.
        data_root (str): Root of ``ann_file`` and ``data_prefix``.
        data_prefix (str | dict): Folder of the images.
        image_column (str): Column of the image paths, relative to
            ``data_prefix``. Defaults to 'path'.
        image_suffix (str): Text to append to each path, for example '.jpg' if
            the column holds names without it. Defaults to ''.
        classes (Sequence[str], optional): Class names. Defaults to all
            columns without another use, such as ``groups``, or to the names in
            ``label_column``. A first column without a name is no class:
            pandas writes its index there.
        label_column (str, optional): Column of lists.
        separator (str): Stands between the names of a list. Defaults to '|'.
        patient_column (str, optional): Column of the patients.
        negative_names (Sequence[str]): Names in ``label_column`` that stand
            for none of the classes. Defaults to 'No Finding' and ''.
        uncertain (str | Mapping[str, str], optional): Policy for the label
            -1, as in :class:`~mmda.datasets.CheXpert`: 'zeros', 'ones',
            'ignore', 'lsr_ones' or 'lsr_zeros'; or class -> policy, with
            'default' for all other classes. Defaults to None: -1 is an error.
        blank (str | Mapping[str, str], optional): Policy for an empty cell of
            a class: 'ignore' (not annotated) or 'negative' (0); or class ->
            policy. Defaults to None: 'ignore'.
        seed (int): Seed of the smoothed labels. Defaults to 0.
        delimiter (str, optional): Stands between the cells of a CSV file.
            Defaults to the one of the four above that the header has.
        **kwargs: Other arguments of :class:`TableDataset`.

    Raises:
        FileNotFoundError: If the table or the first image is missing.
        ImportError: If the table is Parquet and pyarrow is not installed.
        ValueError: If the file is empty, if it lacks a column or names one
            twice, if the number of cells of a row differs from the header, or
            if a label is unknown.

    Examples:
        >>> import os, tempfile
        >>> with tempfile.TemporaryDirectory() as root:
        ...     with open(os.path.join(root, 'a.csv'), 'w') as file:
        ...         _ = file.write('path,Mass,Edema\n1.png,1,\n')
        ...     dataset = CSVLabelDataset('a.csv', root, check_first=False)
        >>> dataset.get_data_info(0)['gt_score']
        array([ 1., nan], dtype=float32)
    """

    LAYOUT = (
        'Expected a table with one line per image (CSV with a header, JSON '
        'lines or Parquet), whose paths are relative to '
        'data_root/data_prefix.'
    )

    def __init__(
        self,
        ann_file: str,
        data_root: str = '',
        data_prefix: str | dict = '',
        image_column: str = 'path',
        image_suffix: str = '',
        classes: str | Sequence[str] | None = None,
        label_column: str | None = None,
        separator: str = '|',
        patient_column: str | None = None,
        negative_names: Sequence[str] = ('No Finding', ''),
        uncertain: str | Mapping[str, str] | None = None,
        blank: str | Mapping[str, str] | None = None,
        seed: int = 0,
        delimiter: str | None = None,
        **kwargs: Any,
    ) -> None:
        self.image_column = image_column
        self.image_suffix = image_suffix
        self.label_column = label_column
        self.separator = separator
        self.patient_column = patient_column
        self.negative_names = tuple(negative_names)
        if label_column is not None and uncertain is not None:
            raise ValueError(
                f'uncertain={uncertain!r} of CSVLabelDataset: a column of '
                'lists (label_column) has no label -1'
            )
        if label_column is not None and blank is not None:
            raise ValueError(
                f'blank={blank!r} of CSVLabelDataset: a column of lists '
                '(label_column) has no cell of a class. An empty list is '
                'negative in all classes; with negative_names=["No Finding"] '
                'it is not annotated'
            )
        self.uncertain = uncertain
        self.blank = 'ignore' if blank is None else blank
        self.seed = seed
        self.delimiter = delimiter
        super().__init__(
            ann_file,
            data_root=data_root,
            data_prefix=data_prefix,
            classes=classes,
            **kwargs,
        )

    def load_data_list(self) -> LabelTable:
        """Read the table, and apply the policies.

        Returns:
            LabelTable: One row per row of the file.
        """
        self.require_file(self.ann_file)
        self._chosen = 'classes' in self._metainfo
        if not self._chosen:
            self._metainfo['classes'] = self.find_classes()
            if not self._metainfo['classes']:
                place = self.label_column or 'the header'
                raise ValueError(f'{self.ann_file}: found no class in {place}')
        numbers: Sequence[str] = self._metainfo['classes']
        policies = self._read_policies()
        self._smooths = any(is_smoothed(p) for p in policies[0].values())
        text = [self.image_column]
        if self.patient_column is not None:
            text.append(self.patient_column)
        if self.label_column is not None:
            text.append(self.label_column)
            numbers = ()
        text = [*dict.fromkeys([*text, *self.groups.columns])]
        for name in text:
            if name in numbers:
                raise ValueError(
                    f'{self.ann_file}: {name!r} is a class and the column of '
                    'a path, a patient or a group, expected one of them'
                )
        columns = read_columns(
            self.ann_file, text, numbers, self._parse, self.delimiter
        )
        if self.label_column is None:
            self._apply_policies(columns['gt_score'], *policies)
        return LabelTable(**columns)

    def _read_policies(self) -> tuple[dict[str, str], dict[str, str]]:
        classes = self._metainfo['classes']
        # Without a policy, a label -1 is an error.
        policy = 'ignore' if self.uncertain is None else self.uncertain
        uncertain = read_policies('uncertain', policy, UNCERTAIN, classes)
        if not isinstance(policy, str) and 'default' not in policy:
            others = [name for name in classes if name not in policy]
            if others:
                raise ValueError(
                    f'uncertain={dict(policy)!r} of {self.ann_file} says '
                    f'nothing about {others}. Expected a policy for each '
                    "class, or 'default'"
                )
        return (
            uncertain,
            read_policies('blank', self.blank, _BLANK, classes),
        )

    def _apply_policies(
        self,
        score: np.ndarray,
        uncertain: Mapping[str, str],
        blank: Mapping[str, str],
    ) -> None:
        for index, name in enumerate(self._metainfo['classes']):
            # One stream per class, whatever the other classes and policies.
            stream = [self.seed, zlib.crc32(name.encode())]
            generator = np.random.default_rng(stream)
            policy = None if self.keep_uncertain else uncertain[name]
            apply_policies(score[:, index], policy, blank[name], generator)

    def find_classes(self) -> tuple[str, ...]:
        """Read the names of the classes, and not more of a header than that.

        Returns:
            tuple[str, ...]: The default of ``classes``.
        """
        self.require_file(self.ann_file)
        if self.label_column is not None:
            cells: set[str] = set()
            text = [self.image_column, self.label_column]
            for frame in iter_table(self.ann_file, text, (), self.delimiter):
                cells.update(self._join_lists(frame).dropna().unique())
            names = {
                name.strip()
                for cell in cells
                for name in cell.split(self.separator)
            }
            return tuple(sorted(names - set(self.negative_names) - {''}))
        header = read_names(self.ann_file, [self.image_column], self.delimiter)
        if '' in header[1:]:
            raise ValueError(
                f'{self.ann_file}, line 1: column '
                f'{header.index("", 1) + 1} of {len(header)} has no name. '
                'Expected a name there, or a choice of the columns to read '
                '(classes)'
            )
        # A first column without a name is the index that pandas writes.
        used = {'', self.image_column, self.patient_column}
        used.update(self.groups.columns)
        return tuple(name for name in header if name not in used)

    def _join_lists(self, frame: pd.DataFrame) -> pd.Series:
        """Write a list of JSON or Parquet as the cell of a CSV file."""
        cells = frame[self.label_column]
        is_list = cells.map(lambda cell: isinstance(cell, list))
        if is_list.any():
            whole = cells[is_list].map(
                lambda cell: not any(self.separator in name for name in cell)
            )
            expected = f'names without the separator {self.separator!r}'
            check_cells(self.ann_file, cells[is_list], whole, expected)
            cells = cells.copy()
            cells[is_list] = cells[is_list].map(self.separator.join)
        return cells

    def _parse(self, frame: pd.DataFrame) -> dict[str, np.ndarray]:
        classes = self._metainfo['classes']
        if self.label_column is not None:
            names = dict.fromkeys(self.negative_names, -1)
            names.update({name: i for i, name in enumerate(classes)})
            score = read_label_lists(
                self.ann_file,
                self._join_lists(frame),
                names,
                len(classes),
                self.separator,
            )
        else:
            score = self._read_numbers(frame)
        half = score.astype(np.float16)
        if not self._smooths and np.array_equal(half, score, equal_nan=True):
            score = half
        paths = frame[self.image_column].to_numpy()
        if self.image_suffix:
            paths = paths + self.image_suffix
        parsed = dict(img_path=paths, gt_score=score)
        parsed |= self.groups.parse(self.ann_file, frame)
        if self.patient_column is not None:
            ids = frame[self.patient_column].fillna('').str.strip()
            # pandas writes 7 as 7.0 where a cell of the column is empty.
            ids = ids.str.replace(r'^(\d+)\.0+$', r'\1', regex=True)
            parsed['patient_id'] = ids.to_numpy()
        return parsed

    def _read_numbers(self, frame: pd.DataFrame) -> np.ndarray:
        classes = self._metainfo['classes']
        allowed = () if self.uncertain is None else (-1,)
        try:
            return read_label_columns(
                self.ann_file, frame, classes, allowed, is_soft=True
            )
        except ValueError as error:
            raise ValueError(f'{error}{self._hint(frame)}') from error

    def _hint(self, frame: pd.DataFrame) -> str:
        """Say which option reads the labels of a table with other cells."""
        is_class = {
            name: is_label(frame[name]) for name in self._metainfo['classes']
        }
        good = [name for name, is_good in is_class.items() if is_good]
        others = [name for name in is_class if name not in good]
        if not others:
            return (
                ". -1 is read with a policy: uncertain='ignore', 'zeros', "
                "'ones', 'lsr_zeros' or 'lsr_ones'"
            )
        if self._chosen or not good:
            return ''
        are = 'is no class' if len(others) == 1 else 'are no classes'
        return (
            f'. If {", ".join(map(repr, others))} {are}, name the classes: '
            f'classes={good}'
        )
