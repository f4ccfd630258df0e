"""Leave the running statistics of normalisation layers alone for a while."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn
from torch.nn.modules.batchnorm import _NormBase

# Flags of the hosts' backbones that run a forward pass again in backward.
CHECKPOINT_FLAGS = ('with_cp', 'memory_efficient', 'use_checkpoint')


@contextmanager
def frozen_running_stats(*modules: nn.Module | None) -> Iterator[None]:
    """Normalise by the batch, but do not update running statistics.

    Layers in evaluation mode stay as they are.

    Args:
        *modules (Module | None): Modules. Their normalisation layers keep
            their running statistics.

    Raises:
        ValueError: If an activation checkpoint would update the statistics
            later on, in the backward pass.

    Examples:
        >>> import torch
        >>> layer = nn.BatchNorm1d(2)
        >>> with frozen_running_stats(layer):
        ...     _ = layer(torch.rand(4, 2) + 5)
        >>> layer.running_mean
        tensor([0., 0.])
    """
    parts = [
        p for module in modules if module is not None for p in module.modules()
    ]
    layers = [
        part
        for part in parts
        if isinstance(part, _NormBase)
        and part.training
        and part.track_running_stats
    ]
    for part in parts if layers else ():
        for flag in CHECKPOINT_FLAGS:
            if getattr(part, flag, False):
                raise ValueError(
                    f'{type(part).__name__} has {flag}=True: its forward '
                    'runs again in the backward pass and would put the '
                    'strong views into the running statistics. Expected '
                    f'{flag}=False, norm_eval=True, or one view'
                )
    for layer in layers:
        layer.track_running_stats = False
    try:
        yield
    finally:
        for layer in layers:
            layer.track_running_stats = True
