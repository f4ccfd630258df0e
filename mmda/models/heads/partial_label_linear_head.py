"""The conventional linear head on partial labels."""

from __future__ import annotations

from typing import Any

from mmpretrain.registry import MODELS

from .dynamic_adapter_head import DynamicAdapterHead


@MODELS.register_module()
class PartialLabelLinearHead(DynamicAdapterHead):
    """:class:`DynamicAdapterHead` with a linear layer as its classifier.

    Data-Assemble compares the dynamic adapter with this head.

    Args:
        **kwargs: Arguments of :class:`DynamicAdapterHead` but ``classifier``.

    Examples:
        >>> head = PartialLabelLinearHead(num_classes=3, in_channels=8)
        >>> head.classifier.weight.shape
        torch.Size([3, 8])
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs['classifier'] = dict(type='NamedLinear')
        super().__init__(*args, **kwargs)
