"""Datasets on top of a table of labels, and CSV files."""

from .csv_label_dataset import CSVLabelDataset
from .label_table import LabelTable, encode_text
from .own_tables import sources_of_tables
from .table_dataset import TableDataset

__all__ = [
    'CSVLabelDataset',
    'LabelTable',
    'TableDataset',
    'encode_text',
    'sources_of_tables',
]
