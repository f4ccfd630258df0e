"""Losses on partial labels."""

from .masked_mean import masked_mean
from .mean_of_sums import mean_of_sums
from .partial_bce_pseudo_consist_loss import PartialBCEPseudoConsistLoss
from .pixel_sums import PixelSums, pixel_sums
from .sharpen import sharpen

__all__ = [
    'PartialBCEPseudoConsistLoss',
    'PixelSums',
    'masked_mean',
    'mean_of_sums',
    'pixel_sums',
    'sharpen',
]
