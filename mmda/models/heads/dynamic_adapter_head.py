"""Classification head that answers one question per class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from mmpretrain.models.heads import MultiLabelClsHead
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample, label_to_onehot
from torch import Tensor

from ..adapters import DynamicAdapter


@MODELS.register_module()
class DynamicAdapterHead(MultiLabelClsHead):
    """Multi-label head with a dynamic adapter in place of the linear layer.

    Args:
        num_classes (int): Number of classes of the joint label space, C.
        in_channels (int): Channels of the feature, m.
        classes (Sequence[str], optional): The label space; saved with the
            weights, so that a checkpoint can be loaded into another one.
        loss (dict): Any loss of (logits, target with NaN). Defaults to
            ``dict(type='PartialBCEPseudoConsistLoss')``.
        thr (float, optional): Score from which a class is predicted positive.
            Defaults to 0.5 where ``topk`` is None.
        topk (int, optional): As in ``MultiLabelClsHead``.
        init_cfg (dict, optional): As in ``BaseModule``.

    Examples:
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
        super().__init__(
            loss=loss or dict(type='PartialBCEPseudoConsistLoss'),
            thr=thr,
            topk=topk,
            init_cfg=init_cfg,
        )
        self.num_classes = num_classes
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

    def _get_loss(
        self, cls_score: Tensor, data_samples: list[DataSample], **kwargs: Any
    ) -> dict[str, Tensor]:
        """Stack the targets of N samples; the logits may have 2N rows."""
        target = torch.stack(
            [_target(sample, self.num_classes) for sample in data_samples]
        )
        target = target.to(cls_score.device)
        terms = getattr(self.loss_module, 'terms', None)
        if terms is not None:
            return terms(cls_score, target, **kwargs)
        loss = self.loss_module(
            cls_score, target, avg_factor=cls_score.size(0), **kwargs
        )
        return {'loss': loss}


def _target(sample: DataSample, num_classes: int) -> Tensor:
    """Return one sample's target; stock datasets have ``gt_label`` alone."""
    if 'gt_score' in sample:
        return sample.gt_score.float()
    return label_to_onehot(sample.gt_label, num_classes).float()
