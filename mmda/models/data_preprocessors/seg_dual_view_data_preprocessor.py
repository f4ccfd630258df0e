"""Weak and strong views for segmentation: they differ in appearance only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from kornia.augmentation import IntensityAugmentationBase2D
from mmseg.models import SegDataPreProcessor
from mmseg.registry import MODELS

from .strong_view import build_strong_view, make_strong_view


@MODELS.register_module('DualViewDataPreprocessor')
class SegDualViewDataPreprocessor(SegDataPreProcessor):
    """``SegDataPreProcessor`` that adds a strong view during training.

    Registered with mmseg as ``DualViewDataPreprocessor``. The weak view is the
    image as the pipeline gives it; the strong view is made from it on the
    device. Both leave as one tensor, ``[weak; strong]`` along dim 0: 2N rows
    for N samples. Outside of training there are N rows.

    Args:
        strong_view (Sequence[dict], optional): Augmentations of
            :mod:`kornia.augmentation` as dicts with ``type``, applied to
            images in [0, 1]. Only such that leave every pixel in its place,
            since both views share one label map. None: there is one view.
        mean (Sequence[float], optional): Mean per channel, in [0, 255].
        std (Sequence[float], optional): Standard deviation per channel.
        batch_augments (Callable, optional): As in ``SegDataPreProcessor``;
            cannot be used with two views.
        **kwargs: Other arguments of ``SegDataPreProcessor``.

    Raises:
        ValueError: If an augmentation does not exist, or moves pixels, or if
            there are two views and ``batch_augments``.

    Examples:
        >>> from mmseg.structures import SegDataSample
        >>> preprocessor = SegDualViewDataPreprocessor(
        ...     strong_view=[dict(type='RandomInvert', p=1.0)], size=(1, 2))
        >>> batch = dict(inputs=[torch.tensor([[[0., 255.]]])],
        ...              data_samples=[SegDataSample()])
        >>> preprocessor(batch, training=True)['inputs'].squeeze().tolist()
        [[0.0, 255.0], [255.0, 0.0]]
    """

    def __init__(
        self,
        strong_view: Sequence[dict] | None = None,
        mean: Sequence[float] | None = None,
        std: Sequence[float] | None = None,
        batch_augments: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            mean=mean, std=std, batch_augments=batch_augments, **kwargs
        )
        self.strong_view = None
        if strong_view:
            if batch_augments:
                raise ValueError(
                    'batch_augments mixes images of a batch, of which each '
                    'may annotate other classes: give batch_augments or '
                    'strong_view'
                )
            self.strong_view = build_strong_view(strong_view)
            for layer in self.strong_view.children():
                if not isinstance(layer, IntensityAugmentationBase2D):
                    raise ValueError(
                        f'strong_view: {type(layer).__name__} moves pixels, '
                        'but both views share one label map; expected '
                        'augmentations of appearance only'
                    )

    def forward(self, data: dict, training: bool = False) -> dict[str, Any]:
        """Normalise and pad a batch and, in training, add the strong view.

        Args:
            data (dict): From the data loader: ``inputs``, a list of N images,
                and ``data_samples``.
            training (bool): Whether the strong view is wanted.

        Returns:
            dict: ``inputs``, (2N, C, H, W) with two views else (N, C, H, W),
            and ``data_samples``.
        """
        packed = super().forward(data, training)
        if not training or self.strong_view is None:
            return packed
        mean, std = 0.0, 1.0
        if self._enable_normalize:
            mean, std = self.mean, self.std
        weak = packed['inputs']
        strong = make_strong_view(weak, self.strong_view, mean, std)
        packed['inputs'] = torch.cat([weak, strong])
        return packed
