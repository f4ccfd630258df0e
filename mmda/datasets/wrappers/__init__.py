"""Wrappers that change which images or labels a source has."""

from .class_filter import ClassFilter
from .dataset_wrapper import DatasetWrapper
from .image_pairs import ImagePairs
from .missing_labels import MissingLabels

__all__ = ['ClassFilter', 'DatasetWrapper', 'ImagePairs', 'MissingLabels']
