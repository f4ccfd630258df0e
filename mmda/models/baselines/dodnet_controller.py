"""The controller of DoDNet: a classifier for each image and question."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..adapters import NamedClasses


class DoDNetController(NamedClasses, nn.Linear):
    r"""Generate a linear classifier from image feature and one-hot question.

    .. math::
        (w, b) = W [f(x); e_j] + c, \quad a_j = w \cdot f(x) + b

    The dynamic adapter differs in two points: its classifiers do not depend
    on the image, and its questions are learnt.

    Source: [0] Zhang et al., DoDNet: Learning to segment multi-organ and
    tumors from multiple partially labeled datasets, CVPR 2021, the controller
    alone, with one dynamic layer in place of three, as the paper of
    Data-Assemble compares with it (section 5.5 (3)).

    Args:
        in_channels (int): Dimension of the feature, m.
        num_classes (int): Number of classes, n.
        classes (Sequence[str], optional): The label space; saved with the
            weights, a checkpoint of another one is matched by name.

    Raises:
        ValueError: If ``classes`` does not have ``num_classes`` names.

    Examples:
        >>> controller = DoDNetController(1024, 20)
        >>> sum(p.numel() for p in controller.parameters())
        1071125
        >>> controller(torch.rand(4, 1024)).shape
        torch.Size([4, 20])
    """

    def __init__(
        self,
        in_channels: int,
        num_classes: int,
        classes: Sequence[str] | None = None,
    ) -> None:
        super().__init__(in_channels + num_classes, in_channels + 1)
        self.in_channels = in_channels
        self.name_classes(num_classes, classes)

    def ask(self, feats: Tensor, question: Tensor) -> Tensor:
        """Answer one question about each image, as published.

        Args:
            feats (Tensor): Features, (N, m).
            question (Tensor): int64 (N,), index of the class.

        Returns:
            Tensor: Logits, (N, 1).
        """
        task = F.one_hot(question, self.num_classes).to(feats)
        generated = super().forward(torch.cat([feats, task], dim=1))
        return _classify(feats, generated)

    def forward(self, feats: Tensor) -> Tensor:
        """Answer all questions.

        The controller is linear, so its part that depends on the image is
        calculated once, and the part of each question is a linear layer.

        Args:
            feats (Tensor): Features, (N, m).

        Returns:
            Tensor: Logits, (N, n).
        """
        of_image, of_task = self.weight.split(
            [self.in_channels, self.num_classes], dim=1
        )
        shared = _classify(feats, F.linear(feats, of_image, self.bias))
        return shared + F.linear(feats, of_task[:-1].T, of_task[-1])

    def rearrange(
        self, state_dict: dict, prefix: str, stored: tuple[str, ...]
    ) -> None:
        """Move the columns of the shared questions to their places here.

        Args:
            state_dict (dict): Of a controller with the classes ``stored``.
            prefix (str): What precedes this controller's entries.
            stored (tuple[str, ...]): Other classes than this controller's.
        """
        old, new = self.match_classes(stored)
        channels = self.in_channels
        given = state_dict[prefix + 'weight'].cpu()
        own = self.weight.detach().cpu().clone()
        own[:, :channels] = given[:, :channels]
        own[:, channels + new] = given[:, channels + old]
        state_dict[prefix + 'weight'] = own


def _classify(feats: Tensor, generated: Tensor) -> Tensor:
    """Apply each image's own classifier, (N, m + 1): weights and bias."""
    weight, bias = generated.split([feats.shape[1], 1], dim=1)
    return (weight * feats).sum(dim=1, keepdim=True) + bias
