"""Classification head on partial labels, with one answer per class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from mmpretrain.models.heads import MultiLabelClsHead
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from torch import Tensor, nn

from mmda.structures import (
    LabelRules,
    as_partial,
    read_rules,
    resolve_classes,
    score_of,
)

from ..adapters import DoDNetController, check_num_classes
from ..losses import PartialLabelLoss, softmax_of

# The classifier's name in checkpoints of mmda 0.x and of the stock head.
OLD_NAMES = ('adapter.', 'controller.', 'fc.')


class ConsistentHead(MultiLabelClsHead):
    """``MultiLabelClsHead`` whose predictions keep rules between classes.

    Attributes:
        rules (LabelRules | None): The rules, None without any.
    """

    rules: LabelRules | None = None

    def _get_predictions(
        self, cls_score: Tensor, data_samples: list[DataSample]
    ) -> list[DataSample]:
        # In half precision, the answers to large logits are equal.
        cls_score = cls_score.float()
        if self.rules is not None:
            cls_score = self.rules.consistent(cls_score)
        return super()._get_predictions(cls_score, data_samples)


@MODELS.register_module()
class DynamicAdapterHead(ConsistentHead):
    """Multi-label head whose loss takes partial labels and two views.

    The head answers with a dynamic adapter by default. Another ``classifier``
    gives a head to compare with: ``NamedLinear`` is the conventional linear
    layer, ``DoDNetController`` the controller of DoDNet. A linear classifier
    loads the weights of the stock ``MultiLabelLinearClsHead``.

    Args:
        num_classes (int, optional): Number of classes of the joint label
            space, C. Defaults to the number of ``classes``.
        in_channels (int): Channels of the feature, m. Required.
        classes (Sequence[str] | str, optional): The label space, or its file
            from ``mmda label_space``. It is saved with the weights, so a
            checkpoint can be loaded into another space.
        loss (dict, optional): A loss of mmda, or a stock loss of several
            yes-no questions, such as ``AsymmetricLoss``. A stock loss takes
            full labels; ``PartialLabelLossWrapper`` lets it take partial
            ones. Defaults to ``dict(type='PartialBCEPseudoConsistLoss')``.
        thr (float, optional): Least score of a positive prediction. Defaults
            to 0.5 where ``topk`` is None.
        topk (int, optional): As in ``MultiLabelClsHead``.
        init_cfg (dict, optional): As in ``BaseModule``.
        classifier (dict, optional): Config of a module of
            :mod:`mmda.models.adapters`. The head adds ``num_classes``,
            ``in_channels`` and ``classes``. Defaults to
            ``dict(type='DynamicAdapter')``.
        rules (Mapping | str, optional): Rules between the ``classes``, see
            :func:`~mmda.structures.read_rules`. A prediction is then
            consistent: a class is at most as likely as what it implies. The
            training does not change. Defaults to None.

    Raises:
        ValueError: If ``in_channels`` is missing, if neither ``num_classes``
            nor ``classes`` is given, if the two contradict each other, or if
            the loss or ``topk`` is one of a softmax.

    Examples:
        >>> head = DynamicAdapterHead(in_channels=8, classes=['a', 'b', 'c'])
        >>> head((torch.rand(2, 8), )).shape
        torch.Size([2, 3])
    """

    def __init__(
        self,
        num_classes: int | None = None,
        in_channels: int | None = None,
        classes: Sequence[str] | str | None = None,
        loss: dict | None = None,
        thr: float | None = None,
        topk: int | None = None,
        init_cfg: dict | None = None,
        classifier: dict | None = None,
        rules: Mapping[str, Any] | str | None = None,
    ) -> None:
        super().__init__(
            loss=loss or dict(type='PartialBCEPseudoConsistLoss'),
            thr=thr,
            topk=topk,
            init_cfg=init_cfg,
        )
        _check_inherited(self.loss_module, topk)
        if in_channels is None:
            raise ValueError(
                'model.head.in_channels is missing: expected the number of '
                'channels of the feature'
            )
        classes = resolve_classes(classes)[0]
        self.num_classes = check_num_classes(num_classes, classes)
        self.in_channels = in_channels
        self.classifier = MODELS.build(
            dict(
                classifier or dict(type='DynamicAdapter'),
                num_classes=self.num_classes,
                in_channels=in_channels,
                classes=classes,
            )
        )

        if rules is not None and classes is None:
            raise ValueError('model.head.rules needs model.head.classes')
        self.rules = read_rules(rules, classes or ())

    @property
    def classes(self) -> tuple[str, ...] | None:
        """tuple[str, ...] | None: The label space, where it is known."""
        return self.classifier.classes

    def forward(self, feats: tuple[Tensor, ...]) -> Tensor:
        """Answer all questions about the feature of the last stage.

        Args:
            feats (tuple[Tensor]): Features; the last is (N, m).

        Returns:
            Tensor: Logits, (N, C).
        """
        return self.classifier(self.pre_logits(feats))

    def loss(
        self,
        feats: tuple[Tensor, ...],
        data_samples: list[DataSample],
        **kwargs: Any,
    ) -> dict[str, Tensor]:
        """Compute the loss of the questions that the classifier asks.

        Args:
            feats (tuple[Tensor]): Features; the last is (N, m), or (2N, m)
                with two views, ``[weak; strong]``.
            data_samples (list[DataSample]): N samples with ``gt_score``, or
                with ``gt_label`` alone, which then annotates all classes.
            **kwargs: Other arguments of the loss.

        Returns:
            dict[str, Tensor]: The terms of the loss, and
            ``annotated_fraction``, the part of all labels that is annotated.
            A stock loss has the term ``loss`` only.

        Raises:
            ValueError: If a label is not annotated and a stock loss computes
                with it.
        """
        feature = self.pre_logits(feats)
        target = stack_targets(data_samples, self.num_classes)
        target = target.to(feature.device)
        if isinstance(self.classifier, DoDNetController):
            scores, asked = self.classifier.ask(feature, target)
        else:
            scores, asked = self.classifier(feature), target
        if not isinstance(self.loss_module, PartialLabelLoss):
            loss = self.loss_module(
                scores, as_partial(asked), avg_factor=len(scores), **kwargs
            )
            return {'loss': loss}
        terms = self.loss_module.terms(scores, asked, **kwargs)
        annotated = (~target.isnan()).float().mean()
        return {**terms, 'annotated_fraction': annotated}

    def _load_from_state_dict(
        self, state_dict: dict, prefix: str, *args: Any, **kwargs: Any
    ) -> None:
        """Load checkpoints of earlier heads too."""
        rename_old_keys(state_dict, prefix)
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)


def _check_inherited(loss: nn.Module, topk: Any) -> None:
    """Refuse what a head with a softmax leaves in a config that it inherits.

    A softmax takes exactly one class for true, and this head answers each
    class by itself.
    """
    found = ''
    if softmax_of(loss):
        found = (
            f'loss={type(loss).__name__} takes the softmax over all classes'
        )
    elif not (topk is None or isinstance(topk, int)):
        found = f'topk={topk} belongs to a head with a softmax'
    if found:
        raise ValueError(
            f'model.head.{found}, but DynamicAdapterHead answers each class '
            'by itself. A head of the base config may have left it here: '
            'write _delete_=True into `head`. Expected no `topk`, and '
            "loss=dict(type='PartialBCEPseudoConsistLoss') or a stock loss "
            'with use_sigmoid=True'
        )


def stack_targets(
    data_samples: Sequence[DataSample], num_classes: int
) -> Tensor:
    """Return the targets of a batch.

    Args:
        data_samples (Sequence[DataSample]): N samples, see
            :func:`~mmda.structures.score_of`.
        num_classes (int): Number of classes, C.

    Returns:
        Tensor: float32 (N, C), in [0, 1] or NaN where not annotated.
    """
    scores = [score_of(sample, num_classes) for sample in data_samples]
    return torch.stack([torch.as_tensor(score) for score in scores])


def rename_old_keys(state_dict: dict, prefix: str) -> None:
    """Rename the weights of the classifier in an earlier checkpoint.

    Args:
        state_dict (dict[str, Tensor]): Of a whole model; changed in place.
        prefix (str): Of the head's entries, such as ``'head.'``.

    Examples:
        >>> state = {'head.fc.bias': torch.zeros(2)}
        >>> rename_old_keys(state, 'head.')
        >>> list(state)
        ['head.classifier.bias']
    """
    for key in list(state_dict):
        for old in OLD_NAMES:
            if key.startswith(prefix + old):
                name = key.removeprefix(prefix + old)
                state_dict[f'{prefix}classifier.{name}'] = state_dict.pop(key)
