"""The strong view: a sequence of kornia augmentations."""

from __future__ import annotations

from collections.abc import Sequence

import kornia.augmentation
import torch
from torch import Tensor, nn

from mmda.structures import nearest


def build_strong_view(transforms: Sequence[dict]) -> nn.Module:
    """Build batch augmentations from config dicts.

    Args:
        transforms (Sequence[dict]): ``type`` is the name of a class of
            :mod:`kornia.augmentation`, the rest its arguments. Every image
            gets parameters of its own.

    Returns:
        Module: Maps (N, C, H, W) in [0, 1] to the same shape.

    Raises:
        ValueError: If kornia has no such augmentation; names the nearest.

    Examples:
        >>> view = build_strong_view([dict(type='RandomErasing', p=1.0)])
        >>> len(list(view.children()))
        1
    """
    layers = []
    for transform in transforms:
        arguments = dict(transform)
        kind = arguments.pop('type')
        known = kornia.augmentation.__all__
        if kind not in known:
            raise ValueError(
                f'strong_view: kornia.augmentation has no {kind!r}'
                f'{nearest(kind, known)}'
            )
        layers.append(getattr(kornia.augmentation, kind)(**arguments))
    return kornia.augmentation.AugmentationSequential(
        *layers, data_keys=['input'], same_on_batch=False
    )


@torch.no_grad()
def make_strong_view(
    weak: Tensor,
    strong_view: nn.Module,
    mean: Tensor | float = 0.0,
    std: Tensor | float = 1.0,
) -> Tensor:
    """Augment normalised images.

    Args:
        weak (Tensor): (N, C, H, W), normalised by ``mean`` and ``std``.
        strong_view (Module): Acts on images in [0, 1].
        mean (Tensor | float): (C, 1, 1), of pixel values in [0, 255].
        std (Tensor | float): (C, 1, 1), likewise.

    Returns:
        Tensor: Augmented images, normalised in the same way.

    Examples:
        >>> weak = torch.full((1, 1, 1, 1), 51.0)
        >>> make_strong_view(weak, lambda image: 1 - image).item()
        204.0
    """
    image = ((weak * std + mean) / 255).clamp(0, 1)
    # The runner calls this inside of its autocast, and half precision would
    # shift the sampling grid of a geometric augmentation.
    with torch.autocast(weak.device.type, enabled=False):
        strong = strong_view(image.float()).clamp(0, 1)
    return (strong * 255 - mean) / std
