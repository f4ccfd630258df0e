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
    ranked_delong,
)
from .groups import GroupAUC, group_auc
from .holm import holm
from .iou import iou_of_areas, known_areas, pixel_confusion
from .label_errors import label_errors, label_quality, sure_answers
from .novelty import NOVELTY_SCORES
from .ranking import (
    Ranking,
    binary_auc,
    binary_average_precision,
    mean_of_defined,
    missing_labels,
    per_group,
    ranked_auc,
    ranked_average_precision,
    why_undefined,
)
from .thresholds import Threshold, choose_threshold

__all__ = [
    'NOVELTY_SCORES',
    'AUCInterval',
    'GroupAUC',
    'PairedAUC',
    'Ranking',
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
    'missing_labels',
    'number_clusters',
    'per_group',
    'percentile_interval',
    'pixel_confusion',
    'placements',
    'recalibrate',
    'ranked_auc',
    'ranked_average_precision',
    'ranked_delong',
    'reliability',
    'resample',
    'sure_answers',
    'why_undefined',
]
