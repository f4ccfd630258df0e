"""Batch preprocessing that yields a weak and a strong view of each image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from mmengine.registry import MODELS
from mmpretrain.models import ClsDataPreprocessor
from torch import Tensor

from .strong_view import build_strong_view


@MODELS.register_module()
class DualViewDataPreprocessor(ClsDataPreprocessor):
    """``ClsDataPreprocessor`` that adds a strong view during training.

    The weak view is the image as the pipeline gives it. The strong view is
    made from it on the device, with parameters of its own for every image, so
    an image is read and decoded once; or it comes from the pipeline (stock
    ``MultiView`` with two views: weak, strong). Both leave as one tensor,
    ``[weak; strong]`` along dim 0: 2N rows for N samples. Outside of training
    there are N rows.

    Args:
        strong_view (Sequence[dict], optional): Augmentations of
            :mod:`kornia.augmentation` as dicts with ``type``, applied to
            images in [0, 1]. None: the pipeline gives both views, or there is
            one view.
        mean (Sequence[float], optional): Mean per channel, in [0, 255].
        std (Sequence[float], optional): Standard deviation per channel.
        batch_augments (dict, optional): As in ``ClsDataPreprocessor``; cannot
            be used with two views.
        **kwargs: Other arguments of ``ClsDataPreprocessor``.

    Raises:
        ValueError: If an augmentation does not exist, or two views are to be
            mixed by ``batch_augments``.

    Examples:
        >>> preprocessor = DualViewDataPreprocessor(
        ...     strong_view=[dict(type='RandomHorizontalFlip', p=1.0)])
        >>> batch = dict(inputs=[torch.arange(3.).reshape(1, 1, 3)])
        >>> preprocessor(batch, training=True)['inputs'].squeeze().tolist()
        [[0.0, 1.0, 2.0], [2.0, 1.0, 0.0]]
    """

    def __init__(
        self,
        strong_view: Sequence[dict] | None = None,
        mean: Sequence[float] | None = None,
        std: Sequence[float] | None = None,
        batch_augments: dict | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            mean=mean, std=std, batch_augments=batch_augments, **kwargs
        )
        if strong_view and batch_augments:
            raise ValueError(
                'batch_augments mixes images of a batch, which would part the '
                'weak view of an image from its strong one: give either '
                'strong_view or batch_augments'
            )
        self.strong_view = (
            build_strong_view(strong_view) if strong_view else None
        )

    def forward(self, data: dict, training: bool = False) -> dict:
        """Normalise a batch and, in training, add the strong view.

        Args:
            data (dict): From the data loader: ``inputs`` (a batch, a list of
                images, or either of them with two views) and ``data_samples``.
            training (bool): Whether the strong view is wanted.

        Returns:
            dict: ``inputs``, (2N, C, H, W) with two views else (N, C, H, W),
            and ``data_samples``.
        """
        weak, strong = _part_views(data['inputs'])
        packed = super().forward({**data, 'inputs': weak}, training)
        if not training:
            return packed
        if strong is not None:
            strong_inputs = super().forward({'inputs': strong})['inputs']
        elif self.strong_view is not None:
            strong_inputs = self._make_strong(packed['inputs'])
        else:
            return packed
        packed['inputs'] = torch.cat([packed['inputs'], strong_inputs])
        return packed

    @torch.no_grad()
    def _make_strong(self, weak: Tensor) -> Tensor:
        """Augment normalised images, (N, C, H, W), in the range [0, 1]."""
        assert self.strong_view is not None
        mean, std = 0.0, 1.0
        if self._enable_normalize:
            mean, std = self.mean, self.std
        image = ((weak * std + mean) / 255).clamp(0, 1)
        strong = self.strong_view(image).clamp(0, 1)
        return (strong * 255 - mean) / std


def _part_views(inputs: Any) -> tuple[Any, Any]:
    """Return the weak and the strong images; None where there is one view."""
    if not isinstance(inputs, (list, tuple)) or not inputs:
        return inputs, None
    if isinstance(inputs[0], (list, tuple)):
        # pseudo_collate: N lists of two images -> two lists of N images
        views = list(zip(*inputs, strict=True))
    elif inputs[0].ndim == 4:
        views = list(inputs)  # default_collate: two batches
    else:
        return inputs, None
    if len(views) != 2:
        raise ValueError(
            f'the pipeline gives {len(views)} views of an image; expected 2 '
            '(weak, strong)'
        )
    return views[0], views[1]
