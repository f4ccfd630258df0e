"""What Data-Assemble is compared with.

The conventional linear head is :class:`mmda.models.PartialLabelLinearHead`.
"""

from .dodnet_controller import DoDNetController
from .dodnet_head import DoDNetHead
from .multi_network_classifier import MultiNetworkClassifier
from .unannotated_as_negative_loss import UnannotatedAsNegativeLoss

__all__ = [
    'DoDNetController',
    'DoDNetHead',
    'MultiNetworkClassifier',
    'UnannotatedAsNegativeLoss',
]
