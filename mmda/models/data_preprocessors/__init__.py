"""Data preprocessors."""

from .dual_view_data_preprocessor import DualViewDataPreprocessor
from .strong_view import build_strong_view

__all__ = ['DualViewDataPreprocessor', 'build_strong_view']
