"""NIH ChestX-ray14: 112,120 frontal X-rays, 14 findings."""

from __future__ import annotations

import logging
import os
import os.path as osp
import re
from typing import TYPE_CHECKING, Any

import numpy as np
from mmengine.logging import print_log
from mmengine.registry import DATASETS

from ..tables.label_cells import check_cells, read_label_lists
from ..tables.label_table import LabelTable
from ..tables.patient_split import split_by_patient
from ..tables.table_dataset import TableDataset
from ..tables.table_file import read_columns

if TYPE_CHECKING:
    import pandas as pd

_IMAGE, _LABELS, _PATIENT = 'Image Index', 'Finding Labels', 'Patient ID'
# '7.0' is patient 7.
_POINT = re.compile(r'\.0*$')
# 70 % / 10 % / 20 % of all images: val is an eighth of train and val.
_VAL_FRACTION = 1 / 8


@DATASETS.register_module()
class ChestXray14(TableDataset):
    """ChestX-ray14 [0]. Every image is annotated for 14 classes.

    [0] Wang et al., ChestX-ray8: Hospital-scale Chest X-ray Database and
    Benchmarks on Weakly-Supervised Classification and Localization of Common
    Thorax Diseases, CVPR 2017.

    Args:
        data_root (str): Folder with the table, ``train_val_list.txt``,
            ``test_list.txt`` and the images. The images are all in
            ``images``, or in ``images_001`` to ``images_012``. Each of these
            folders may have a folder ``images`` inside.
        split (str): 'train', 'val', 'trainval', 'test' or 'all'. 'trainval'
            and 'test' are the official lists (86,524 and 25,596 images).
            'val' is an eighth of 'trainval' (10,816 images). 'train' and
            'val' share no patient.
        seed (int): Seed of the split into 'train' and 'val'. Defaults to 0.
        ann_file (str): The table, relative to ``data_root``.
        **kwargs: Other arguments of :class:`TableDataset`. If ``data_prefix``
            is given, all images are looked for in that folder.

    Raises:
        FileNotFoundError: If the table, a list or the first image is missing.
        ValueError: If the table lacks a column or has an unknown label.
    """

    SPLITS = ('train', 'val', 'trainval', 'test', 'all')

    METAINFO = dict(
        classes=(
            'Atelectasis',
            'Cardiomegaly',
            'Effusion',
            'Pneumonia',
            'Pneumothorax',
            'Consolidation',
            'Edema',
            'Infiltration',
            'Mass',
            'Nodule',
            'Emphysema',
            'Fibrosis',
            'Pleural Thickening',
            'Hernia',
        )
    )

    LAYOUT = (
        'Download ChestX-ray14 from the NIH Clinical Center '
        '(https://nihcc.app.box.com/v/ChestXray-NIHCC) and set data_root to '
        'the folder that holds Data_Entry_2017_v2020.csv, '
        'train_val_list.txt, test_list.txt and the images, in images/*.png '
        'or in images_001/images/*.png to images_012/images/*.png.'
    )

    def __init__(
        self,
        data_root: str = '',
        split: str = 'train',
        seed: int = 0,
        ann_file: str = 'Data_Entry_2017_v2020.csv',
        **kwargs: Any,
    ) -> None:
        self.seed = seed
        self._find_folders = not kwargs.get('data_prefix')
        super().__init__(ann_file, data_root=data_root, split=split, **kwargs)

    def load_data_list(self) -> LabelTable:
        """Read the table, choose the split, and find the images.

        Returns:
            LabelTable: The images of the split.
        """
        self.require_file(self.ann_file)
        # Text, since numbers of more than 15 digits become inexact in pandas.
        text = [_IMAGE, _LABELS, _PATIENT, *self.groups.columns]
        table = LabelTable(
            **read_columns(
                self.ann_file, [*dict.fromkeys(text)], (), self._parse
            )
        )
        if self.split != 'all':
            table = table[self._in_split(table)]
        if self._find_folders:
            table.img_path = self._find_images(table)
        return table

    def _parse(self, frame: pd.DataFrame) -> dict[str, np.ndarray]:
        chosen = self.metainfo['classes']
        names = {'No Finding': -1}
        for name in self.METAINFO['classes']:
            index = chosen.index(name) if name in chosen else -1
            names[name.replace(' ', '_')] = names[name] = index
        patients = (
            frame[_PATIENT].str.strip().str.replace(_POINT, '', regex=True)
        )
        is_number = patients.str.fullmatch(r'\d{1,18}').fillna(False)
        for column, is_valid, expected in (
            (_LABELS, frame[_LABELS].notna(), "findings or 'No Finding'"),
            (_PATIENT, is_number, 'a whole number of at most 18 digits'),
        ):
            check_cells(self.ann_file, frame[column], is_valid, expected)
        return dict(
            img_path=frame[_IMAGE].to_numpy(),
            gt_score=read_label_lists(
                self.ann_file, frame[_LABELS], names, len(chosen), '|'
            ),
            patient_id=patients.to_numpy().astype(np.int64),
            **self.groups.parse(self.ann_file, frame),
        )

    def _in_split(self, table: LabelTable) -> np.ndarray:
        """Return the bool mask (N,) of the images of the split."""
        is_test = self.split == 'test'
        file = 'test_list.txt' if is_test else 'train_val_list.txt'
        path = self.require_file(osp.join(self.data_root or '', file))
        with open(path, 'rb') as lines:
            listed = np.unique(np.array(lines.read().split(), dtype='S'))
        assert table.img_path is not None and table.patient_id is not None
        mask = np.isin(table.img_path, listed)
        if mask.sum() < len(listed):
            print_log(
                f'{path} lists {len(listed)} images, {mask.sum()} of them '
                f'are in {self.ann_file}',
                logger='current',
                level=logging.WARNING,
            )
        if self.split in ('train', 'val'):
            listed_rows = np.flatnonzero(mask)
            val = split_by_patient(
                table.patient_id[mask],
                round(len(listed_rows) * _VAL_FRACTION),
                self.seed,
                path,
            )
            mask[listed_rows[val != (self.split == 'val')]] = False
        return mask

    def _find_images(self, table: LabelTable) -> np.ndarray:
        """Put the folder of each image before its name."""
        assert table.img_path is not None and table.row is not None
        folders = self._image_folders()
        folder_of = {
            name.encode(): folder.encode()
            for folder in folders
            for name in os.listdir(osp.join(self.data_root or '.', folder))
        }
        names = table.img_path.tolist()
        lost = [i for i, name in enumerate(names) if name not in folder_of]
        if folders and lost:
            first = lost[0]
            print_log(
                f'{len(lost)} of {len(table)} images of {self.ann_file} are '
                f'in none of the folders {folders} of {self.data_root}. The '
                f'first is {names[first].decode()}, line {table.row[first]}',
                logger='current',
                level=logging.WARNING,
            )
        return np.array(
            [folder_of.get(name, b'images') + b'/' + name for name in names]
        )

    def _image_folders(self) -> list[str]:
        """Return ``images`` or, without it, the folders ``images_0NN``."""
        root = self.data_root or '.'
        if not osp.isdir(root):
            return []
        names = [
            name
            for name in sorted(os.listdir(root))
            if re.fullmatch(r'images(_\d+)?', name)
            and osp.isdir(osp.join(root, name))
        ]
        if 'images' in names:
            names = ['images']
        inner = [osp.join(name, 'images') for name in names]
        return names + [f for f in inner if osp.isdir(osp.join(root, f))]
