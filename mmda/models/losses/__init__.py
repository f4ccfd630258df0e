"""Losses on partial labels."""

from .masked_mean import masked_mean
from .partial_bce_pseudo_consist_loss import (
    PartialBCEPseudoConsistLoss,
    sharpen,
)

__all__ = ['PartialBCEPseudoConsistLoss', 'masked_mean', 'sharpen']
