"""Leave the running statistics of normalisation layers alone for a while."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn
from torch.nn.modules.batchnorm import _NormBase


@contextmanager
def frozen_running_stats(*modules: nn.Module | None) -> Iterator[None]:
    """Normalise by the batch, but do not update running statistics.

    Layers in evaluation mode are left as they are.

    Args:
        *modules (Module | None): Modules to search for normalisation layers.

    Raises:
        ValueError: If a layer would update its statistics later on, in the
            backward pass of an activation checkpoint.

    Examples:
        >>> import torch
        >>> layer = nn.BatchNorm1d(2)
        >>> with frozen_running_stats(layer):
        ...     _ = layer(torch.rand(4, 2) + 5)
        >>> layer.running_mean
        tensor([0., 0.])
    """
    layers = [
        layer
        for module in modules
        if module is not None
        for layer in module.modules()
        if isinstance(layer, _NormBase)
        and layer.training
        and layer.track_running_stats
    ]
    if layers:
        _check_no_second_forward(modules)
    for layer in layers:
        layer.track_running_stats = False
    try:
        yield
    finally:
        for layer in layers:
            layer.track_running_stats = True


def _check_no_second_forward(modules: tuple[nn.Module | None, ...]) -> None:
    for module in modules:
        for part in () if module is None else module.modules():
            for flag in ('with_cp', 'memory_efficient', 'use_checkpoint'):
                if getattr(part, flag, False):
                    raise ValueError(
                        f'{type(part).__name__} has {flag}=True: its forward '
                        'runs again in the backward pass and would put the '
                        'strong views into the running statistics. Expected '
                        f'{flag}=False, norm_eval=True, or one view'
                    )
