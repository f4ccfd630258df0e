"""Models: adapters, heads, losses, preprocessors, whole networks.

``DynamicAdapterHead`` is that of classification; the one of segmentation is
``mmda.models.decode_heads.DynamicAdapterHead``.
"""

from . import decode_heads
from .adapters import DynamicAdapter
from .baselines import (
    DoDNetHead,
    MultiNetworkClassifier,
    UnannotatedAsNegativeLoss,
)
from .classifiers import DualViewImageClassifier
from .data_preprocessors import (
    DualViewDataPreprocessor,
    SegDualViewDataPreprocessor,
)
from .heads import DynamicAdapterHead, PartialLabelLinearHead
from .losses import PartialBCEPseudoConsistLoss
from .segmentors import (
    DualViewCascadeEncoderDecoder,
    DualViewEncoderDecoder,
    PartialLabelSegTTAModel,
)

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
    'PartialLabelSegTTAModel',
    'SegDualViewDataPreprocessor',
    'UnannotatedAsNegativeLoss',
    'decode_heads',
]
