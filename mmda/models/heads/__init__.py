"""Classification heads."""

from .dodnet_head import DoDNetHead
from .dynamic_adapter_head import (
    ConsistentHead,
    DynamicAdapterHead,
    rename_old_keys,
    stack_targets,
)
from .partial_label_linear_head import PartialLabelLinearHead

__all__ = [
    'ConsistentHead',
    'DoDNetHead',
    'DynamicAdapterHead',
    'PartialLabelLinearHead',
    'rename_old_keys',
    'stack_targets',
]
