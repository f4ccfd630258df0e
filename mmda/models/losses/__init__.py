"""Losses on partial labels."""

from .exactly_one import given_exactly_one, marginal_nll
from .mean_weights import mean_weights
from .partial_bce_pseudo_consist_loss import PartialBCEPseudoConsistLoss
from .partial_label_loss import PartialLabelLoss
from .partial_label_loss_wrapper import PartialLabelLossWrapper, softmax_of
from .pseudo_labels import is_confident, sharpen
from .strip_sums import strip_sums
from .unannotated_as_negative_loss import UnannotatedAsNegativeLoss

__all__ = [
    'PartialBCEPseudoConsistLoss',
    'PartialLabelLoss',
    'PartialLabelLossWrapper',
    'UnannotatedAsNegativeLoss',
    'given_exactly_one',
    'is_confident',
    'marginal_nll',
    'mean_weights',
    'sharpen',
    'softmax_of',
    'strip_sums',
]
