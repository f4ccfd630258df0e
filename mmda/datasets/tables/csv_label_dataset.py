"""Read any CSV file of images and labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from mmengine.registry import DATASETS

from .csv_table import (
    iter_csv,
    read_columns,
    read_header,
    read_label_columns,
    read_label_lists,
)
from .label_table import LabelTable
from .table_dataset import TableDataset

if TYPE_CHECKING:
    import pandas as pd


@DATASETS.register_module()
class CSVLabelDataset(TableDataset):
    r"""Images named in a CSV file, with their labels in one of two forms.

    * One column per class: 1 is positive, 0 is negative, and an empty cell is
      not annotated.
    * One column, ``label_column``, with the list of the positive classes
      (``'Mass|Nodule'``). All other classes are negative. An empty cell is
      an empty list: all classes are negative. If ``negative_names`` lacks
      ``''``, an empty cell means that the image is not annotated.

    Args:
        ann_file (str): The CSV file, relative to ``data_root``. It is in
            UTF-8 and has a header and one line per image.
        data_root (str): Root of ``ann_file`` and ``data_prefix``.
        data_prefix (str | dict): Folder of the images.
        image_column (str): Column of the image paths, relative to
            ``data_prefix``. Defaults to 'path'.
        image_suffix (str): Text to append to each path, for example '.jpg' if
            the column holds names without it. Defaults to ''.
        classes (Sequence[str], optional): Class names. Defaults to all
            columns without another use, or to the sorted names in
            ``label_column``. A first column without a name is no class:
            pandas writes its index there.
        label_column (str, optional): Column of lists.
        separator (str): Stands between the names of a list. Defaults to '|'.
        patient_column (str, optional): Column of the patients.
        negative_names (Sequence[str]): Names in ``label_column`` that stand
            for none of the classes. Defaults to 'No Finding' and ''.
        **kwargs: Other arguments of :class:`TableDataset`.

    Raises:
        FileNotFoundError: If the CSV file or the first image is missing.
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
        'Expected a CSV file with a header and one line per image, whose '
        'paths are relative to data_root/data_prefix.'
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
        **kwargs: Any,
    ) -> None:
        self.image_column = image_column
        self.image_suffix = image_suffix
        self.label_column = label_column
        self.separator = separator
        self.patient_column = patient_column
        self.negative_names = tuple(negative_names)
        super().__init__(
            ann_file,
            data_root=data_root,
            data_prefix=data_prefix,
            classes=classes,
            **kwargs,
        )

    def load_data_list(self) -> LabelTable:
        """Read the CSV file.

        Returns:
            LabelTable: One row per line of the file.
        """
        self.require_file(self.ann_file)
        if 'classes' not in self._metainfo:
            self._metainfo['classes'] = self._find_classes()
            if not self._metainfo['classes']:
                place = self.label_column or 'the header'
                raise ValueError(f'{self.ann_file}: found no class in {place}')
        numbers: Sequence[str] = self._metainfo['classes']
        text = [self.image_column]
        if self.patient_column is not None:
            text.append(self.patient_column)
        if self.label_column is not None:
            text.append(self.label_column)
            numbers = ()
        columns = read_columns(self.ann_file, text, numbers, self._parse)
        return LabelTable(**columns)

    def _find_classes(self) -> tuple[str, ...]:
        if self.label_column is not None:
            cells: set[str] = set()
            text = [self.image_column, self.label_column]
            for frame in iter_csv(self.ann_file, text):
                cells.update(frame[self.label_column].dropna().unique())
            names = {
                name.strip()
                for cell in cells
                for name in cell.split(self.separator)
            }
            return tuple(sorted(names - set(self.negative_names) - {''}))
        header = read_header(self.ann_file, [self.image_column])
        if '' in header[1:]:
            raise ValueError(
                f'{self.ann_file}, line 1: column '
                f'{header.index("", 1) + 1} of {len(header)} has no name. '
                'Expected a name there, or a choice of the columns to read '
                '(classes)'
            )
        # A first column without a name is the index that pandas writes.
        used = {'', self.image_column, self.patient_column}
        return tuple(name for name in header if name not in used)

    def _parse(self, frame: pd.DataFrame) -> dict[str, np.ndarray]:
        classes = self._metainfo['classes']
        if self.label_column is not None:
            names = dict.fromkeys(self.negative_names, -1)
            names.update({name: i for i, name in enumerate(classes)})
            score = read_label_lists(
                self.ann_file,
                frame[self.label_column],
                names,
                len(classes),
                self.separator,
            )
        else:
            score = read_label_columns(self.ann_file, frame, classes, (1, 0))
        paths = frame[self.image_column].to_numpy()
        if self.image_suffix:
            paths = paths + self.image_suffix
        parsed = dict(img_path=paths, gt_score=score)
        if self.patient_column is not None:
            parsed['patient_id'] = (
                frame[self.patient_column].fillna('').str.strip().to_numpy()
            )
        return parsed
