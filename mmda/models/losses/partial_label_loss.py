"""The interface of a loss on partial labels."""

from __future__ import annotations

from typing import Any, NoReturn

import torch
import torch.nn.functional as F
from mmengine.logging import print_log
from torch import Tensor, nn

from mmda.structures import (
    UNKNOWN_PIXEL,
    OverlappingLabelMap,
    PixelTarget,
    plain_tensor,
)


class PartialLabelLoss(nn.Module):
    """Base class: a loss that reports its terms.

    The heads of mmda log each term. Under a stock head, the loss acts as a
    stock loss and gives the sum of its terms. A subclass writes
    :meth:`losses`.

    Args:
        loss_weight (float): Factor of all terms, at least 0. Defaults to 1.0.
        loss_name (str): Name of the loss in the log of a stock decode head.
            It starts with "loss". Defaults to 'loss_partial'.

    Raises:
        ValueError: If an argument is outside its range.
    """

    def __init__(
        self, loss_weight: float = 1.0, loss_name: str = 'loss_partial'
    ) -> None:
        super().__init__()
        if not 0 <= loss_weight < float('inf'):
            raise ValueError(f'loss_weight={loss_weight}: expected 0 or more')
        if not loss_name.startswith('loss'):
            raise ValueError(
                f"loss_name={loss_name!r}: expected a name with 'loss' at its "
                'start. mmengine leaves all other values out of the objective'
            )
        self.loss_weight = loss_weight
        self.loss_name = loss_name
        self._tells_pixels = True

    def losses(
        self, cls_score: Tensor, target: Tensor | PixelTarget
    ) -> dict[str, Tensor]:
        """Return each term of the loss.

        Args:
            cls_score (Tensor): Logits of the weak view, (N, C, ...), or of
                both views, ``[weak; strong]``, (2N, C, ...).
            target (Tensor | PixelTarget): (N, C, ...), in [0, 1] where
                annotated, else NaN; or the label maps of N images.

        Returns:
            dict[str, Tensor]: Scalars, before ``loss_weight``. Each key
            contains "loss". A term without entries is 0 and has a graph.
        """
        raise NotImplementedError

    def watched(
        self, cls_score: Tensor, target: Tensor | PixelTarget
    ) -> dict[str, Tensor]:
        """Return values to watch in the log. The default is none.

        Args:
            cls_score (Tensor): See :meth:`losses`.
            target (Tensor | PixelTarget): See :meth:`losses`.

        Returns:
            dict[str, Tensor]: Scalars without a graph. No key contains
            "loss", because the host adds up all keys that do.
        """
        return {}

    def terms(
        self,
        cls_score: Tensor,
        target: Tensor | PixelTarget,
        **kwargs: Any,
    ) -> dict[str, Tensor]:
        """Return each term of the loss, and further values for the log.

        Args:
            cls_score (Tensor): See :meth:`losses`.
            target (Tensor | PixelTarget): See :meth:`losses`.
            **kwargs: Other arguments of :meth:`losses`.

        Returns:
            dict[str, Tensor]: The entries of :meth:`losses`, times
            ``loss_weight``, and of :meth:`watched`.
        """
        losses = self.losses(cls_score, target, **kwargs)
        weighted = {key: self.loss_weight * v for key, v in losses.items()}
        return {**weighted, **self.watched(cls_score, target)}

    def forward(
        self,
        cls_score: Tensor,
        target: Tensor | PixelTarget,
        weight: None = None,
        avg_factor: float | None = None,
        ignore_index: int = UNKNOWN_PIXEL,
    ) -> Tensor:
        """Return the sum of all terms, as a stock head expects it.

        Args:
            cls_score (Tensor): See :meth:`losses`.
            target (Tensor | PixelTarget): See :meth:`losses`. Or what a stock
                head gives: int (N,), the class of each image, or int
                (N, H, W), label maps.
            weight (None): Stock decode heads give it.
            avg_factor (float, optional): Number of rows. Stock heads give it.
                Only :class:`PartialLabelLossWrapper` uses it: here a term is
                a mean over its own entries.
            ignore_index (int): Value of unknown pixels in a label map.
                Defaults to 255.

        Returns:
            Tensor: Scalar. It is 0 and has a graph where there is nothing to
            learn.

        Raises:
            ValueError: If a label is no class, if a sampler of a decode head
                gives weights, or if a stock decode head gives two views.
        """
        if weight is not None:
            raise ValueError(
                f'{type(self).__name__} got a weight for each pixel from the '
                '`sampler` of the decode head; expected no sampler'
            )
        target = self.read_target(cls_score, target, ignore_index)
        total = self.total(cls_score, target, avg_factor)
        return self.loss_weight * total

    def total(
        self,
        cls_score: Tensor,
        target: Tensor | PixelTarget,
        avg_factor: float | None = None,
    ) -> Tensor:
        """Return the value for a stock head, before ``loss_weight``.

        Args:
            cls_score (Tensor): See :meth:`losses`.
            target (Tensor | PixelTarget): See :meth:`losses`.
            avg_factor (float, optional): See :meth:`forward`.

        Returns:
            Tensor: Scalar: the sum of all terms.
        """
        losses = self.losses(cls_score, target)
        return torch.stack(list(losses.values())).sum()

    def read_target(
        self,
        cls_score: Tensor,
        target: Tensor | PixelTarget,
        ignore_index: int = UNKNOWN_PIXEL,
    ) -> Tensor | PixelTarget:
        """Read the target of any head.

        A stock decode head gives label maps, without the classes that each
        image annotates. So a pixel that carries none of the annotated classes
        is left out there.

        Args:
            cls_score (Tensor): See :meth:`losses`.
            target (Tensor | PixelTarget): See :meth:`forward`.
            ignore_index (int): See :meth:`forward`.

        Returns:
            Tensor | PixelTarget: As :meth:`losses` takes it.

        Raises:
            ValueError: See :meth:`forward`.
        """
        if isinstance(target, PixelTarget):
            return target
        if isinstance(target, OverlappingLabelMap):
            raise ValueError(target.message)
        target = plain_tensor(target)
        if target.is_floating_point():
            return target
        num_classes = cls_score.shape[1]
        if target.ndim == 3 and cls_score.ndim == 4:
            if len(cls_score) != len(target):
                _refuse_views(len(cls_score), len(target))
            if self._tells_pixels:
                self._tells_pixels = False
                print_log(
                    'a stock decode head does not say which classes an image '
                    'annotates: pixels that carry none of them are left out. '
                    'DynamicAdapterHead(head=...) learns from them, too',
                    logger='current',
                )
            return PixelTarget.from_label_maps(
                target, num_classes, ignore_index
            )
        if target.ndim == 2 and target.shape[1] == 1 != num_classes:
            target = target.flatten()
        if target.ndim == 2:
            return target.float()
        low, high = int(target.min()), int(target.max())
        if not 0 <= low <= high < num_classes:
            raise ValueError(
                f'found labels from {low} to {high}, expected 0 to '
                f'{num_classes - 1}: the head answers {num_classes} classes'
            )
        return F.one_hot(target, num_classes).float()


def _refuse_views(rows: int, num_samples: int) -> NoReturn:
    raise ValueError(
        f'{rows} rows for {num_samples} label maps: a stock decode head takes '
        'one view. Expected type=DualViewEncoderDecoder with a '
        'DynamicAdapterHead around each head, or '
        'data_preprocessor.strong_view=None'
    )
