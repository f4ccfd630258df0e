"""Segmentation heads."""

from .dynamic_adapter_head import DynamicAdapterHead

__all__ = ['DynamicAdapterHead']
