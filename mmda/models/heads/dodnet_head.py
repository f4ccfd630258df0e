"""The head of DoDNet."""

from __future__ import annotations

from typing import Any

from mmpretrain.registry import MODELS

from .dynamic_adapter_head import DynamicAdapterHead


@MODELS.register_module()
class DoDNetHead(DynamicAdapterHead):
    """:class:`DynamicAdapterHead` with DoDNet's controller as its classifier.

    Args:
        seed (int): Seed of the random questions. Defaults to 0.
        **kwargs: Arguments of :class:`DynamicAdapterHead` but ``classifier``.

    Examples:
        >>> head = DoDNetHead(num_classes=3, in_channels=8)
        >>> head.classifier.weight.shape
        torch.Size([9, 11])
    """

    def __init__(self, *args: Any, seed: int = 0, **kwargs: Any) -> None:
        kwargs['classifier'] = dict(type='DoDNetController', seed=seed)
        super().__init__(*args, **kwargs)

    @property
    def passes_per_epoch(self) -> int:
        """int: Passes over the images until each question was asked once."""
        return self.num_classes
