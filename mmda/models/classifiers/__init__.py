"""Image classifiers."""

from .dual_view_image_classifier import DualViewImageClassifier

__all__ = ['DualViewImageClassifier']
