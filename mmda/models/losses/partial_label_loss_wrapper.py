"""Any stock loss of single entries, on partial labels."""

from __future__ import annotations

import inspect
from typing import Any

from mmengine.registry import MODELS
from mmpretrain.registry import MODELS as HOST_MODELS
from torch import Tensor, nn

from mmda.structures import PixelTarget

from .mean_weights import mean_weights
from .partial_label_loss import PartialLabelLoss
from .target_sums import (
    check_shape,
    count_known,
    sum_over,
    to_full_precision,
)


@MODELS.register_module()
class PartialLabelLossWrapper(PartialLabelLoss):
    r"""A stock loss that leaves out unannotated entries.

    .. math::
        L = \frac{1}{|A|} \sum_{(i, c) \in A} \ell(z_{ic}, y_{ic})

    A are the annotated entries and :math:`\ell` is the stock loss of one
    entry. An unannotated entry changes neither the loss nor a gradient. The
    mean is over the annotated entries of all ranks.

    The loss is scaled as under the stock head: mmpretrain's heads add up the
    C classes of an image, so there the mean is multiplied by C. mmseg's heads
    take the mean. If all entries are annotated, the loss is the stock loss.
    With two views, the labels count for both.

    The stock loss compares each entry with its own label:
    ``CrossEntropyLoss(use_sigmoid=True)``, ``FocalLoss``, ``AsymmetricLoss``
    or ``LabelSmoothLoss(mode='multi_label', use_sigmoid=True)``. A softmax,
    Dice or Lovasz loss mixes the classes or the pixels, so it cannot leave
    one out.

    Args:
        loss (dict | Module): The stock loss. The loss of a scope other than
            the default scope has a prefix, such as
            ``'mmpretrain.AsymmetricLoss'``.
        loss_weight (float): Factor, besides the one of ``loss``. Defaults to
            1.0.
        loss_name (str, optional): Name in the log. Defaults to the name of
            the stock loss, or 'loss' where it has none.

    Raises:
        ValueError: If the stock loss cannot tell the loss of each entry.

    Examples:
        >>> import torch
        >>> loss = PartialLabelLossWrapper(
        ...     dict(type='mmpretrain.AsymmetricLoss', gamma_neg=0, clip=0))
        >>> loss(torch.zeros(1, 2), torch.tensor([[1., float('nan')]]))
        tensor(0.6931)
    """

    def __init__(
        self,
        loss: dict | nn.Module,
        loss_weight: float = 1.0,
        loss_name: str | None = None,
    ) -> None:
        if isinstance(loss, nn.Module):
            stock = loss
        else:
            stock = HOST_MODELS.build(loss)
        name = str(loss_name or getattr(stock, 'loss_name', 'loss'))
        super().__init__(loss_weight, name)
        _check_loss(stock)
        self.loss = stock

    def losses(
        self, cls_score: Tensor, target: Tensor | PixelTarget
    ) -> dict[str, Tensor]:
        """Return the stock loss of the annotated entries.

        Args:
            cls_score (Tensor): Logits of the weak view, (N, C, ...), or of
                both views, ``[weak; strong]``, (2N, C, ...).
            target (Tensor | PixelTarget): (N, C, ...), in [0, 1] where
                annotated, else NaN; or the label maps of N images, which are
                read strip by strip.

        Returns:
            dict[str, Tensor]: One scalar, ``loss_name``. It is 0 and has a
            graph where nothing is annotated.

        Raises:
            ValueError: If the shapes do not fit, or if the stock loss does
                not give one value for each entry.
        """
        is_image = target.shape[2:].numel() == 1
        scale = target.shape[1] if is_image else 1
        return {self.loss_name: scale * self.mean(cls_score, target)}

    def total(
        self,
        cls_score: Tensor,
        target: Tensor | PixelTarget,
        avg_factor: float | None = None,
    ) -> Tensor:
        """Return the mean, scaled as the stock loss scales its own.

        Args:
            cls_score (Tensor): See :meth:`losses`.
            target (Tensor | PixelTarget): See :meth:`losses`.
            avg_factor (float, optional): The mean is multiplied by the number
                of answers over this. Defaults to None: the mean.

        Returns:
            Tensor: Scalar.
        """
        loss = self.mean(cls_score, target)
        return loss * (cls_score.numel() / avg_factor if avg_factor else 1)

    def mean(self, cls_score: Tensor, target: Tensor | PixelTarget) -> Tensor:
        """Return the mean over the annotated entries of all ranks and views.

        Args:
            cls_score (Tensor): See :meth:`losses`.
            target (Tensor | PixelTarget): See :meth:`losses`.

        Returns:
            Tensor: Scalar.
        """
        check_shape(cls_score, target.shape)
        views = len(cls_score) // max(1, target.shape[0])
        weight = mean_weights(count_known(target)) / max(1, views)

        def add_up(logits: Tensor, label: Tensor, known: Tensor) -> list:
            return [self._entries(logits, label, known).sum()]

        (total,) = sum_over(add_up, cls_score, target)
        return (weight * total).sum()

    def _entries(self, logits: Tensor, label: Tensor, known: Tensor) -> Tensor:
        """Return the loss of each entry, 0 where not annotated.

        Images and pixels are rows of C classes here, as the losses of both
        hosts take them: (V * N, C, H, W) -> (V * N * H * W, C).
        """
        views = len(logits) // max(1, len(known))
        num_classes = logits.shape[1]
        logits, label, known = (
            part.movedim(1, -1).reshape(-1, num_classes)
            for part in (logits, label, known)
        )
        label, known = label.repeat(views, 1), known.repeat(views, 1)
        # Mask before and after: a loss may be infinite where nothing is known.
        # AsymmetricLoss is infinite in float16 where the model is wrong.
        logits = to_full_precision(logits).masked_fill(~known, 0)
        label = label.to(logits.dtype)
        if num_classes == 1:  # the hosts take one column for class indices
            logits, label = logits.expand(-1, 2), label.expand(-1, 2)
        entries = self.loss(logits, label, reduction_override='none')
        if entries.shape != logits.shape:
            raise ValueError(
                f'{type(self.loss).__name__} gives values of shape '
                f'{tuple(entries.shape)} for answers of shape '
                f'{tuple(logits.shape)}; expected a loss of single entries'
            )
        return entries[:, :num_classes].masked_fill(~known, 0)


