"""Data preprocessors."""

from .dual_view_data_preprocessor import DualViewDataPreprocessor
from .seg_dual_view_data_preprocessor import SegDualViewDataPreprocessor
from .strong_view import build_strong_view, make_strong_view

__all__ = [
    'DualViewDataPreprocessor',
    'SegDualViewDataPreprocessor',
    'build_strong_view',
    'make_strong_view',
]
