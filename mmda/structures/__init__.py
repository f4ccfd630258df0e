"""Label space and label contract."""

from .label_space import LabelSpace, nearest, rename_classes
from .partial_label import UNANNOTATED, label_to_score, split_annotated

__all__ = [
    'UNANNOTATED',
    'LabelSpace',
    'label_to_score',
    'nearest',
    'rename_classes',
    'split_annotated',
]
