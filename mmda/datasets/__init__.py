"""Source datasets and the wrapper that assembles them."""

from .chestxray14 import ChestXray14
from .chexpert import CheXpert
from .csv_label_dataset import CSVLabelDataset
from .digits import Digits
from .label_table import LabelTable
from .partial_label_dataset import PartialLabelDataset
from .table_dataset import TableDataset

__all__ = [
    'CSVLabelDataset',
    'CheXpert',
    'ChestXray14',
    'Digits',
    'LabelTable',
    'PartialLabelDataset',
    'TableDataset',
]
