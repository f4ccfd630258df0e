"""Metrics for the evaluator."""

from .novel_class_auc import NovelClassAUC
from .partial_label_ap import PartialLabelAP
from .partial_label_auc import PartialLabelAUC
from .partial_label_iou import PartialLabelIoU
from .partial_label_metric import PartialLabelMetric

__all__ = [
    'NovelClassAUC',
    'PartialLabelAP',
    'PartialLabelAUC',
    'PartialLabelIoU',
    'PartialLabelMetric',
]
