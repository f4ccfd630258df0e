"""The head of DoDNet: one question per image and pass in training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from torch import Tensor

from ..heads import PartialLabelClsHead, stack_targets
from .dodnet_controller import DoDNetController


@MODELS.register_module()
class DoDNetHead(PartialLabelClsHead):
    """Multi-label head with DoDNet's controller.

    A training pass asks one question about each image, a random one of those
    that are annotated for it; an image without any adds nothing. So it takes
    as many passes as there are classes to ask what the dynamic adapter asks
    in one. All questions are answered in evaluation.

    Args:
        num_classes (int): Number of classes of the joint label space, C.
        in_channels (int): Channels of the feature, m.
        classes (Sequence[str], optional): The label space; saved with the
            weights, so that a checkpoint can be loaded into another one.
        loss (dict, optional): Any loss of (logits, target with NaN), both
            (N, 1). Defaults to ``dict(type='PartialBCEPseudoConsistLoss')``.
        seed (int): Of the questions' draw. Defaults to 0.
        thr (float, optional): Score from which a class is predicted positive.
            Defaults to 0.5 where ``topk`` is None.
        topk (int, optional): As in ``MultiLabelClsHead``.
        init_cfg (dict, optional): As in ``BaseModule``.

    Examples:
        >>> head = DoDNetHead(num_classes=3, in_channels=8)
        >>> head((torch.rand(2, 8), )).shape
        torch.Size([2, 3])
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        classes: Sequence[str] | None = None,
        loss: dict | None = None,
        seed: int = 0,
        thr: float | None = None,
        topk: int | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(num_classes, loss, thr, topk, init_cfg)
        self.in_channels = in_channels
        self.controller = DoDNetController(in_channels, num_classes, classes)
        self.generator = torch.Generator().manual_seed(seed)

    @property
    def classes(self) -> tuple[str, ...] | None:
        """tuple[str, ...] | None: The label space, where it was given."""
        return self.controller.classes

    @property
    def passes_per_epoch(self) -> int:
        """int: Passes over the images until each question had its turn."""
        return self.num_classes

    def forward(self, feats: tuple[Tensor, ...]) -> Tensor:
        """Answer all questions about the last stage's feature.

        Args:
            feats (tuple[Tensor]): Features; the last is (N, m).

        Returns:
            Tensor: Logits, (N, C).
        """
        return self.controller(self.pre_logits(feats))

    def loss(
        self,
        feats: tuple[Tensor, ...],
        data_samples: list[DataSample],
        **kwargs: Any,
    ) -> dict[str, Tensor]:
        """Ask one question about each image.

        Args:
            feats (tuple[Tensor]): Features; the last is (N, m), or (2N, m)
                with two views, which get the same questions.
            data_samples (list[DataSample]): N samples.
            **kwargs: Of the loss.

        Returns:
            dict[str, Tensor]: The terms of the loss over the questions asked;
            ``annotated_fraction`` is that of all.
        """
        feature = self.pre_logits(feats)
        target = stack_targets(data_samples, self.num_classes).cpu()
        question = draw_questions(target, self.generator)
        asked = target.gather(1, question[:, None]).to(feature.device)
        views = len(feature) // len(target)
        question = question.repeat(views).to(feature.device)
        terms = self._loss_of(
            self.controller.ask(feature, question), asked, **kwargs
        )
        annotated = (~target.isnan()).float().mean()
        return {**terms, 'annotated_fraction': annotated.to(feature.device)}


def draw_questions(target: Tensor, generator: torch.Generator) -> Tensor:
    """Draw an annotated class for each image.

    Args:
        target (Tensor): (N, C), NaN where not annotated.
        generator (Generator): Of random numbers, on the target's device.

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
