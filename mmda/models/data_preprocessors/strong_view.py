"""The strong view: a sequence of kornia augmentations."""

from __future__ import annotations

from collections.abc import Sequence

import kornia.augmentation
from torch import nn

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
