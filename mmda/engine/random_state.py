"""Read and set the state of all random numbers of a process."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import torch
from mmengine.device import get_device
from torch import nn


def get_random_state(model: nn.Module) -> dict[str, Any]:
    """Read the state of Python, NumPy, torch, the device and a model.

    Args:
        model (Module): Modules may keep a ``torch.Generator`` of their own.

    Returns:
        dict[str, Any]: Tensors on the CPU, numbers and lists, so that
        ``torch.load`` reads it with ``weights_only=True``.
    """
    version, words, gauss = random.getstate()
    state: Any = np.random.get_state()
    name, keys, position, has_gauss, cached = state
    device = _device_module()
    return dict(
        python=[version, torch.tensor(words), gauss],
        numpy=[
            str(name),
            torch.from_numpy(keys.astype(np.int64)),
            int(position),
            int(has_gauss),
            float(cached),
        ],
        torch=torch.get_rng_state(),
        device=None if device is None else device.get_rng_state().cpu(),
        model=[generator.get_state().cpu() for generator in _own(model)],
    )


def set_random_state(state: dict[str, Any], model: nn.Module) -> None:
    """Set what :func:`get_random_state` has read.

    Args:
        state (dict[str, Any]): Its answer. The tensors may be on any device.
        model (Module): A model of the same config.
    """
    version, words, gauss = state['python']
    random.setstate((version, tuple(words.tolist()), gauss))
    name, keys, *rest = state['numpy']
    np.random.set_state((name, keys.cpu().numpy().astype(np.uint32), *rest))
    torch.set_rng_state(state['torch'].cpu())
    device = _device_module()
    if device is not None and state['device'] is not None:
        device.set_rng_state(state['device'].cpu())
    for generator, own in zip(_own(model), state['model'], strict=True):
        generator.set_state(own.cpu())


def seed_rank(seed: int, rank: int, model: nn.Module) -> None:
    """Give a process random numbers of its own.

    The runner seeds all processes alike. Each would then draw the same strong
    views and the same questions for its images.

    Args:
        seed (int): Seed of the training, at least 0.
        rank (int): Rank of this process. Rank 0 goes on as it is.
        model (Module): Modules may keep a ``torch.Generator`` of their own.
    """
    if rank == 0:
        return
    first, *others = np.random.SeedSequence((seed, rank)).generate_state(2)
    random.seed(int(first))
    np.random.seed(first)
    torch.manual_seed(int(others[0]))
    for generator in _own(model):
        generator.manual_seed(generator.initial_seed() + rank)


def _device_module() -> Any:
    """Return such as ``torch.cuda``, which knows the device of the process."""
    module = getattr(torch, get_device(), None)
    return module if hasattr(module, 'get_rng_state') else None


def _own(model: nn.Module) -> list[torch.Generator]:
    return [
        value
        for module in model.modules()
        for value in vars(module).values()
        if isinstance(value, torch.Generator)
    ]
