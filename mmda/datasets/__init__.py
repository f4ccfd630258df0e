"""Source datasets and the wrapper that assembles them."""

from .chestxray14 import ChestXray14
from .chexpert import CheXpert
from .class_filter import ClassFilter
from .csv_label_dataset import CSVLabelDataset
from .dataset_wrapper import DatasetWrapper
from .digits import Digits
from .image_pairs import ImagePairs
from .label_table import LabelTable
from .local_cifar10 import LocalCIFAR10
from .local_mnist import LocalMNIST
from .medmnist import MedMNIST
from .missing_labels import MissingLabels
from .partial_label_dataset import PartialLabelDataset
from .table_dataset import TableDataset

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
]
