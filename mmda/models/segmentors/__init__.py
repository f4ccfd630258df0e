"""Segmentors."""

from .dual_view_cascade_encoder_decoder import DualViewCascadeEncoderDecoder
from .dual_view_encoder_decoder import DualViewEncoderDecoder
from .partial_label_seg_tta_model import PartialLabelSegTTAModel

__all__ = [
    'DualViewCascadeEncoderDecoder',
    'DualViewEncoderDecoder',
    'PartialLabelSegTTAModel',
]
