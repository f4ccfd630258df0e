"""Metrics for the evaluator."""

from .partial_label_auc import PartialLabelAUC

__all__ = ['PartialLabelAUC']
