"""Source datasets, and the wrapper that puts them into one label space."""

from mmda.walk import walk_datasets

from .images import LoadMedicalImage
from .partial_label_dataset import PartialLabelDataset
from .sources import (
    ChestXray14,
    CheXpert,
    Digits,
    LocalCIFAR10,
    LocalMNIST,
    MedMNIST,
    NpzImages,
)
from .tables import CSVLabelDataset, LabelTable, TableDataset
from .wrappers import ClassFilter, DatasetWrapper, ImagePairs, MissingLabels

__all__ = [
    'CSVLabelDataset',
    'CheXpert',
    'ChestXray14',
    'ClassFilter',
    'DatasetWrapper',
    'Digits',
    'ImagePairs',
    'LabelTable',
    'LoadMedicalImage',
    'LocalCIFAR10',
    'LocalMNIST',
    'MedMNIST',
    'MissingLabels',
    'NpzImages',
    'PartialLabelDataset',
    'TableDataset',
    'walk_datasets',
]
