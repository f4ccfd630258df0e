"""The stock segmentor with each view in its own pass."""

from __future__ import annotations

from typing import Any, cast

import torch
from mmengine.registry import MODELS
from mmseg.models import EncoderDecoder
from mmseg.structures import SegDataSample
from mmseg.utils import add_prefix
from torch import Tensor, nn

from ..utils import frozen_running_stats


@MODELS.register_module()
class DualViewEncoderDecoder(EncoderDecoder):
    """``EncoderDecoder`` that passes weak and strong views separately.

    A training batch of 2N rows for N samples is ``[weak; strong]``. Backbone
    and heads alike hold batch normalisation, so each view has its own pass
    through both, and the strong views leave the running statistics alone; see
    :class:`~mmda.models.DualViewImageClassifier` for why. Dropout and the like
    act on both. A batch of N rows is treated as in the stock class.

    The arguments are those of ``EncoderDecoder``; with two views its heads
    have to be a ``DynamicAdapterHead`` each.
    """

    def loss(
        self, inputs: Tensor, data_samples: list[SegDataSample]
    ) -> dict[str, Tensor]:
        """Calculate the losses of a batch.

        Args:
            inputs (Tensor): (N, 3, H, W), or (2N, 3, H, W) with two views.
            data_samples (list[SegDataSample]): N samples.

        Returns:
            dict[str, Tensor]: The heads' losses, as ``decode.<key>`` and
            ``aux.<key>`` or ``aux_<i>.<key>``.
        """
        num = len(data_samples)
        if len(inputs) != 2 * num:
            return super().loss(inputs, data_samples)
        heads = self._named_heads()
        weak = self._answer(inputs[:num], heads)
        with frozen_running_stats(self):
            strong = self._answer(inputs[num:], heads)
        losses: dict[str, Tensor] = {}
        for (name, head), *views in zip(heads, weak, strong, strict=True):
            terms = cast(Any, head).loss_by_feat(
                torch.cat(views), data_samples
            )
            losses.update(add_prefix(terms, name))
        return losses

    def _named_heads(self) -> list[tuple[str, nn.Module]]:
        heads = [('decode', self.decode_head)]
        if self.with_auxiliary_head:
            auxiliary = self.auxiliary_head
            if isinstance(auxiliary, nn.ModuleList):
                heads += [(f'aux_{i}', h) for i, h in enumerate(auxiliary)]
            else:
                heads.append(('aux', auxiliary))
        return heads

    def _answer(
        self, view: Tensor, heads: list[tuple[str, nn.Module]]
    ) -> list[Tensor]:
        """Return each head's logits for one view."""
        feats = self.extract_feat(view)
        return [head(feats) for _, head in heads]
