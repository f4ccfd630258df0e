"""The usual mistake with partial labels, as a baseline."""

from __future__ import annotations

from mmengine.registry import MODELS
from torch import Tensor

from mmda.structures import PixelTarget

from ..losses import PartialBCEPseudoConsistLoss


@MODELS.register_module()
class UnannotatedAsNegativeLoss(PartialBCEPseudoConsistLoss):
    """BCE that takes each unannotated entry for a negative one.

    Only the loss does: the labels stay as they are, so the evaluation is over
    annotated entries as for any other model. For images, not for pixels.

    The arguments are those of :class:`PartialBCEPseudoConsistLoss`. As nothing
    is left unannotated, its unsupervised terms are 0.

    Examples:
        >>> import torch
        >>> loss = UnannotatedAsNegativeLoss()
        >>> loss(torch.tensor([[0., 2.]]), torch.tensor([[1., float('nan')]]))
        tensor(1.4100)
    """

    def forward(
        self,
        cls_score: Tensor,
        target: Tensor,
        avg_factor: float | None = None,
    ) -> Tensor:
        """Return the loss; the interface of a stock loss.

        Args:
            cls_score (Tensor): Logits, (N, C) or (2N, C).
            target (Tensor): (N, C), in [0, 1] or NaN, which counts as 0.
            avg_factor (float, optional): Not used, as in the base class.

        Returns:
            Tensor: Scalar.
        """
        return super().forward(cls_score, target.nan_to_num(0.0), avg_factor)

    def terms(
        self, cls_score: Tensor, target: Tensor | PixelTarget
    ) -> dict[str, Tensor]:
        """Return each term of the loss and what to watch beside it.

        Args:
            cls_score (Tensor): Logits, (N, C) or (2N, C).
            target (Tensor): (N, C), in [0, 1] or NaN, which counts as 0.

        Returns:
            dict[str, Tensor]: As in the base class; ``annotated_fraction`` is
            that of the labels, before they were filled.

        Raises:
            ValueError: If the target is a label map.
        """
        if isinstance(target, PixelTarget):
            raise ValueError(
                'UnannotatedAsNegativeLoss got label maps of pixels, expected '
                'one target per image and class'
            )
        terms = super().terms(cls_score, target.nan_to_num(0.0))
        annotated = ~target.isnan()
        return {**terms, 'annotated_fraction': annotated.float().mean()}
