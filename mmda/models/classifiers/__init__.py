"""Image classifiers."""

from .dual_view_image_classifier import DualViewImageClassifier, Teacher
from .multi_network_classifier import MultiNetworkClassifier

__all__ = ['DualViewImageClassifier', 'MultiNetworkClassifier', 'Teacher']
