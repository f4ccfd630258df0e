"""Segmentation heads."""

from .dynamic_adapter_head import DynamicAdapterHead, none_logit

__all__ = ['DynamicAdapterHead', 'none_logit']
