"""Batch preprocessing that yields a weak and a strong view of each image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from mmengine.registry import MODELS
from mmpretrain.models import ClsDataPreprocessor
from torch import Tensor

from .strong_view import build_strong_view, make_strong_view


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
        if strong_view:
            _check_not_mixed(batch_augments)
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

        Raises:
            ValueError: If the pipeline gives another number of views than
                two, or ``batch_augments`` would mix two views.
        """
        weak, strong = _part_views(data['inputs'])
        if training and strong is not None:
            _check_not_mixed(self.batch_augments)
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

    def _make_strong(self, weak: Tensor) -> Tensor:
        assert self.strong_view is not None
        mean, std = 0.0, 1.0
        if self._enable_normalize:
            mean, std = self.mean, self.std
        return make_strong_view(weak, self.strong_view, mean, std)


def _check_not_mixed(batch_augments: Any) -> None:
    if batch_augments:
        raise ValueError(
            'batch_augments mixes images of a batch, which would part the '
            'weak view of an image from its strong one: give batch_augments '
            'or two views (strong_view, or MultiView in the pipeline)'
        )


def _part_views(inputs: Any) -> tuple[Any, Any]:
    """Return the weak and the strong images; None where there is one view."""
    if not isinstance(inputs, (list, tuple)) or not inputs:
        return inputs, None
    first = inputs[0]
    if not isinstance(first, (list, tuple)) and first.ndim != 4:
        return inputs, None
    # Both collate functions give a list of views, of N images each.
    views = list(inputs)
    if len(views) != 2:
        raise ValueError(
            f'the pipeline gives {len(views)} views of an image; expected 2 '
            '(weak, strong)'
        )
    return views[0], views[1]
