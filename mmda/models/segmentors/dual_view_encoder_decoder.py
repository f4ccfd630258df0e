"""The stock segmentor with each view in its own pass."""

from __future__ import annotations

from typing import Any, cast

import torch
from mmengine.registry import MODELS
from mmseg.models import EncoderDecoder
from mmseg.structures import SegDataSample
from mmseg.utils import add_prefix
from torch import Tensor, nn

from ..decode_heads import DynamicAdapterHead
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

        Raises:
            ValueError: If there are two views and a head that cannot tell
                them apart.
        """
        num = len(data_samples)
        if len(inputs) != 2 * num:
            return super().loss(inputs, data_samples)
        heads = self._named_heads()
        _check_heads(heads)
        weak = self._answer(inputs[:num])
        with frozen_running_stats(self):
            strong = self._answer(inputs[num:])
        losses: dict[str, Tensor] = {}
        for (name, head), *views in zip(heads, weak, strong, strict=True):
            terms = cast(Any, head).loss_by_feat(
                torch.cat(views), data_samples
            )
            losses.update(add_prefix(terms, name))
        return losses

    def _named_heads(self) -> list[tuple[str, nn.Module]]:
        heads = _numbered('decode', self.decode_head)
        if self.with_auxiliary_head:
            heads += _numbered('aux', self.auxiliary_head)
        return heads

    def _answer(self, view: Tensor) -> list[Tensor]:
        """Return each head's logits for one view."""
        feats = self.extract_feat(view)
        answers = self._decode(feats)
        if self.with_auxiliary_head:
            heads = _numbered('aux', self.auxiliary_head)
            answers += [head(feats) for _, head in heads]
        return answers

    def _decode(self, feats: Any) -> list[Tensor]:
        """Return the logits of the decode head, or of each of its stages."""
        return [self.decode_head(feats)]


def _numbered(name: str, heads: nn.Module) -> list[tuple[str, nn.Module]]:
    """Name one head, or each of several, as the host's losses do."""
    if isinstance(heads, nn.ModuleList):
        return [(f'{name}_{i}', head) for i, head in enumerate(heads)]
    return [(name, heads)]


def _check_heads(heads: list[tuple[str, nn.Module]]) -> None:
    for name, head in heads:
        if not isinstance(head, DynamicAdapterHead):
            raise ValueError(
                f'{name}: {type(head).__name__} takes one view, but the batch '
                'has a weak and a strong one; expected a DynamicAdapterHead '
                'around it, or data_preprocessor.strong_view=None'
            )
