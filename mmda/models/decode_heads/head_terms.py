"""What a loss, of mmda or of the host, and the accuracy make of a target."""

from __future__ import annotations

from typing import Any

import torch
from mmseg.models.losses import accuracy
from torch import Tensor

from mmda.structures import UNKNOWN_PIXEL, PixelTarget


def head_terms(
    module: Any, seg_logits: Tensor, target: PixelTarget
) -> dict[str, Tensor]:
    """Apply a loss of mmda, or a stock one to what it can use.

    Args:
        module (Module): The loss. One of mmda has ``terms`` and gets all; a
            stock one gets the weak view, and label maps in which every pixel
            without an annotated class is ignored.
        seg_logits (Tensor): (N, C, H, W), or (2N, C, H, W) with two views.
        target (PixelTarget): Of N images.

    Returns:
        dict[str, Tensor]: The loss's terms, by their names.
    """
    if hasattr(module, 'terms'):
        return module.terms(seg_logits, target)
    weak = seg_logits[: len(target.label)]
    value = module(
        weak, _stock_label(target), weight=None, ignore_index=UNKNOWN_PIXEL
    )
    return {module.loss_name: value}


@torch.no_grad()
def head_accuracy(seg_logits: Tensor, target: PixelTarget) -> Tensor:
    """Return the accuracy of one view on annotated classes.

    Args:
        seg_logits (Tensor): (N, C, H, W).
        target (PixelTarget): Of the same images.

    Returns:
        Tensor: In %, over the pixels that carry an annotated class.
    """
    label = _stock_label(target)
    return accuracy(seg_logits, label, ignore_index=UNKNOWN_PIXEL)


def _stock_label(target: PixelTarget) -> Tensor:
    elsewhere = target.label >= target.num_classes
    return target.label.masked_fill(elsewhere, UNKNOWN_PIXEL)
