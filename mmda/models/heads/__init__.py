"""Classification heads."""

from .dynamic_adapter_head import DynamicAdapterHead
from .partial_label_cls_head import PartialLabelClsHead, stack_targets
from .partial_label_linear_head import PartialLabelLinearHead

__all__ = [
    'DynamicAdapterHead',
    'PartialLabelClsHead',
    'PartialLabelLinearHead',
    'stack_targets',
]
