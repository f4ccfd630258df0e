"""Source datasets and the wrapper that assembles them."""

from .partial_label_dataset import PartialLabelDataset
from .sources.chestxray14 import ChestXray14
from .sources.chexpert import CheXpert
from .sources.digits import Digits
from .sources.local_cifar10 import LocalCIFAR10
from .sources.local_mnist import LocalMNIST
from .sources.medmnist import MedMNIST
from .tables.csv_label_dataset import CSVLabelDataset
from .tables.label_table import LabelTable
from .tables.table_dataset import TableDataset
from .walk import walk_datasets
from .wrappers.class_filter import ClassFilter
from .wrappers.dataset_wrapper import DatasetWrapper
from .wrappers.image_pairs import ImagePairs
from .wrappers.missing_labels import MissingLabels

__all__ = [
    'CSVLabelDataset',
    'CheXpert',
    'ChestXray14',
    'ClassFilter',
    'DatasetWrapper',
    'Digits',
    'ImagePairs',
    'LabelTable',
    'LocalCIFAR10',
    'LocalMNIST',
    'MedMNIST',
    'MissingLabels',
    'PartialLabelDataset',
    'TableDataset',
    'walk_datasets',
]
