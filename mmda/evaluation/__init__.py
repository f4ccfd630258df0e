"""Evaluation on annotated entries only."""

from .metrics import PartialLabelAUC

__all__ = ['PartialLabelAUC']
