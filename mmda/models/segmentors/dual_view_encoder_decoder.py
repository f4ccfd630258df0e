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
from ..utils import frozen_running_stats, split_views


@MODELS.register_module()
class DualViewEncoderDecoder(EncoderDecoder):
    """``EncoderDecoder`` that passes weak and strong views separately.

    Backbone and heads hold batch normalisation. So each view has its own pass
    through both, and the strong views leave the running statistics alone; see
    :class:`~mmda.models.DualViewImageClassifier` for the reason. Dropout acts
    on both views. A batch of one view is treated as in the stock class.

    Takes the same arguments as ``EncoderDecoder``. With two views, each head
    has to be a ``DynamicAdapterHead``.
    """

    def loss(
        self, inputs: Tensor, data_samples: list[SegDataSample]
    ) -> dict[str, Tensor]:
        """Compute the losses of a batch.

        Args:
            inputs (Tensor): (N, 3, H, W), or (2N, 3, H, W) with two views,
                ``[weak; strong]``.
            data_samples (list[SegDataSample]): N samples.

        Returns:
            dict[str, Tensor]: The losses of the heads, as ``decode.<key>``
            and ``aux.<key>`` or ``aux_<i>.<key>``.

        Raises:
            ValueError: If ``inputs`` has neither N nor 2N rows, or if there
                are two views and a head that cannot tell them apart.
        """
        weak, strong = split_views(inputs, len(data_samples))
        if strong is None:
            return super().loss(weak, data_samples)
        heads = _numbered('decode', self.decode_head)
        if self.with_auxiliary_head:
            heads += _numbered('aux', self.auxiliary_head)
        for name, head in heads:
            if not isinstance(head, DynamicAdapterHead):
                raise ValueError(
                    f'{name}: {type(head).__name__} takes one view, but the '
                    'batch has a weak and a strong one; expected a '
                    'DynamicAdapterHead around it, or '
                    'data_preprocessor.strong_view=None'
                )
        weak_answers = self._answer(weak)
        with frozen_running_stats(self):
            strong_answers = self._answer(strong)
        losses: dict[str, Tensor] = {}
        for (name, head), *views in zip(
            heads, weak_answers, strong_answers, strict=True
        ):
            terms = cast(Any, head).loss_by_feat(
                torch.cat(views), data_samples
            )
            losses.update(add_prefix(terms, name))
        return losses

    def _answer(self, view: Tensor) -> list[Tensor]:
        """Return the logits of each head for one view."""
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
    """Name one head, or each of several, as the losses of the host do."""
    if isinstance(heads, nn.ModuleList):
        return [(f'{name}_{i}', head) for i, head in enumerate(heads)]
    return [(name, heads)]
