"""Measures as plain functions of arrays."""

from .auc import binary_auc, partial_auc_per_class, why_undefined

__all__ = ['binary_auc', 'partial_auc_per_class', 'why_undefined']
