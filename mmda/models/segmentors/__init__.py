"""Segmentors."""

from .dual_view_encoder_decoder import DualViewEncoderDecoder
from .partial_label_seg_tta_model import PartialLabelSegTTAModel

__all__ = ['DualViewEncoderDecoder', 'PartialLabelSegTTAModel']
