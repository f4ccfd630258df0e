"""Data preprocessors of classification; see also the one of segmentation.

``seg_dual_view_data_preprocessor`` needs mmseg, so it is not imported here.
"""

from .dual_view_data_preprocessor import DualViewDataPreprocessor
from .strong_view import StrongView

__all__ = ['DualViewDataPreprocessor', 'StrongView']
