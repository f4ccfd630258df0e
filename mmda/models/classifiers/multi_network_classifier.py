"""One model per task: as many networks as classes, trained side by side."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import torch
from mmengine.registry import MODELS
from mmpretrain.models import ImageClassifier
from mmpretrain.models.classifiers.base import BaseClassifier
from mmpretrain.structures import DataSample
from torch import Tensor, nn

from mmda.structures import read_rules, resolve_classes

from ..adapters import NamedClasses
from ..heads import ConsistentHead, stack_targets
from ..utils import split_views
from .dual_view_image_classifier import DualViewImageClassifier

# Flags of the hosts' backbones that run a forward pass again in backward.
CHECKPOINT_FLAGS = ('with_cp', 'memory_efficient', 'use_checkpoint')


@MODELS.register_module()
class MultiNetworkClassifier(NamedClasses, BaseClassifier):
    """A binary network for each class, in one run.

    Each network has its own backbone and head. It trains only with the images
    of a batch that are annotated for its class. The networks share no weight:
    each learns what it would learn from its own images alone. They share the
    learning rate schedule, early stopping and the choice of the best epoch,
    which follow the mean over the classes.

    Gradients are computed network by network. So a step needs memory for the
    weights of all networks, but for the activations of one network only. In
    fp16 these gradients lack the loss scale; use bf16.

    Args:
        backbone (dict): As in ``ImageClassifier``, for each network.
        head (dict): For each network. Its ``classes`` are the joint label
            space, and ``num_classes`` follows from them.
        neck (dict, optional): As in ``ImageClassifier``, for each network.
        data_preprocessor (dict, optional): As in ``ImageClassifier``.
        init_cfg (dict, optional): As in ``BaseModule``.

    Raises:
        ValueError: If the head does not name its classes, or has another
            ``num_classes``.
    """

    def __init__(
        self,
        backbone: dict,
        head: dict,
        neck: dict | None = None,
        data_preprocessor: dict | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        preprocessor = dict(data_preprocessor or {})
        preprocessor.setdefault('type', 'ClsDataPreprocessor')
        super().__init__(
            init_cfg=init_cfg, data_preprocessor=MODELS.build(preprocessor)
        )
        classes = resolve_classes(head.get('classes'))[0]
        if not classes:
            raise ValueError(
                'model.head.classes is missing: expected the names of the '
                'joint label space, one network is built for each'
            )
        self.name_classes(head.get('num_classes'), classes)
        # Rules are between classes, so they are those of the joined head.
        own = dict(head, num_classes=1, classes=None, rules=None)
        network = dict(backbone=backbone, neck=neck, head=own)
        self.networks = nn.ModuleList(
            DualViewImageClassifier(**copy.deepcopy(network)) for _ in classes
        )
        for part in self.networks.modules():
            for flag in CHECKPOINT_FLAGS:
                if getattr(part, flag, False):
                    raise ValueError(
                        f'model.backbone.{flag}=True: MultiNetworkClassifier '
                        'keeps the activations of one network at a time, and '
                        'takes no activation checkpoints; expected False'
                    )
        self.head = _JoinedHead(thr=head.get('thr'), topk=head.get('topk'))
        self.head.classes = self.classes
        self.head.rules = read_rules(head.get('rules'), classes)

    def train(self, mode: bool = True) -> MultiNetworkClassifier:
        """Set the mode.

        Args:
            mode (bool): Training, or evaluation.

        Returns:
            MultiNetworkClassifier: This module.

        Raises:
            ValueError: If a layer normalises over all processes. A process
                without an image of a class would keep the others waiting.
        """
        layers = self.modules() if mode else ()
        if any(isinstance(layer, nn.SyncBatchNorm) for layer in layers):
            raise ValueError(
                'sync_bn: MultiNetworkClassifier trains a network on the '
                'images of its class, and a process may have none; expected '
                'no sync_bn'
            )
        super().train(mode)
        return self

    # The host's three modes call the methods below and the joined head.
    forward = ImageClassifier.forward
    predict = ImageClassifier.predict

    def extract_feat(self, inputs: Tensor) -> tuple[Tensor]:
        """Return the answers of all networks, which the joined head reads.

        Args:
            inputs (Tensor): (N, 3, H, W).

        Returns:
            tuple[Tensor]: Logits, (N, C).
        """
        return (torch.cat([net(inputs) for net in self.networks], dim=1),)

    def loss(
        self, inputs: Tensor, data_samples: list[DataSample]
    ) -> dict[str, Tensor]:
        """Add up the losses of the networks.

        Args:
            inputs (Tensor): (N, 3, H, W), or (2N, 3, H, W) with two views.
            data_samples (list[DataSample]): N samples.

        Returns:
            dict[str, Tensor]: The terms of the loss, each summed over the
            networks, and ``annotated_fraction``.
        """
        target = stack_targets(data_samples, self.num_classes)
        target = target.to(inputs.device)
        views = split_views(inputs, len(target))
        total: dict[str, Tensor] = {}
        for network, label in zip(self.networks, target.T, strict=True):
            losses = _network_loss(network, views, label)
            for key, value in losses.items():
                total[key] = total[key] + value if key in total else value
        annotated = ~target.isnan()
        return {**total, 'annotated_fraction': annotated.float().mean()}

    def rearrange(
        self, state_dict: dict, prefix: str, stored: tuple[str, ...]
    ) -> None:
        """Move the networks of the shared classes; see the base class."""
        start = f'{prefix}networks.'
        given: dict[str, dict] = {}  # number of a network -> its weights
        for key in [key for key in state_dict if key.startswith(start)]:
            number, name = key[len(start) :].split('.', 1)
            given.setdefault(number, {})[name] = state_dict.pop(key)
        old, new = (indices.tolist() for indices in self.match_classes(stored))
        source = dict(zip(new, old, strict=True))
        for number, network in enumerate(self.networks):
            weights = network.state_dict()
            if number in source:
                weights = given[str(source[number])]
            for name, value in weights.items():
                state_dict[f'{start}{number}.{name}'] = value


class _JoinedHead(ConsistentHead):
    """Join the logits of the networks to one prediction; learns nothing."""

    classes: tuple[str, ...] | None


def _network_loss(
    network: nn.Module, views: Sequence[Tensor | None], label: Tensor
) -> dict[str, Tensor]:
    """Return the losses of one network over the images of its class.

    ``views`` are (N, 3, H, W) each, ``label`` is (N,).
    """
    rows = (~label.isnan()).nonzero().flatten()
    # The loss counts entries over all ranks, so a rank without images still
    # takes part: it runs one dummy image with weight 0.
    weight = float(len(rows) > 0)
    rows = rows if weight else rows.new_zeros(1)
    samples = [DataSample().set_gt_score(score) for score in label[rows, None]]
    # A single image has no batch statistics: the running ones are used.
    training = network.training
    network.train(training and len(rows) > 1)
    inputs = torch.cat([view[rows] for view in views if view is not None])
    losses = network(inputs, samples, mode='loss')
    network.train(training)
    terms = {k: weight * v for k, v in losses.items() if 'loss' in k}
    return _without_graph(terms, network)


def _without_graph(
    losses: dict[str, Tensor], network: nn.Module
) -> dict[str, Tensor]:
    """Return losses of the same gradients that keep no activations alive."""
    trained = [p for p in network.parameters() if p.requires_grad]
    total = torch.stack(list(losses.values())).sum()
    gradients = torch.autograd.grad(total, trained, allow_unused=True)
    # The carrier is 0. Its derivative by each weight is the weight's gradient.
    carrier = total.new_zeros(())
    for weight, gradient in zip(trained, gradients, strict=True):
        if gradient is not None:
            product = (weight * gradient).sum()
            carrier = carrier + product - product.detach()
    detached = {key: value.detach() for key, value in losses.items()}
    first = next(iter(detached))
    return {**detached, first: detached[first] + carrier}
