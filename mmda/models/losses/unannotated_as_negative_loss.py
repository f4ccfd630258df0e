"""The usual mistake with partial labels, as a baseline."""

from __future__ import annotations

from mmengine.registry import MODELS
from torch import Tensor

from mmda.structures import PixelTarget

from .partial_bce_pseudo_consist_loss import PartialBCEPseudoConsistLoss


@MODELS.register_module()
class UnannotatedAsNegativeLoss(PartialBCEPseudoConsistLoss):
    """BCE that takes each unannotated entry for a negative one.

    Only the loss fills the labels. The evaluation still uses annotated
    entries alone, as for any other model. The loss takes targets of images,
    not of pixels. No entry is left unannotated, so the unsupervised terms
    are 0.

    Takes the same arguments as :class:`PartialBCEPseudoConsistLoss`.

    Examples:
        >>> import torch
        >>> loss = UnannotatedAsNegativeLoss()
        >>> loss(torch.tensor([[0., 2.]]), torch.tensor([[1., float('nan')]]))
        tensor(1.4100)
    """

    def losses(
        self,
        cls_score: Tensor,
        target: Tensor | PixelTarget,
        teacher: Tensor | None = None,
    ) -> dict[str, Tensor]:
        """Return each term of the loss.

        Args:
            cls_score (Tensor): Logits, (N, C) or (2N, C).
            target (Tensor): (N, C), in [0, 1], or NaN, which counts as 0.
            teacher (Tensor, optional): It labels no entry, as all have one.

        Returns:
            dict[str, Tensor]: As in the base class.

        Raises:
            ValueError: If the target holds label maps.
        """
        return super().losses(cls_score, _fill(target), teacher)

    def watched(
        self, cls_score: Tensor, target: Tensor | PixelTarget
    ) -> dict[str, Tensor]:
        """Return the values to watch of the filled labels; see the base."""
        return super().watched(cls_score, _fill(target))


def _fill(target: Tensor | PixelTarget) -> Tensor:
    """Return the target with 0 in place of NaN."""
    if isinstance(target, PixelTarget):
        raise ValueError(
            'UnannotatedAsNegativeLoss got label maps of pixels, expected '
            'one target per image and class'
        )
    return target.nan_to_num(0.0)
