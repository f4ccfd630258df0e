"""Segmentors."""

from .dual_view_encoder_decoder import DualViewEncoderDecoder

__all__ = ['DualViewEncoderDecoder']
