"""One model per task: as many networks as classes, trained side by side."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import torch
from mmengine.registry import MODELS
from mmpretrain.models.classifiers.base import BaseClassifier
from mmpretrain.structures import DataSample
from torch import Tensor, nn

from ..adapters import NamedClasses
from ..classifiers import DualViewImageClassifier
from ..heads import PartialLabelClsHead, stack_targets


@MODELS.register_module()
class MultiNetworkClassifier(NamedClasses, BaseClassifier):
    """A binary network for each class, in one run.

    Each network has a backbone and a head of its own and trains only with the
    images of a batch that are annotated for its class. The networks share no
    weight, and what one of them learns is what it would learn from these
    batches alone. They do share learning rate schedule, early stopping and
    the choice of the best epoch, which follow the mean over the classes.

    Gradients are calculated network by network, so that a step needs the
    memory of the weights of all networks, but of the activations of one. (In
    half precision they are so without the loss scale of fp16; use bf16.)

    Args:
        backbone (dict): As in ``ImageClassifier``, for each network.
        head (dict): For each network; ``num_classes`` and ``classes`` are
            those of the joint label space.
        neck (dict, optional): As in ``ImageClassifier``, for each network.
        data_preprocessor (dict, optional): As in ``ImageClassifier``.
        init_cfg (dict, optional): As in ``BaseModule``.

    Raises:
        ValueError: If the head does not name its classes.
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
        classes = head.get('classes')
        if not classes:
            raise ValueError(
                'model.head.classes is missing: expected the names of the '
                'joint label space, one network is built for each'
            )
        self.name_classes(head.get('num_classes', len(classes)), classes)
        network = dict(
            backbone=backbone,
            neck=neck,
            head={**head, 'num_classes': 1, 'classes': None},
        )
        self.networks = nn.ModuleList(
            DualViewImageClassifier(**copy.deepcopy(network)) for _ in classes
        )
        self.head = _JoinedHead(
            classes, thr=head.get('thr'), topk=head.get('topk')
        )

    def forward(
        self,
        inputs: Tensor,
        data_samples: list[DataSample] | None = None,
        mode: str = 'tensor',
    ) -> Any:
        """Forward all networks; the interface of ``ImageClassifier``.

        Args:
            inputs (Tensor): (N, 3, H, W), or (2N, 3, H, W) with two views.
            data_samples (list[DataSample], optional): N samples.
            mode (str): 'tensor', 'predict' or 'loss'.

        Returns:
            Tensor | list[DataSample] | dict[str, Tensor]: Logits, (N, C); the
            samples with their predictions; or the losses.

        Raises:
            RuntimeError: If the mode is none of these.
        """
        if mode == 'loss':
            assert data_samples is not None
            return self.loss(inputs, data_samples)
        if mode == 'predict':
            return self.head.predict(self.extract_feat(inputs), data_samples)
        if mode == 'tensor':
            return self.head(self.extract_feat(inputs))
        raise RuntimeError(f'Invalid mode "{mode}".')

    def extract_feat(self, inputs: Tensor) -> tuple[Tensor]:
        """Return what the joined head reads: the answers of all networks.

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
            dict[str, Tensor]: The terms of the loss, each the sum over the
            networks, and ``annotated_fraction``.
        """
        target = stack_targets(data_samples, self.num_classes)
        target = target.to(inputs.device)
        views = inputs.split(len(target))
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
        """Move the networks of the shared classes to their places here.

        Args:
            state_dict (dict): Of networks of the classes ``stored``.
            prefix (str): What precedes this module's entries.
            stored (tuple[str, ...]): Other classes than this module's.
        """
        start = f'{prefix}networks.'
        given = {
            key: state_dict.pop(key)
            for key in list(state_dict)
            if key.startswith(start)
        }
        old, new = (indices.tolist() for indices in self.match_classes(stored))
        for key, value in self.networks.state_dict().items():
            index, name = key.split('.', 1)
            if int(index) in new:
                source = old[new.index(int(index))]
                value = given[f'{start}{source}.{name}']
            state_dict[start + key] = value


class _JoinedHead(PartialLabelClsHead):
    """Joins the networks' logits to one prediction; learns nothing."""

    def __init__(self, classes: Sequence[str], **kwargs: Any) -> None:
        super().__init__(len(classes), **kwargs)
        self.classes = tuple(classes)


def _network_loss(
    network: nn.Module, views: Sequence[Tensor], label: Tensor
) -> dict[str, Tensor]:
    """Return one network's losses over the images annotated for its class.

    ``views`` are (N, 3, H, W) each, ``label`` is (N,).
    """
    rows = (~label.isnan()).nonzero().flatten()
    # The loss counts entries over all ranks: one without an image takes part,
    # with an image whose loss then weighs nothing.
    weight = float(len(rows) > 0)
    rows = rows if weight else rows.new_zeros(1)
    samples = [DataSample().set_gt_score(score) for score in label[rows, None]]
    # A single image has no batch statistics: the running ones are used.
    training = network.training
    network.train(training and len(rows) > 1)
    inputs = torch.cat([view[rows] for view in views])
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
    # Its value is 0, its derivative by each weight the one just calculated.
    carrier = total.new_zeros(())
    for weight, gradient in zip(trained, gradients, strict=True):
        if gradient is not None:
            product = (weight * gradient).sum()
            carrier = carrier + product - product.detach()
    detached = {key: value.detach() for key, value in losses.items()}
    first = next(iter(detached))
    return {**detached, first: detached[first] + carrier}
