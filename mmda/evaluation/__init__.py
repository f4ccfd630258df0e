"""Metrics over annotated entries only."""

from .metrics import (
    NovelClassAUC,
    PartialLabelAP,
    PartialLabelAUC,
    PartialLabelIoU,
    PartialLabelMetric,
)

__all__ = [
    'NovelClassAUC',
    'PartialLabelAP',
    'PartialLabelAUC',
    'PartialLabelIoU',
    'PartialLabelMetric',
]
