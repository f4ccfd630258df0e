"""Adapters: from a feature to one answer per class."""

from .class_names import decode_names, encode_names
from .dynamic_adapter import DynamicAdapter

__all__ = ['DynamicAdapter', 'decode_names', 'encode_names']
