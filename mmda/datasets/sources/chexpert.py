"""Stanford CheXpert: 223,414 X-rays, labels with uncertainty."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from mmengine.registry import DATASETS

from ..tables.csv_cells import cell_error, read_label_column
from ..tables.csv_reader import read_table
from ..tables.label_table import LabelTable
from ..tables.patient_split import split_by_patient
from ..tables.table_dataset import TableDataset
from ..tables.uncertain_labels import (
    BLANK_POLICIES,
    UNCERTAIN_POLICIES,
    apply_policies,
    policy_per_class,
)

_SPLITS = ('train', 'test', 'all', 'official_val')
_PATH, _VIEW = 'Path', 'Frontal/Lateral'
_VIEWS = ('Frontal', 'Lateral')
_PATTERN = re.compile(r'(?:[^/]+/)*?((?:train|valid|test)/patient(\d+)/.+)')
# Images of the test split, and of the table that it was defined on.
_TEST_IMAGES, _ALL_IMAGES = 56_675, 223_414


@DATASETS.register_module()
class CheXpert(TableDataset):
    """CheXpert [0] with 13 of its 14 observations ('No Finding' is none).

    The policies for uncertain labels are those of [0] and, for 'lsr_ones' and
    'lsr_zeros', label smoothing with the intervals of [1]. The numbers drawn
    depend on ``seed``, the class and the row, not on split or view.

    [0] Irvin et al., CheXpert: A Large Chest Radiograph Dataset with
    Uncertainty Labels and Expert Comparison, AAAI 2019.
    [1] Pham et al., Interpreting chest X-rays via CNNs that exploit
    hierarchical disease dependencies and uncertainty labels, Neurocomputing
    2021.

    Args:
        data_root (str): Folder that holds ``train.csv``, ``valid.csv`` and
            the folders ``train`` and ``valid``. Its name does not matter.
        split (str): 'train' or 'test': parts of ``train.csv`` without a
            common patient, 166,739 and 56,675 images of its 223,414 (the same
            proportion of a table of another size); 'all' of ``train.csv``; or
            'official_val', ``valid.csv``.
        uncertain (str | Mapping[str, str]): What -1 becomes: 'zeros', 'ones',
            'ignore', 'lsr_ones' or 'lsr_zeros'; or class -> policy, with
            'default' for classes not named ('zeros' without it).
        blank (str | Mapping[str, str]): What an empty cell becomes:
            'negative' (default) or 'ignore'; or class -> policy as above.
        frontal_only (bool): Leave the lateral views out, after the split.
        seed (int): Seed of the split and of the smoothed labels.
        ann_file (str, optional): The table, relative to ``data_root``.
            Defaults to that of the split.
        **kwargs: Other arguments of :class:`TableDataset`.

    Raises:
        FileNotFoundError: If the table or the first image is missing.
        ValueError: If a policy is unknown, or the table lacks a column or has
            an unknown label or path.
    """

    METAINFO = dict(
        classes=(
            'Atelectasis',
            'Cardiomegaly',
            'Pleural Effusion',
            'Pneumonia',
            'Pneumothorax',
            'Consolidation',
            'Edema',
            'Enlarged Cardiomediastinum',
            'Lung Lesion',
            'Lung Opacity',
            'Pleural Other',
            'Fracture',
            'Support Devices',
        )
    )

    LAYOUT = (
        'Download CheXpert-v1.0-small or CheXpert-v1.0 from the Stanford ML '
        'Group (https://stanfordmlgroup.github.io/competitions/chexpert/) and '
        'set data_root to the folder that holds train.csv, valid.csv, '
        'train/patientNNNNN/studyK/viewJ_frontal.jpg and valid/.'
    )

    def __init__(
        self,
        data_root: str = '',
        split: str = 'train',
        uncertain: str | Mapping[str, str] = 'zeros',
        blank: str | Mapping[str, str] = 'negative',
        frontal_only: bool = False,
        seed: int = 0,
        ann_file: str | None = None,
        **kwargs: Any,
    ) -> None:
        if split not in _SPLITS:
            raise ValueError(
                f'split of CheXpert: found {split!r}, expected one of '
                f'{_SPLITS}'
            )
        classes = self.METAINFO['classes']
        self.split = split
        self.uncertain = policy_per_class(
            'uncertain', uncertain, UNCERTAIN_POLICIES, classes, 'zeros'
        )
        self.blank = policy_per_class(
            'blank', blank, BLANK_POLICIES, classes, 'negative'
        )
        self.frontal_only = frontal_only
        self.seed = seed
        if ann_file is None:
            is_val = split == 'official_val'
            ann_file = 'valid.csv' if is_val else 'train.csv'
        super().__init__(ann_file, data_root=data_root, **kwargs)

    def load_data_list(self) -> LabelTable:
        """Read the table, choose the split, then the views.

        Returns:
            LabelTable: The images of the split.
        """
        self.require_file(self.ann_file)
        classes = self.metainfo['classes']
        # One stream per class, whatever the other classes and their policies.
        self._generators = {
            name: np.random.default_rng([self.seed, index])
            for index, name in enumerate(self.METAINFO['classes'])
        }
        self._frontal: list[np.ndarray] = []
        table = read_table(
            self.ann_file,
            len(classes),
            text=[_PATH, _VIEW] if self.frontal_only else [_PATH],
            numbers=classes,
            parse=self._parse,
        )
        chosen = np.ones(len(table), dtype=bool)
        if self.split in ('train', 'test'):
            num_test = round(len(table) * _TEST_IMAGES / _ALL_IMAGES)
            assert table.patient_id is not None
            is_test = split_by_patient(
                table.patient_id, num_test, self.seed, self.ann_file
            )
            chosen = is_test == (self.split == 'test')
        if self.frontal_only:
            chosen &= np.concatenate(self._frontal)
        del self._generators, self._frontal
        return table if chosen.all() else table[chosen]

    def _parse(self, frame: pd.DataFrame) -> dict:
        classes = self.metainfo['classes']
        score = np.empty((len(frame), len(classes)), dtype=np.float32)
        for index, name in enumerate(classes):
            raw = read_label_column(self.ann_file, frame[name], (1, 0, -1))
            score[:, index] = apply_policies(
                raw,
                self.uncertain[name],
                self.blank[name],
                self._generators[name],
            )
        if self.frontal_only:
            self._frontal.append(self._read_views(frame[_VIEW]))
        paths, patients = self._read_paths(frame[_PATH])
        return dict(img_path=paths, gt_score=score, patient_id=patients)

    def _read_views(self, column: pd.Series) -> np.ndarray:
        known = column.isin(_VIEWS).to_numpy()
        if not known.all():
            first = int(np.argmin(known))
            raise cell_error(self.ann_file, column, first, f'one of {_VIEWS}')
        return (column == 'Frontal').to_numpy()

    def _read_paths(self, column: pd.Series) -> tuple[list[str], np.ndarray]:
        """Drop the data set's folder from the paths, and find the patients."""
        paths = []
        patients = np.empty(len(column), dtype=np.int32)
        for i, text in enumerate(column.tolist()):
            match = _PATTERN.fullmatch(text)
            if match is None:
                expected = (
                    "such as 'CheXpert-v1.0/train/patient00001/study1/"
                    "view1_frontal.jpg'"
                )
                raise cell_error(self.ann_file, column, i, expected)
            paths.append(match[1])
            patients[i] = int(match[2])
        return paths, patients
