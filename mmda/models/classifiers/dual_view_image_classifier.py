"""The stock classifier with each view in its own pass."""

from __future__ import annotations

from typing import Any

import torch
from mmengine.registry import MODELS
from mmpretrain.models import ImageClassifier
from mmpretrain.structures import DataSample
from torch import Tensor

from ..utils import frozen_running_stats


@MODELS.register_module()
class DualViewImageClassifier(ImageClassifier):
    """``ImageClassifier`` that passes weak and strong views separately.

    A training batch of 2N rows for N samples is ``[weak; strong]``. Batch
    normalisation of both in one batch, or strong views in the running
    statistics, makes the test see other statistics than the training did.
    So the strong views get a pass of their own, normalised by their own
    batch, which leaves the running statistics alone. A batch of N rows is
    treated as in the stock class.

    The arguments are those of ``ImageClassifier``.
    """

    def loss(
        self, inputs: Tensor, data_samples: list[DataSample]
    ) -> dict[str, Tensor]:
        """Calculate the losses of a batch.

        Args:
            inputs (Tensor): (N, 3, H, W), or (2N, 3, H, W) with two views.
            data_samples (list[DataSample]): N samples.

        Returns:
            dict[str, Tensor]: The head's losses.
        """
        num = len(data_samples)
        if len(inputs) != 2 * num:
            return super().loss(inputs, data_samples)
        weak = self.extract_feat(inputs[:num])
        with frozen_running_stats(self.backbone, self.neck):
            strong = self.extract_feat(inputs[num:])
        return self.head.loss(_stack_views(weak, strong), data_samples)


def _stack_views(weak: Any, strong: Any) -> Any:
    """Concatenate features: [weak; strong] along dim 0, stage by stage."""
    if isinstance(weak, Tensor):
        return torch.cat([weak, strong])
    return tuple(_stack_views(w, s) for w, s in zip(weak, strong, strict=True))
