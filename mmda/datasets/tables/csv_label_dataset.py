"""Any CSV file of images and labels, without code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from mmengine.registry import DATASETS

from .csv_cells import read_label_column, read_label_lists
from .csv_reader import iter_csv, read_header, read_table
from .label_table import LabelTable, encode_text
from .table_dataset import TableDataset


@DATASETS.register_module()
class CSVLabelDataset(TableDataset):
    r"""Images named in a CSV file, with their labels in one of two forms.

    * One column per class: 1 is positive, 0 is negative, an empty cell is not
      annotated.
    * One column, ``label_column``, that lists the positive classes of the
      image (``'Mass|Nodule'``); all other classes are negative. An empty cell
      counts as a list of none, unless ``negative_names`` lacks ``''``: then
      the image is not annotated at all.

    Args:
        ann_file (str): The CSV file, relative to ``data_root``; UTF-8, with a
            header and one line per image.
        data_root (str): Root of ``ann_file`` and ``data_prefix``.
        data_prefix (str | dict): Folder of the images.
        image_column (str): Column of the image paths, relative to
            ``data_prefix``. Defaults to 'path'.
        image_suffix (str): Appended to each path, such as '.jpg' where the
            column holds bare names. Defaults to ''.
        classes (Sequence[str], optional): Class names. Defaults to every
            column that has no other use (a first one without a name, as
            pandas writes its index, is none), or to the sorted names that
            occur in ``label_column``.
        label_column (str, optional): Column of lists.
        separator (str): Between the names of a list. Defaults to '|'.
        patient_column (str, optional): Column of the patients.
        negative_names (Sequence[str]): Names in ``label_column`` that stand
            for none of the classes. Defaults to 'No Finding' and ''.
        **kwargs: Other arguments of :class:`TableDataset`.

    Raises:
        FileNotFoundError: If the CSV file or the first image is missing.
        ValueError: If the file is empty, lacks a column or names one twice,
            has a row with more or fewer cells than the header, or a label
            that is not known.

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
        classes = self._metainfo['classes']
        text = [self.image_column]
        if self.patient_column is not None:
            text.append(self.patient_column)
        numbers: Sequence[str] = classes
        if self.label_column is not None:
            text.append(self.label_column)
            numbers = ()
        return read_table(
            self.ann_file, len(classes), text, numbers, self._parse
        )

    def _find_classes(self) -> tuple[str, ...]:
        if self.label_column is None:
            used = {self.image_column, self.patient_column}
            header = read_header(self.ann_file, [self.image_column])
            return tuple(name for name in header if name not in used)
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

    def _parse(self, frame: pd.DataFrame) -> dict:
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
            score = np.empty((len(frame), len(classes)), dtype=np.float32)
            for index, name in enumerate(classes):
                score[:, index] = read_label_column(
                    self.ann_file, frame[name], (1, 0)
                )
        paths = frame[self.image_column].to_numpy()
        if self.image_suffix:
            paths = paths + self.image_suffix
        parsed = dict(img_path=paths, gt_score=score)
        if self.patient_column is not None:
            patients = frame[self.patient_column].fillna('')
            parsed['patient_id'] = encode_text(patients.to_numpy())
        return parsed
