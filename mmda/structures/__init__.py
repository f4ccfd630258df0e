"""Label space and label contract."""

from .checked_labels import (
    NO_ANNOTATED_CLASS,
    OverlappingLabelMap,
    PartialLabelMap,
    PartialScore,
    TwoViewLabelMap,
    as_partial,
    is_compiling,
    plain_tensor,
)
from .label_rules import LabelConflict, LabelRules
from .label_space import (
    LabelSpace,
    class_indices,
    nearest,
    rename_classes,
)
from .partial_label import (
    UNANNOTATED,
    UNKNOWN_PIXEL,
    label_to_score,
    positive_label,
    score_of,
    split_annotated,
)
from .pixel_target import PixelTarget, check_all_annotated
from .rules_file import read_rules
from .space_file import resolve_classes

__all__ = [
    'NO_ANNOTATED_CLASS',
    'UNANNOTATED',
    'UNKNOWN_PIXEL',
    'LabelConflict',
    'LabelRules',
    'LabelSpace',
    'OverlappingLabelMap',
    'PartialLabelMap',
    'PartialScore',
    'TwoViewLabelMap',
    'PixelTarget',
    'as_partial',
    'is_compiling',
    'check_all_annotated',
    'class_indices',
    'label_to_score',
    'nearest',
    'plain_tensor',
    'positive_label',
    'read_rules',
    'rename_classes',
    'resolve_classes',
    'score_of',
    'split_annotated',
]
