"""What the classification heads on partial labels have in common."""

from __future__ import annotations

from typing import Any

import torch
from mmpretrain.models.heads import MultiLabelClsHead
from mmpretrain.structures import DataSample, label_to_onehot
from torch import Tensor


class PartialLabelClsHead(MultiLabelClsHead):
    """Stock multi-label head whose loss takes partial labels and two views.

    It has no layer of its own: the last stage's feature is the logits.

    Args:
        num_classes (int): Number of classes of the joint label space, C.
        loss (dict, optional): Any loss of (logits, target with NaN). Defaults
            to ``dict(type='PartialBCEPseudoConsistLoss')``.
        thr (float, optional): Score from which a class is predicted positive.
            Defaults to 0.5 where ``topk`` is None.
        topk (int, optional): As in ``MultiLabelClsHead``.
        init_cfg (dict, optional): As in ``BaseModule``.
    """

    def __init__(
        self,
        num_classes: int,
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

    def _get_loss(
        self, cls_score: Tensor, data_samples: list[DataSample], **kwargs: Any
    ) -> dict[str, Tensor]:
        """Stack the targets of N samples; the logits may have 2N rows."""
        target = stack_targets(data_samples, self.num_classes)
        return self._loss_of(cls_score, target.to(cls_score.device), **kwargs)

    def _loss_of(
        self, cls_score: Tensor, target: Tensor, **kwargs: Any
    ) -> dict[str, Tensor]:
        """Return the terms of the loss, or a stock loss's only one."""
        terms = getattr(self.loss_module, 'terms', None)
        if terms is not None:
            return terms(cls_score, target, **kwargs)
        loss = self.loss_module(
            cls_score, target, avg_factor=cls_score.size(0), **kwargs
        )
        return {'loss': loss}


def stack_targets(data_samples: list[DataSample], num_classes: int) -> Tensor:
    """Return the targets of a batch.

    Args:
        data_samples (list[DataSample]): N samples with ``gt_score``, or of
            stock datasets with ``gt_label`` alone.
        num_classes (int): Number of classes, C.

    Returns:
        Tensor: float32 (N, C), NaN where not annotated.
    """
    return torch.stack(
        [_target(sample, num_classes) for sample in data_samples]
    )


def _target(sample: DataSample, num_classes: int) -> Tensor:
    if 'gt_score' in sample:
        return sample.gt_score.float()
    return label_to_onehot(sample.gt_label, num_classes).float()
