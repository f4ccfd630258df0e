"""The strong view: a sequence of kornia augmentations."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from mmda.structures import is_compiling, nearest, plain_tensor

#: Augmentations of appearance that treat every channel alike: they give equal
#: channels for equal channels. Those that move pixels all do.
_CHANNEL_BY_CHANNEL = (
    'ColorJiggle', 'ColorJitter', 'RandomAutoContrast', 'RandomBoxBlur',
    'RandomBrightness', 'RandomClahe', 'RandomContrast', 'RandomEqualize',
    'RandomErasing', 'RandomGamma', 'RandomGaussianBlur',
    'RandomGaussianIllumination', 'RandomInvert',
    'RandomLinearCornerIllumination', 'RandomLinearIllumination',
    'RandomMedianBlur', 'RandomMotionBlur', 'RandomPlasmaShadow',
    'RandomPosterize', 'RandomSaltAndPepperNoise', 'RandomSharpness',
    'RandomSolarize',
)  # fmt: skip


def outside_of_graphs(forward: Callable) -> Callable:
    """Let ``torch.compile`` run a preprocessor as it is, with plain labels.

    kornia reads numbers from the device, so its augmentations would be cut
    into small graphs. A graph of torch cannot take labels that check their
    loss (:class:`~mmda.structures.CheckedLabels`).

    Args:
        forward (Callable): The method ``forward`` of a preprocessor.

    Returns:
        Callable: The method to use in its place.
    """

    @torch.compiler.disable
    def run(
        preprocessor: nn.Module, data: dict, training: bool, compiles: bool
    ) -> dict:
        packed = forward(preprocessor, data, training)
        if compiles:
            for sample in packed.get('data_samples') or ():
                _take_plain_labels(sample)
        return packed

    @functools.wraps(forward)
    def choose(
        preprocessor: nn.Module, data: dict, training: bool = False
    ) -> dict:
        return run(preprocessor, data, training, is_compiling())

    return choose


def _take_plain_labels(sample: Any) -> None:
    if 'gt_score' in sample:
        sample.set_gt_score(plain_tensor(sample.gt_score))
    if 'gt_sem_seg' in sample:
        sample.gt_sem_seg.data = plain_tensor(sample.gt_sem_seg.data)


def _are_for_one_channel(arguments: dict) -> bool:
    """Tell whether arguments neither mix nor list the channels."""
    mixing = (arguments.get(name, 0) for name in ('saturation', 'hue'))
    fills = (arguments.get(name) for name in ('fill', 'fill_value'))
    return all(
        isinstance(value, (int, float)) and value == 0 for value in mixing
    ) and all(
        value is None or torch.as_tensor(value).numel() == 1 for value in fills
    )


class StrongView(nn.Module):
    """Make strong views of images in [0, 255].

    kornia is imported here, so a model without a strong view needs none.

    Args:
        transforms (Sequence[dict]): ``type`` is the name of a class of
            :mod:`kornia.augmentation`, the rest its arguments. The images are
            in [0, 1] there. Every image gets parameters of its own.
        keep_pixels (bool): Whether an augmentation that moves pixels is
            refused. Defaults to False.

    Attributes:
        takes_grey (bool): Whether one channel gets the strong view that each
            of three equal channels would get.

    Raises:
        ValueError: If kornia has no such augmentation; the message names the
            nearest one. Or if an augmentation moves pixels and must not.

    Examples:
        >>> view = StrongView([dict(type='RandomInvert', p=1.0)])
        >>> view(torch.full((1, 1, 1, 1), 51.0)).item()
        204.0
    """

    def __init__(
        self, transforms: Sequence[dict], keep_pixels: bool = False
    ) -> None:
        super().__init__()
        from kornia import augmentation

        layers = []
        self.takes_grey = True
        for transform in transforms:
            arguments = dict(transform)
            kind = arguments.pop('type')
            if kind not in augmentation.__all__:
                raise ValueError(
                    f'strong_view: kornia.augmentation has no {kind!r}'
                    f'{nearest(kind, augmentation.__all__)}'
                )
            layer = getattr(augmentation, kind)(**arguments)
            keeps = isinstance(layer, augmentation.IntensityAugmentationBase2D)
            if keep_pixels and not keeps:
                raise ValueError(
                    f'strong_view: {kind} moves pixels, but both views share '
                    'one label map; expected augmentations of appearance only'
                )
            layers.append(layer)
            moves = isinstance(layer, augmentation.GeometricAugmentationBase2D)
            alike = moves or kind in _CHANNEL_BY_CHANNEL
            self.takes_grey &= alike and _are_for_one_channel(arguments)
        # AugmentationSequential of kornia draws the same numbers, and takes a
        # millisecond to sort out the kinds of its data.
        self.augment = nn.Sequential(*layers)

    @torch.no_grad()
    def forward(self, images: Tensor) -> Tensor:
        """Augment images.

        Args:
            images (Tensor): (N, C, H, W), in [0, 255].

        Returns:
            Tensor: Augmented images, (N, C, H, W), in [0, 255].
        """
        unit = (images / 255).clamp_(0, 1)
        # The runner calls this inside of its autocast, and half precision
        # would shift the sampling grid of a geometric augmentation.
        with torch.autocast(images.device.type, enabled=False):
            strong = self.augment(unit.float())
        return strong.clamp(0, 1).mul_(255)


class StrongViewMixin(nn.Module):
    """Give a preprocessor of a host a strong view.

    Put the mixin before the class of the host.

    Args:
        strong_view (Sequence[dict], optional): See :class:`StrongView`. None:
            the preprocessor makes no strong view.
        batch_augments (Any, optional): As in the host.
        **kwargs: Other arguments of the host.

    Raises:
        ValueError: See :class:`StrongView`; or if ``batch_augments`` would
            mix the images of two views.
    """

    keep_pixels = False
    mean: Tensor
    std: Tensor

    def __init__(
        self,
        strong_view: Sequence[dict] | None = None,
        batch_augments: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(batch_augments=batch_augments, **kwargs)
        self.strong_view = None
        if strong_view:
            self.check_not_mixed(batch_augments)
            self.strong_view = StrongView(strong_view, self.keep_pixels)

    def check_not_mixed(self, batch_augments: Any) -> None:
        """Refuse to mix the images of a batch that has two views."""
        if batch_augments:
            raise ValueError(
                'batch_augments mixes images of a batch, so the weak and the '
                'strong view would no longer show the same image: give '
                'batch_augments or two views'
            )

    def make_strong(
        self, weak: Tensor, images: Tensor | Sequence[Tensor]
    ) -> Tensor:
        """Make the strong view of a batch that the host has normalised.

        The strong view of grey images is made in one channel, where the
        augmentations allow it.

        Args:
            weak (Tensor): (N, C, H, W).
            images (Tensor | Sequence[Tensor]): The N images before the host
                padded and normalised them.

        Returns:
            Tensor: (N, C, H, W), normalised in the same way.
        """
        assert self.strong_view is not None
        if not self._enable_normalize:
            return self.strong_view(weak)
        # Padding differs from channel to channel: it is 0 after the mean.
        unpadded_grey = (1, *weak.shape[-2:])
        are_grey = all(image.shape == unpadded_grey for image in images)
        if are_grey and self.strong_view.takes_grey:
            weak = weak[:, :1]
        std, mean = self.std[: weak.shape[1]], self.mean[: weak.shape[1]]
        strong = self.strong_view((weak * std).add_(mean))
        return (strong - self.mean).div_(self.std)
