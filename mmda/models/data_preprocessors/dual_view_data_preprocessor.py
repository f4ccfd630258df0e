"""Batch preprocessing that yields a weak and a strong view of each image."""

from __future__ import annotations

from typing import Any

import torch
from mmengine.registry import MODELS
from mmpretrain.models import ClsDataPreprocessor

from .strong_view import StrongViewMixin, outside_of_graphs


@MODELS.register_module()
class DualViewDataPreprocessor(StrongViewMixin, ClsDataPreprocessor):
    """``ClsDataPreprocessor`` that adds a strong view during training.

    The weak view is the image as the pipeline gives it. There are two ways to
    get the strong view. The preprocessor makes it from the weak view, on the
    device and with random parameters for every image; so an image is read and
    decoded once. Or the pipeline gives both views (stock ``MultiView`` with
    two views: weak, strong). The result is one tensor, ``[weak; strong]``
    along dim 0: 2N rows for N samples. Outside of training there are N rows.

    A ``mean`` of three channels widens grey images to three. The strong view
    of a grey batch is made before that, in one channel, see
    :meth:`make_strong`.

    Args:
        strong_view (Sequence[dict], optional): Augmentations of
            :mod:`kornia.augmentation` as dicts with ``type``, applied to
            images in [0, 1]. None: the pipeline gives both views, or there is
            one view.
        batch_augments (dict, optional): As in ``ClsDataPreprocessor``; cannot
            be used with two views.
        **kwargs: Other arguments of ``ClsDataPreprocessor``, such as ``mean``
            and ``std`` of pixel values in [0, 255].

    Raises:
        ValueError: If an augmentation does not exist, or if
            ``batch_augments`` is given with ``strong_view``.

    Examples:
        >>> preprocessor = DualViewDataPreprocessor(
        ...     strong_view=[dict(type='RandomHorizontalFlip', p=1.0)])
        >>> batch = dict(inputs=[torch.arange(3.).reshape(1, 1, 3)])
        >>> preprocessor(batch, training=True)['inputs'].squeeze().tolist()
        [[0.0, 1.0, 2.0], [2.0, 1.0, 0.0]]
    """

    @outside_of_graphs
    def forward(self, data: dict, training: bool = False) -> dict:
        """Normalise a batch and, in training, add the strong view.

        Args:
            data (dict): From the data loader: ``inputs`` (a batch, a list of
                images, or a list of two such views) and ``data_samples``.
            training (bool): Whether the strong view is wanted.

        Returns:
            dict: ``inputs``, (2N, C, H, W) with two views else (N, C, H, W),
            and ``data_samples``.

        Raises:
            ValueError: If the pipeline gives another number of views than
                two, or if ``batch_augments`` would mix two views.
        """
        weak, strong = _pipeline_views(data['inputs'])
        if training and strong is not None:
            self.check_not_mixed(self.batch_augments)
        packed = super().forward({**data, 'inputs': weak}, training)
        if not training:
            return packed
        views = [packed['inputs']]
        if strong is not None:
            views.append(super().forward({'inputs': strong})['inputs'])
        elif self.strong_view is not None:
            views.append(self.make_strong(packed['inputs'], weak))
        packed['inputs'] = torch.cat(views)
        return packed


def _pipeline_views(inputs: Any) -> tuple[Any, Any]:
    """Return the weak and the strong images; None where there is one view."""
    if not isinstance(inputs, (list, tuple)) or not inputs:
        return inputs, None
    first = inputs[0]
    if not isinstance(first, (list, tuple)) and first.ndim != 4:
        return inputs, None
    # Both collate functions give a list of views, of N images each.
    if len(inputs) != 2:
        raise ValueError(
            f'the pipeline gives {len(inputs)} views of an image; expected 2 '
            '(weak, strong)'
        )
    return inputs[0], inputs[1]
