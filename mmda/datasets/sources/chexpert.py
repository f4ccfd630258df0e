"""Stanford CheXpert: 223,414 X-rays, labels with uncertainty."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from mmengine.registry import DATASETS

from ..tables.label_cells import check_cells, read_label_columns
from ..tables.label_policies import UNCERTAIN, apply_policies, read_policies
from ..tables.label_table import LabelTable
from ..tables.patient_split import split_by_patient
from ..tables.table_dataset import TableDataset
from ..tables.table_file import read_columns

if TYPE_CHECKING:
    import pandas as pd

_PATH, _VIEW = 'Path', 'Frontal/Lateral'
_VIEWS = ('Frontal', 'Lateral')
_PATTERN = re.compile(
    r'(?:[^/]+/)*?((?:train|valid|test)/patient(\d{1,18})/.+)'
)
# Images of the test split, and of the table that it was defined on.
_TEST_IMAGES, _ALL_IMAGES = 56_675, 223_414
_BLANK = ('negative', 'ignore')


@DATASETS.register_module()
class CheXpert(TableDataset):
    """CheXpert [0] with 13 of its 14 observations.

    'No Finding' is left out: it is no class of its own.

    The policies for uncertain labels are the policies of [0]. 'lsr_ones' and
    'lsr_zeros' are label smoothing with the intervals of [1]. The smoothed
    labels depend on ``seed``, the class and the row, but not on the split or
    the view.

    [0] Irvin et al., CheXpert: A Large Chest Radiograph Dataset with
    Uncertainty Labels and Expert Comparison, AAAI 2019.
    [1] Pham et al., Interpreting chest X-rays via CNNs that exploit
    hierarchical disease dependencies and uncertainty labels, Neurocomputing
    2021.

    Args:
        data_root (str): Folder with ``train.csv``, ``valid.csv`` and the
            folders ``train`` and ``valid``. Its name does not matter.
        split (str): 'train' or 'test' are parts of ``train.csv`` that share
            no patient. 'test' has 56,675 of the 223,414 images, or the same
            proportion of a table of another size. 'all' is all of
            ``train.csv``. 'official_val' is ``valid.csv``.
        uncertain (str | Mapping[str, str]): Policy for the label -1: 'zeros'
            (0), 'ones' (1), 'ignore' (not annotated), 'lsr_ones' (uniform in
            [0.55, 0.85]) or 'lsr_zeros' (uniform in [0, 0.3]). Or class ->
            policy, with 'default' for all other classes ('zeros' if this key
            is missing).
        blank (str | Mapping[str, str]): Policy for an empty cell: 'negative'
            (0, the default) or 'ignore' (not annotated). Or class -> policy,
            as above.
        frontal_only (bool): Leave out the lateral views, after the split.
        seed (int): Seed of the split and of the smoothed labels.
        ann_file (str, optional): The table, relative to ``data_root``.
            Defaults to the table of the split.
        **kwargs: Other arguments of :class:`TableDataset`.

    Raises:
        FileNotFoundError: If the table or the first image is missing.
        ValueError: If a policy is unknown, if the table lacks a column, or if
            a label or a path in it is unknown.
    """

    SPLITS = ('train', 'test', 'all', 'official_val')

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
        names = self.METAINFO['classes']
        self.uncertain = read_policies(
            'uncertain', uncertain, UNCERTAIN, names
        )
        self.blank = read_policies('blank', blank, _BLANK, names)
        self.frontal_only = frontal_only
        self.seed = seed
        if ann_file is None:
            is_val = split == 'official_val'
            ann_file = 'valid.csv' if is_val else 'train.csv'
        super().__init__(ann_file, data_root=data_root, split=split, **kwargs)

    def load_data_list(self) -> LabelTable:
        """Read the table, choose the split, then the views.

        Returns:
            LabelTable: The images of the split.
        """
        self.require_file(self.ann_file)
        classes = self.metainfo['classes']
        text = [_PATH, _VIEW] if self.frontal_only else [_PATH]
        text = [*dict.fromkeys([*text, *self.groups.columns])]
        columns = read_columns(self.ann_file, text, classes, self._parse)
        is_frontal = columns.pop('is_frontal', None)
        table = LabelTable(**columns)
        for index, name in enumerate(classes):
            column = table.gt_score[:, index]
            # One stream per class, whatever the other classes and policies.
            stream = [self.seed, self.METAINFO['classes'].index(name)]
            generator = np.random.default_rng(stream)
            uncertain = None if self.keep_uncertain else self.uncertain[name]
            apply_policies(column, uncertain, self.blank[name], generator)
        chosen = np.ones(len(table), dtype=bool)
        if self.split in ('train', 'test'):
            num_test = round(len(table) * _TEST_IMAGES / _ALL_IMAGES)
            assert table.patient_id is not None
            is_test = split_by_patient(
                table.patient_id, num_test, self.seed, self.ann_file
            )
            chosen = is_test == (self.split == 'test')
        if is_frontal is not None:
            chosen &= is_frontal
        return table if chosen.all() else table[chosen]

    def _parse(self, frame: pd.DataFrame) -> dict[str, np.ndarray]:
        """Convert a chunk. Labels are 1, 0, -1 (uncertain) or NaN (blank)."""
        score = read_label_columns(
            self.ann_file, frame, self.metainfo['classes'], (1, 0, -1)
        )
        paths, patients = self._read_paths(frame[_PATH])
        parsed = dict(img_path=paths, gt_score=score, patient_id=patients)
        parsed |= self.groups.parse(self.ann_file, frame)
        if self.frontal_only:
            views = frame[_VIEW]
            known = views.isin(_VIEWS)
            check_cells(self.ann_file, views, known, f'one of {_VIEWS}')
            parsed['is_frontal'] = (views == 'Frontal').to_numpy()
        return parsed

    def _read_paths(self, column: pd.Series) -> tuple[np.ndarray, np.ndarray]:
        """Find the patients. Drop the folder of the data set from the paths.

        A list of all matches, as pandas makes it, takes four times as long.
        """
        paths = column.tolist()
        patients = np.empty(len(paths), dtype=np.int64)
        for i, path in enumerate(paths):
            match = _PATTERN.fullmatch(path)
            if match is None:
                check_cells(
                    self.ann_file,
                    column.iloc[i : i + 1],
                    np.array([False]),
                    "such as 'CheXpert-v1.0/train/patient00001/study1/"
                    "view1_frontal.jpg'",
                )
            else:
                paths[i], patients[i] = match[1], int(match[2])
        return np.array(paths, dtype=object), patients
