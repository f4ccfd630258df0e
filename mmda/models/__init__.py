"""Models: adapters, heads, losses, preprocessors, whole networks.

``DynamicAdapterHead`` is the head of classification. The head of segmentation
is ``mmda.models.decode_heads.DynamicAdapterHead``. The parts for segmentation
need mmseg, so they are imported when they are first used.
"""

from importlib import import_module
from typing import Any

from .adapters import DynamicAdapter
from .classifiers import DualViewImageClassifier, MultiNetworkClassifier
from .data_preprocessors import DualViewDataPreprocessor
from .heads import DoDNetHead, DynamicAdapterHead, PartialLabelLinearHead
from .losses import (
    PartialBCEPseudoConsistLoss,
    PartialLabelLossWrapper,
    UnannotatedAsNegativeLoss,
)

_SEGMENTATION = {
    'DualViewCascadeEncoderDecoder': 'segmentors',
    'DualViewEncoderDecoder': 'segmentors',
    'PartialLabelSegTTAModel': 'segmentors',
    'SegDualViewDataPreprocessor': (
        'data_preprocessors.seg_dual_view_data_preprocessor'
    ),
}

__all__ = [
    'DoDNetHead',
    'DualViewCascadeEncoderDecoder',
    'DualViewDataPreprocessor',
    'DualViewEncoderDecoder',
    'DualViewImageClassifier',
    'DynamicAdapter',
    'DynamicAdapterHead',
    'MultiNetworkClassifier',
    'PartialBCEPseudoConsistLoss',
    'PartialLabelLinearHead',
    'PartialLabelLossWrapper',
    'PartialLabelSegTTAModel',
    'SegDualViewDataPreprocessor',
    'UnannotatedAsNegativeLoss',
    'decode_heads',
]


def __getattr__(name: str) -> Any:
    """Import a part for segmentation when it is first used."""
    if name == 'decode_heads':
        return import_module(f'{__name__}.{name}')
    if name in _SEGMENTATION:
        module = import_module(f'{__name__}.{_SEGMENTATION[name]}')
        return getattr(module, name)
    raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
