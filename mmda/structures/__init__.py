"""Label space and label contract."""

from .label_rules import LabelConflict, LabelRules, read_rules
from .label_space import (
    LabelSpace,
    class_indices,
    nearest,
    rename_classes,
)
from .partial_label import (
    NO_ANNOTATED_CLASS,
    UNANNOTATED,
    UNKNOWN_PIXEL,
    label_to_score,
    score_of,
    split_annotated,
)
from .partial_score import (
    PartialScore,
    as_partial,
    packed_samples,
    plain_tensor,
    protect_labels,
)
from .pixel_target import PixelTarget, check_all_annotated

__all__ = [
    'NO_ANNOTATED_CLASS',
    'UNANNOTATED',
    'UNKNOWN_PIXEL',
    'LabelConflict',
    'LabelRules',
    'LabelSpace',
    'PartialScore',
    'PixelTarget',
    'as_partial',
    'check_all_annotated',
    'class_indices',
    'label_to_score',
    'nearest',
    'packed_samples',
    'plain_tensor',
    'protect_labels',
    'read_rules',
    'rename_classes',
    'score_of',
    'split_annotated',
]
