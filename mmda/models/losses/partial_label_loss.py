"""The interface of a loss on partial labels."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mmda.structures import PixelTarget


class PartialLabelLoss(nn.Module):
    """Base class: a loss that reports its terms.

    The heads of mmda log each term. Under a stock head, the loss acts as a
    stock loss and gives the sum of its terms. A subclass writes :meth:`terms`.
    """

    def terms(
        self, cls_score: Tensor, target: Tensor | PixelTarget
    ) -> dict[str, Tensor]:
        """Return each term of the loss, and values to watch beside it.

        Args:
            cls_score (Tensor): Logits of the weak view, (N, C, ...), or of
                both views, ``[weak; strong]``, (2N, C, ...).
            target (Tensor | PixelTarget): (N, C, ...), in [0, 1] where
                annotated, else NaN; or the label maps of N images.

        Returns:
            dict[str, Tensor]: Scalars. A key contains "loss" if, and only if,
            the value is part of the objective.
        """
        raise NotImplementedError

    def forward(
        self,
        cls_score: Tensor,
        target: Tensor,
        avg_factor: float | None = None,
    ) -> Tensor:
        """Return the sum of all terms, as a stock head expects it.

        Args:
            cls_score (Tensor): See :meth:`terms`.
            target (Tensor): See :meth:`terms`.
            avg_factor (float, optional): Number of rows, given by stock
                heads. Not used: a term is a mean over its own entries.

        Returns:
            Tensor: Scalar; 0 with a graph where there is nothing to learn.
        """
        terms = self.terms(cls_score, target)
        losses = [value for key, value in terms.items() if 'loss' in key]
        return torch.stack(losses).sum()
