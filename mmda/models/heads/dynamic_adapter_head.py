"""Classification head that answers one question per class."""

from __future__ import annotations

from collections.abc import Sequence

from mmpretrain.registry import MODELS
from torch import Tensor

from ..adapters import DynamicAdapter
from .partial_label_cls_head import PartialLabelClsHead


@MODELS.register_module()
class DynamicAdapterHead(PartialLabelClsHead):
    """Multi-label head with a dynamic adapter in place of the linear layer.

    Args:
        num_classes (int): Number of classes of the joint label space, C.
        in_channels (int): Channels of the feature, m.
        classes (Sequence[str], optional): The label space; saved with the
            weights, so that a checkpoint can be loaded into another one.
        loss (dict, optional): Any loss of (logits, target with NaN). Defaults
            to ``dict(type='PartialBCEPseudoConsistLoss')``.
        thr (float, optional): Score from which a class is predicted positive.
            Defaults to 0.5 where ``topk`` is None.
        topk (int, optional): As in ``MultiLabelClsHead``.
        init_cfg (dict, optional): As in ``BaseModule``.

    Examples:
        >>> import torch
        >>> head = DynamicAdapterHead(num_classes=3, in_channels=8)
        >>> head((torch.rand(2, 8), )).shape
        torch.Size([2, 3])
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        classes: Sequence[str] | None = None,
        loss: dict | None = None,
        thr: float | None = None,
        topk: int | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(num_classes, loss, thr, topk, init_cfg)
        self.in_channels = in_channels
        self.adapter = DynamicAdapter(num_classes, in_channels, classes)

    @property
    def classes(self) -> tuple[str, ...] | None:
        """tuple[str, ...] | None: The label space, where it was given."""
        return self.adapter.classes

    def forward(self, feats: tuple[Tensor, ...]) -> Tensor:
        """Answer all questions about the last stage's feature.

        Args:
            feats (tuple[Tensor]): Features; the last is (N, m).

        Returns:
            Tensor: Logits, (N, C).
        """
        return self.adapter(self.pre_logits(feats))
