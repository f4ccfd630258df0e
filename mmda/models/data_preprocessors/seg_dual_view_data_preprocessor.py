"""Weak and strong views for segmentation: they differ in appearance only."""

from __future__ import annotations

from typing import Any

import torch
from mmseg.models import SegDataPreProcessor
from mmseg.registry import MODELS

from mmda.structures import TwoViewLabelMap, plain_tensor

from .strong_view import StrongViewMixin, outside_of_graphs


@MODELS.register_module('DualViewDataPreprocessor')
class SegDualViewDataPreprocessor(StrongViewMixin, SegDataPreProcessor):
    """``SegDataPreProcessor`` that adds a strong view during training.

    Registered with mmseg as ``DualViewDataPreprocessor``. The weak view is the
    image as the pipeline gives it. The strong view is made from the weak view
    on the device. The result is one tensor, ``[weak; strong]`` along dim 0:
    2N rows for N samples. Outside of training there are N rows.

    Args:
        strong_view (Sequence[dict], optional): Augmentations of
            :mod:`kornia.augmentation` as dicts with ``type``, applied to
            images in [0, 1]. They must leave every pixel in its place, since
            both views share one label map. None: there is one view.
        batch_augments (Callable, optional): As in ``SegDataPreProcessor``;
            cannot be used with two views.
        **kwargs: Other arguments of ``SegDataPreProcessor``, such as ``mean``
            and ``std`` of pixel values in [0, 255].

    Raises:
        ValueError: If an augmentation does not exist, or moves pixels, or if
            ``batch_augments`` is given with ``strong_view``.

    Examples:
        >>> from mmseg.structures import SegDataSample
        >>> preprocessor = SegDualViewDataPreprocessor(
        ...     strong_view=[dict(type='RandomInvert', p=1.0)], size=(1, 2))
        >>> batch = dict(inputs=[torch.tensor([[[0., 255.]]])],
        ...              data_samples=[SegDataSample()])
        >>> preprocessor(batch, training=True)['inputs'].squeeze().tolist()
        [[0.0, 255.0], [255.0, 0.0]]
    """

    keep_pixels = True

    @outside_of_graphs
    def forward(self, data: dict, training: bool = False) -> dict[str, Any]:
        """Normalise and pad a batch and, in training, add the strong view.

        Args:
            data (dict): From the data loader: ``inputs``, a list of N images,
                and ``data_samples``.
            training (bool): Whether the strong view is wanted.

        Returns:
            dict: ``inputs``, (2N, C, H, W) with two views else (N, C, H, W),
            and ``data_samples``.

        Raises:
            ValueError: If a batch has grey images and images in colour.
        """
        # The host asks the first image alone whether to turn BGR into RGB.
        channels = sorted({len(image) for image in data['inputs']})
        if len(channels) > 1:
            raise ValueError(
                f'a batch has images of {channels} channels, expected one '
                "number: use LoadMedicalImage(color_type='grayscale') or "
                "'color'"
            )
        packed = super().forward(data, training)
        if training and self.strong_view is not None:
            weak = packed['inputs']
            strong = self.make_strong(weak, data['inputs'])
            packed['inputs'] = torch.cat([weak, strong])
            # A head of mmda takes both views; a stock head must not.
            for sample in packed['data_samples'] or ():
                if 'gt_sem_seg' in sample:
                    label = plain_tensor(sample.gt_sem_seg.data)
                    checked = label.as_subclass(TwoViewLabelMap)
                    sample.gt_sem_seg.data = checked
        return packed