def _check_loss(loss: Any) -> None:
    """Refuse a loss that cannot tell the loss of each entry."""
    name = type(loss).__name__
    if isinstance(loss, PartialLabelLoss):
        raise ValueError(f'{name} takes partial labels itself; use it alone')
    if softmax_of(loss):
        raise ValueError(
            f'{name} takes the softmax over all classes, so it cannot leave '
            'out one of them; expected use_sigmoid=True'
        )
    takes = inspect.signature(loss.forward).parameters
    if 'reduction_override' not in takes:
        raise ValueError(
            f'{name} takes no reduction_override, so it cannot give the loss '
            'of each entry; expected a loss of single entries, such as '
            'CrossEntropyLoss(use_sigmoid=True), FocalLoss or AsymmetricLoss'
        )
    if getattr(loss, 'reduction', 'mean') != 'mean':
        raise ValueError(
            f"{name} has reduction={loss.reduction!r}; expected 'mean'"
        )
    # mmseg.FocalLoss on a GPU gives the largest label of a pixel to mmcv, so a
    # pixel without a positive class would become one of class 0. The others
    # mix pixels.
    is_host = type(loss).__module__.startswith('mmseg.')
    if is_host and name != 'CrossEntropyLoss':
        raise ValueError(
            f'mmseg.{name} takes one class per pixel; expected a loss of '
            'single entries, such as mmseg.CrossEntropyLoss(use_sigmoid=True) '
            "or dict(type='mmpretrain.FocalLoss')"
        )


def softmax_of(loss: nn.Module) -> bool:
    """Tell whether a stock loss takes the softmax over the classes.

    Args:
        loss (Module): A loss of mmpretrain or mmseg.

    Returns:
        bool: Whether it does. LabelSmoothLoss keeps its loss in ``ce``.
    """
    inner = getattr(loss, 'ce', loss)
    return getattr(inner, 'use_sigmoid', True) is False
