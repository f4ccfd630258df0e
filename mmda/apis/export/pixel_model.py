"""A trained model with pixels as input and probabilities as output."""

from __future__ import annotations

from typing import Any

import torch
from mmpretrain.models.heads import MultiLabelClsHead
from torch import Tensor, nn

from mmda.models.losses import PartialLabelLoss
from mmda.structures import LabelRules


class PixelModel(nn.Module):
    """The path from pixels to probabilities, without any object of a host.

    The order of the channels and the normalisation are inside. A segmentor
    answers at the size of its input. Its answer "no class", which is a
    constant, is left out.

    Args:
        model (Module): Classifier or segmentor of a host, in evaluation mode.
            It loses its auxiliary heads.
        num_classes (int): Number of classes, C.
        rules (LabelRules, optional): A class of an image becomes at most as
            likely as what it implies.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self, model: Any, num_classes: int, rules: LabelRules | None = None
    ) -> None:
        super().__init__()
        self.rules = rules
        self.is_segmentor = hasattr(model, 'decode_head')
        if self.is_segmentor and model.with_auxiliary_head:
            del model.auxiliary_head
        self.model = model
        self.num_classes = num_classes
        self.channels = _input_channels(model)
        self.activation = 'sigmoid' if _asks_each_class(model) else 'softmax'
        host = model.data_preprocessor
        swaps = getattr(host, 'to_rgb', False) or getattr(
            host, '_channel_conversion', False
        )
        # A host gets BGR from its pipeline. This model gets RGB.
        self.flips = self.channels == 3 and not swaps
        self.normalises = bool(host._enable_normalize)
        mean, std = torch.zeros(1, 1, 1), torch.ones(1, 1, 1)
        if self.normalises:
            mean, std = host.mean, host.std
        self.register_buffer('mean', mean.detach().float().clone())
        self.register_buffer('std', std.detach().float().clone())

    def forward(self, image: Tensor) -> Tensor:
        """Answer all questions.

        Args:
            image (Tensor): float32 (N, 3, H, W) RGB or (N, 1, H, W) grey, in
                [0, 255].

        Returns:
            Tensor: Probabilities, (N, C), or (N, C, H, W) of a segmentor.
        """
        inputs = image.flip(1) if self.flips else image
        inputs = (inputs - self.mean) / self.std
        if self.is_segmentor:
            metas = [dict(img_shape=tuple(image.shape[2:]))]
            logits = self.model.encode_decode(inputs, metas)
            logits = logits[:, : self.num_classes]
        else:
            logits = self.model.head(self.model.extract_feat(inputs))
            if self.rules is not None:
                logits = self.rules.consistent(logits)
        return self.activate(logits)

    @property
    def pixel_threshold(self) -> float:
        """float: Lowest probability of a class of a pixel, in [0, 1].

        A head with ``thr`` has one answer more than classes. This answer is
        the same at every pixel.
        """
        head = _last_head(self.model)
        if head.out_channels <= self.num_classes:
            return 0.0
        return round(head.conv_seg.bias[-1].sigmoid().item(), 6)

    def activate(self, logits: Tensor) -> Tensor:
        """Turn logits into probabilities.

        Args:
            logits (Tensor): (N, C, ...).

        Returns:
            Tensor: Of the same shape.
        """
        if self.activation == 'sigmoid':
            return logits.sigmoid()
        return logits.softmax(1)

    @torch.no_grad()
    def host_answer(self, trained: Any, image: Tensor) -> Tensor:
        """Answer as a host does in a test: the reference of an export.

        Args:
            trained (Module): The model of the host, before any change.
            image (Tensor): See :meth:`forward`; whole numbers.

        Returns:
            Tensor: See :meth:`forward`.
        """
        images = image.flip(1) if self.channels == 3 else image
        shape = tuple(image.shape[2:])
        samples = [new_sample(self.is_segmentor, shape) for _ in images]
        data = dict(inputs=list(images.byte()), data_samples=samples)
        found = trained.test_step(data)
        if not self.is_segmentor:
            return torch.stack([sample.pred_score for sample in found])
        logits = torch.stack([sample.seg_logits.data for sample in found])
        # The host has turned a single answer into a probability already.
        is_single = logits.shape[1] == 1
        logits = logits[:, : self.num_classes]
        return logits if is_single else self.activate(logits)


def new_sample(is_segmentor: bool, shape: tuple[int, ...]) -> Any:
    """Return a data sample of a host without a label.

    Args:
        is_segmentor (bool): Whether the host is mmseg.
        shape (tuple[int, ...]): Height and width of the image.

    Returns:
        DataSample | SegDataSample: The sample.
    """
    if not is_segmentor:
        from mmpretrain.structures import DataSample as Sample
    else:
        from mmseg.structures import SegDataSample as Sample
    return Sample(metainfo=dict(img_shape=shape, ori_shape=shape))


def _input_channels(model: nn.Module) -> int:
    convolutions = (m for m in model.modules() if isinstance(m, nn.Conv2d))
    first = next(convolutions, None)
    found = None if first is None else first.in_channels
    if found not in (1, 3):
        raise ValueError(
            f'the first convolution of the model takes {found} channels; an '
            'export takes images of 1 (grey) or 3 (RGB)'
        )
    return found


def _asks_each_class(model: Any) -> bool:
    """Say whether each class is a question of its own."""
    if not hasattr(model, 'decode_head'):
        return isinstance(model.head, MultiLabelClsHead)
    head = _last_head(model)
    if head.out_channels == 1:
        return True
    losses = getattr(head, 'head', head).loss_decode
    losses = losses if isinstance(losses, nn.ModuleList) else [losses]
    return all(
        isinstance(loss, PartialLabelLoss)
        or getattr(loss, 'use_sigmoid', False)
        for loss in losses
    )


def _last_head(model: Any) -> Any:
    """Return the decode head that predicts; a cascade has several."""
    head = model.decode_head
    return head[-1] if isinstance(head, nn.ModuleList) else head
