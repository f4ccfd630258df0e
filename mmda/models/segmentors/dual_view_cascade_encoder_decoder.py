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

    With two views, each view has its own pass through the backbone and all
    stages. The strong views leave the running statistics alone; see
    :class:`~mmda.models.DualViewImageClassifier` for the reason. Each stage
    gets the answers of the previous stage to the same view, with their
    gradient, as in the stock class. A stage runs once per view, where the
    stock class runs all stages but the last twice. A batch of one view is
    treated as in the stock class.

    Takes the same arguments as ``CascadeEncoderDecoder``. With two views,
    each head has to be a ``DynamicAdapterHead``.
    """

    def _decode(self, feats: Any) -> list[Tensor]:
        """Return the logits of each stage."""
        answers: list[Tensor] = []
        for head in self.decode_head:
            answers.append(head(feats, *answers[-1:]))
        return answers
