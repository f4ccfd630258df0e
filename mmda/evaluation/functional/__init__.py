"""Measures as pure functions of NumPy arrays."""

from .bootstrap import (
    bootstrap_p_value,
    number_clusters,
    percentile_interval,
    resample,
)
from .calibration import Reliability, recalibrate, reliability
from .delong import (
    AUCInterval,
    PairedAUC,
    delong_interval,
    delong_paired,
    placements,
)
from .groups import GroupAUC, group_auc
from .holm import holm
from .iou import iou_of_areas, known_areas, pixel_confusion
from .label_errors import label_errors, label_quality, sure_answers
from .novelty import NOVELTY_SCORES
from .ranking import (
    binary_auc,
    binary_average_precision,
    mean_of_defined,
    per_class,
    why_undefined,
)
from .thresholds import Threshold, choose_threshold

__all__ = [
    'NOVELTY_SCORES',
    'AUCInterval',
    'GroupAUC',
    'PairedAUC',
    'Reliability',
    'Threshold',
    'binary_auc',
    'binary_average_precision',
    'bootstrap_p_value',
    'choose_threshold',
    'delong_interval',
    'delong_paired',
    'group_auc',
    'holm',
    'iou_of_areas',
    'known_areas',
    'label_errors',
    'label_quality',
    'mean_of_defined',
    'number_clusters',
    'per_class',
    'percentile_interval',
    'pixel_confusion',
    'placements',
    'recalibrate',
    'reliability',
    'resample',
    'sure_answers',
    'why_undefined',
]
