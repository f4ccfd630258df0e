"""Measures as plain functions of arrays."""

from .auc import binary_auc, partial_auc_per_class, why_undefined
from .average_precision import binary_average_precision, partial_ap_per_class
from .bootstrap import (
    bootstrap_p_value,
    number_clusters,
    percentile_interval,
)
from .calibration import Reliability, reliability
from .delong import (
    AUCInterval,
    PairedAUC,
    delong_interval,
    delong_paired,
    placements,
)
from .holm import holm
from .iou import iou_of_areas, known_areas, pixel_confusion
from .novelty import (
    NOVELTY_SCORES,
    energy_novelty,
    entropy_novelty,
    max_novelty,
)
from .resampling import resampled_ap, resampled_auc
from .thresholds import Threshold, choose_threshold

__all__ = [
    'NOVELTY_SCORES',
    'AUCInterval',
    'PairedAUC',
    'Reliability',
    'Threshold',
    'binary_auc',
    'binary_average_precision',
    'bootstrap_p_value',
    'choose_threshold',
    'delong_interval',
    'delong_paired',
    'energy_novelty',
    'entropy_novelty',
    'holm',
    'iou_of_areas',
    'known_areas',
    'max_novelty',
    'number_clusters',
    'partial_ap_per_class',
    'partial_auc_per_class',
    'percentile_interval',
    'pixel_confusion',
    'placements',
    'reliability',
    'resampled_ap',
    'resampled_auc',
    'why_undefined',
]
