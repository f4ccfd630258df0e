"""Adapters: from a feature to one answer per class."""

from .class_names import decode_names, encode_names
from .dynamic_adapter import DynamicAdapter
from .named_classes import NamedClasses
from .named_linear import NamedLinear

__all__ = [
    'DynamicAdapter',
    'NamedClasses',
    'NamedLinear',
    'decode_names',
    'encode_names',
]
