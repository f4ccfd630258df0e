"""The stock cascade of decode heads with each view in its own pass."""

from __future__ import annotations

from typing import Any

from mmengine.registry import MODELS
from mmseg.models import CascadeEncoderDecoder
from torch import Tensor

from .dual_view_encoder_decoder import DualViewEncoderDecoder


@MODELS.register_module()
class DualViewCascadeEncoderDecoder(
    DualViewEncoderDecoder, CascadeEncoderDecoder
):
    """``CascadeEncoderDecoder`` that passes weak and strong views separately.

    With two views each has its own pass through the backbone and all stages,
    and the strong views leave the running statistics alone; see
    :class:`~mmda.models.DualViewEncoderDecoder`. Each stage gets the answers
    of the one before to the same view, with their gradient, as in the stock
    class; it is passed once, where the stock class passes all stages but the
    last twice. A batch of one view is treated as in the stock class.

    The arguments are those of ``CascadeEncoderDecoder``; with two views its
    heads have to be a ``DynamicAdapterHead`` each.
    """

    def _decode(self, feats: Any) -> list[Tensor]:
        """Return the logits of each stage."""
        answers: list[Tensor] = []
        for head in self.decode_head:
            answers.append(head(feats, *answers[-1:]))
        return answers
