"""Source datasets and the wrapper that assembles them."""

from .chestxray14 import ChestXray14
from .digits import Digits
from .partial_label_dataset import PartialLabelDataset
from .table_dataset import TableDataset

__all__ = ['ChestXray14', 'Digits', 'PartialLabelDataset', 'TableDataset']
