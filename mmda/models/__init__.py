"""Models: adapters, heads, losses, preprocessors, classifiers."""

from .adapters import DynamicAdapter
from .classifiers import DualViewImageClassifier
from .data_preprocessors import DualViewDataPreprocessor
from .heads import DynamicAdapterHead
from .losses import PartialBCEPseudoConsistLoss

__all__ = [
    'DualViewDataPreprocessor',
    'DualViewImageClassifier',
    'DynamicAdapter',
    'DynamicAdapterHead',
    'PartialBCEPseudoConsistLoss',
]
