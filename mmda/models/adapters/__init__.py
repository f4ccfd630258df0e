"""Classifiers: from a feature to one answer per class."""

from .class_vectors import ClassVectors
from .dodnet_controller import DoDNetController
from .dynamic_adapter import DynamicAdapter
from .named_classes import (
    NamedClasses,
    check_num_classes,
    decode_names,
    encode_names,
)
from .named_linear import NamedLinear

__all__ = [
    'ClassVectors',
    'DoDNetController',
    'DynamicAdapter',
    'NamedClasses',
    'NamedLinear',
    'check_num_classes',
    'decode_names',
    'encode_names',
]
