"""The interface of a loss on partial labels."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mmda.structures import PixelTarget


class PartialLabelLoss(nn.Module):
    """Base class: a loss that reports its terms.

    The heads of mmda log each term. Under a stock head, the loss acts as a
    stock loss and gives the sum of its terms. A subclass writes
    :meth:`losses`.
    """

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
            dict[str, Tensor]: Scalars. Each key contains "loss". A term
            without entries is 0 and has a graph.
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
        self, cls_score: Tensor, target: Tensor | PixelTarget
    ) -> dict[str, Tensor]:
        """Return each term of the loss, and further values for the log.

        Args:
            cls_score (Tensor): See :meth:`losses`.
            target (Tensor | PixelTarget): See :meth:`losses`.

        Returns:
            dict[str, Tensor]: The entries of :meth:`losses` and
            :meth:`watched`.
        """
        return {
            **self.losses(cls_score, target),
            **self.watched(cls_score, target),
        }

    def forward(
        self,
        cls_score: Tensor,
        target: Tensor,
        avg_factor: float | None = None,
    ) -> Tensor:
        """Return the sum of all terms, as a stock head expects it.

        Args:
            cls_score (Tensor): See :meth:`losses`.
            target (Tensor): See :meth:`losses`.
            avg_factor (float, optional): Number of rows. Stock heads give it.
                Not used: a term is a mean over its own entries.

        Returns:
            Tensor: Scalar. It is 0 and has a graph where there is nothing to
            learn.
        """
        return torch.stack(list(self.losses(cls_score, target).values())).sum()
