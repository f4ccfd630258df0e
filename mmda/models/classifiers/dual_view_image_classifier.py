"""The stock classifier with each view in its own pass."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import torch
from mmengine.registry import MODELS
from mmpretrain.models import ImageClassifier
from mmpretrain.structures import DataSample
from torch import Tensor

from ..utils import frozen_running_stats, split_views


class Teacher:
    """Answers of a frozen model for the classes that it knows.

    It is no module, so it is neither trained nor saved with a model.

    Args:
        model (ImageClassifier): A model whose head has ``classes``. It is
            frozen here.
        known (Collection[str]): The classes that it knows.
    """

    def __init__(self, model: ImageClassifier, known: Collection[str]) -> None:
        self.model = model.eval().requires_grad_(False)
        classes = model.head.classes
        self.unknown = torch.tensor([name not in known for name in classes])

    @torch.no_grad()
    def __call__(self, images: Tensor) -> Tensor:
        """Answer.

        Args:
            images (Tensor): (N, 3, H, W), normalised.

        Returns:
            Tensor: Probabilities, (N, C); NaN for unknown classes.
        """
        # In half precision, large logits would have one probability.
        answers = self.model(images).float().sigmoid()
        return answers.masked_fill(self.unknown.to(answers.device), torch.nan)


@MODELS.register_module()
class DualViewImageClassifier(ImageClassifier):
    """``ImageClassifier`` that passes weak and strong views separately.

    With both views in one batch, batch normalisation trains with statistics
    that the test does not see. The same happens if strong views enter the
    running statistics. So the strong views have their own pass: it normalises
    them by their own batch and leaves the running statistics alone. A batch
    of one view is treated as in the stock class.

    Takes the same arguments as ``ImageClassifier``.

    Attributes:
        teacher (Teacher | None): An old model, whose answers to the weak view
            go to the loss of the head. ``KeepOldClassesHook`` sets it.
    """

    teacher: Teacher | None = None

    def loss(
        self, inputs: Tensor, data_samples: list[DataSample]
    ) -> dict[str, Tensor]:
        """Compute the losses of a batch.

        Args:
            inputs (Tensor): (N, 3, H, W), or (2N, 3, H, W) with two views,
                ``[weak; strong]``.
            data_samples (list[DataSample]): N samples.

        Returns:
            dict[str, Tensor]: The losses of the head.

        Raises:
            ValueError: If ``inputs`` has neither N nor 2N rows.
        """
        weak, strong = split_views(inputs, len(data_samples))
        feats = self.extract_feat(weak)
        if strong is not None:
            with frozen_running_stats(self.backbone, self.neck):
                feats = _join(feats, self.extract_feat(strong))
        told = {} if self.teacher is None else dict(teacher=self.teacher(weak))
        return self.head.loss(feats, data_samples, **told)


def _join(weak: Any, strong: Any) -> Any:
    """Concatenate features: [weak; strong] along dim 0, stage by stage."""
    if isinstance(weak, Tensor):
        return torch.cat([weak, strong])
    return tuple(_join(w, s) for w, s in zip(weak, strong, strict=True))
