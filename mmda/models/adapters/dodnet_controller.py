"""The controller of DoDNet: a classifier for each image and question."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import torch
import torch.nn.functional as F
from mmengine.registry import MODELS
from torch import Tensor, nn

from .named_classes import NamedClasses, check_num_classes


@MODELS.register_module()
class DoDNetController(NamedClasses, nn.Linear):
    r"""Generate a linear classifier from an image feature and a question.

    .. math::
        (w, b) = W [f(x); e_j] + c, \quad a_j = w \cdot f(x) + b

    The question :math:`e_j` is one-hot. The dynamic adapter differs in two
    points: its classifiers do not depend on the image, and its questions are
    learnt.

    A training pass asks one question about each image: a random one of the
    questions that are annotated for the image. An image without annotation
    adds nothing to the supervised terms. So DoDNet needs n passes to ask what
    the dynamic adapter asks in one pass. In evaluation, all questions are
    answered.

    Source: [0] Zhang et al., DoDNet: Learning to segment multi-organ and
    tumors from multiple partially labeled datasets, CVPR 2021. This is the
    controller alone, with one dynamic layer in place of three, as in the
    comparison of Data-Assemble, section 5.5 (3).

    Args:
        in_channels (int): Dimension of the feature, m.
        num_classes (int, optional): Number of classes, n. Defaults to the
            number of ``classes``.
        classes (Sequence[str], optional): The label space. It is saved with
            the weights. A checkpoint with other or permuted classes is
            matched by name.
        seed (int): Seed of the random questions. Defaults to 0.

    Raises:
        ValueError: If ``classes`` and ``num_classes`` contradict each other.

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
        num_classes: int | None = None,
        classes: Sequence[str] | None = None,
        seed: int = 0,
    ) -> None:
        num_classes = check_num_classes(num_classes, classes)
        super().__init__(in_channels + num_classes, in_channels + 1)
        self.in_channels = in_channels
        self.name_classes(num_classes, classes)
        self.generator = torch.Generator().manual_seed(seed)

    def forward(self, feats: Tensor) -> Tensor:
        """Answer all questions.

        The controller is linear, so the part that depends on the image is
        computed once, and the part of all questions is a linear layer.

        Args:
            feats (Tensor): Features, (N, m).

        Returns:
            Tensor: Logits, (N, n).
        """
        image_part, task_part = self.weight.split(
            [self.in_channels, self.num_classes], dim=1
        )
        shared = _classify(feats, F.linear(feats, image_part, self.bias))
        return shared + F.linear(feats, task_part[:-1].T, task_part[-1])

    def ask(self, feats: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        """Ask one annotated question about each image.

        Args:
            feats (Tensor): Features, (N, m), or (2N, m) with two views. Both
                views of an image get the same question.
            target (Tensor): (N, C), in [0, 1] or NaN where not annotated.

        Returns:
            tuple[Tensor, Tensor]: Logits, (N, 1) or (2N, 1), and targets,
            (N, 1).
        """
        question = draw_questions(target.cpu(), self.generator)
        question = question.to(feats.device)
        asked = target.gather(1, question[:, None])
        views = len(feats) // len(target)
        return self.answer(feats, question.repeat(views)), asked

    def answer(self, feats: Tensor, question: Tensor) -> Tensor:
        """Answer one question about each image, by the published formula.

        Args:
            feats (Tensor): Features, (N, m).
            question (Tensor): int64 (N,), index of the class.

        Returns:
            Tensor: Logits, (N, 1).
        """
        task = F.one_hot(question, self.num_classes).to(feats)
        generated = super().forward(torch.cat([feats, task], dim=1))
        return _classify(feats, generated)

    def rearrange(
        self, state_dict: dict, prefix: str, stored: tuple[str, ...]
    ) -> None:
        """Move the columns of the shared questions; see the base class."""
        # The columns of the feature come before the columns of the questions.
        image = torch.arange(self.in_channels)
        old, new = (
            torch.cat([image, self.in_channels + indices])
            for indices in self.match_classes(stored)
        )
        self._take(state_dict, prefix + 'weight', 1, old, new)

    def weights_of(self, names: Collection[str]) -> dict[str, Tensor]:
        """Find the columns of some questions; see the base class.

        All questions share the columns of the feature and the bias.
        """
        image = torch.ones(self.in_channels, dtype=torch.bool)
        columns = torch.cat([image, self._among(names)])
        return dict(weight=columns, bias=torch.ones(1, dtype=torch.bool))


def draw_questions(target: Tensor, generator: torch.Generator) -> Tensor:
    """Draw an annotated class for each image.

    Args:
        target (Tensor): (N, C), NaN where not annotated.
        generator (Generator): Source of random numbers, on the same device.

    Returns:
        Tensor: int64 (N,); any class where none is annotated.

    Examples:
        >>> target = torch.tensor([[float('nan'), 1.], [0., float('nan')]])
        >>> draw_questions(target, torch.Generator())
        tensor([1, 0])
    """
    annotated = ~target.isnan()
    none = ~annotated.any(dim=1, keepdim=True)
    chances = (annotated | none).float()
    return torch.multinomial(chances, 1, generator=generator).squeeze(1)


def _classify(feats: Tensor, generated: Tensor) -> Tensor:
    """Apply the classifier of each image, (N, m + 1): weights and bias."""
    weight, bias = generated.split([feats.shape[1], 1], dim=1)
    return (weight * feats).sum(dim=1, keepdim=True) + bias
