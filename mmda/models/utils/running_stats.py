"""Leave the running statistics of normalisation layers alone for a while."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase

from mmda.structures import is_compiling

STATISTICS = ('running_mean', 'running_var', 'num_batches_tracked')


@contextmanager
def frozen_running_stats(*modules: nn.Module | None) -> Iterator[None]:
    """Normalise by the batch, but do not update running statistics.

    Meanwhile the layers update copies, which are then dropped. Layers in
    evaluation mode stay as they are.

    An activation checkpoint runs the forward pass again in the backward pass,
    when this block has ended. So the layers get hooks: from then on, a forward
    pass within a backward pass updates copies too. Each batch of weak views
    then enters the running statistics once, and no strong view does.

    Args:
        *modules (Module | None): Modules. Their normalisation layers keep
            their running statistics.

    Examples:
        >>> layer = nn.BatchNorm1d(2)
        >>> with frozen_running_stats(layer):
        ...     _ = layer(torch.rand(4, 2) + 5)
        >>> layer.running_mean
        tensor([0., 0.])
    """
    layers = [
        part
        for module in modules
        if module is not None
        for part in module.modules()
        if isinstance(part, _NormBase)
        and part.training
        and part.track_running_stats
    ]
    # A compiled graph updates statistics once, whatever it computes again.
    for layer in [] if is_compiling() else layers:
        _freeze_in_backward(layer)
    own = [_take_copies(layer) for layer in layers]
    try:
        yield
    finally:
        for layer, statistics in zip(layers, own, strict=True):
            _put_back(layer, statistics)


def _take_copies(layer: nn.Module) -> dict[str, Tensor]:
    """Give a layer other statistics to update; return its own.

    The values do not matter: a layer in training mode does not read them. So
    no kernel fills them. A layer without a momentum reads its count. To switch
    `track_running_stats` off would not do. The layer would then save other
    tensors for backward than the weak pass, which has statistics, and torch
    refuses an activation checkpoint that saves other tensors.
    """
    own = {name: getattr(layer, name) for name in STATISTICS}
    for name, statistic in own.items():
        counts = name == 'num_batches_tracked'
        make = torch.zeros_like if counts else torch.empty_like
        setattr(layer, name, make(statistic))
    return own


def _put_back(layer: nn.Module, own: dict[str, Tensor]) -> None:
    for name, statistic in own.items():
        setattr(layer, name, statistic)


def _freeze_in_backward(layer: Any) -> None:
    """Let a layer keep its statistics in each forward pass of a backward."""
    if not hasattr(layer, 'own_statistics'):
        layer.own_statistics = []
        layer.register_forward_pre_hook(_before_forward)
        # A checkpoint may stop its forward pass in the middle of a layer.
        layer.register_forward_hook(_after_forward, always_call=True)


def _before_forward(layer: Any, inputs: Any) -> None:
    # torch has no public name for it: -1 means that no backward pass runs.
    if layer.training and torch._C._current_graph_task_id() != -1:
        layer.own_statistics.append(_take_copies(layer))


def _after_forward(layer: Any, inputs: Any, output: Any) -> None:
    if layer.own_statistics:
        _put_back(layer, layer.own_statistics.pop())
