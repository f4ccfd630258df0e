"""How far a training has come, for losses that are ramped up."""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature

import torch
from mmengine.logging import MessageHub
from torch import Tensor

from mmda.structures import is_compiling


def training_progress() -> float:
    """Return the part of a training that is done.

    Returns:
        float: From 0 to 1, as the runner tells it. 1 outside of a training.
    """
    hub = MessageHub.get_current_instance()
    iteration, total = hub.get_info('iter'), hub.get_info('max_iters')
    if iteration is None or not total:
        return 1.0
    return min(1.0, iteration / total)


def ramp_factor(ramp_up: float, device: torch.device) -> float | Tensor:
    """Return the weight of a term that grows from 0 to 1.

    Args:
        ramp_up (float): Part of the training over which the weight grows, in
            [0, 1]. With 0 there is no ramp-up.
        device (torch.device): Where the terms are.

    Returns:
        float | Tensor: In [0, 1]. A compiled graph gets a scalar tensor, for
        which it asks in each iteration.
    """
    if ramp_up == 0:
        return 1.0
    if _OPERATOR is not None and is_compiling():
        return (_OPERATOR().to(device) / ramp_up).clamp(max=1)
    return min(1.0, training_progress() / ramp_up)


def _make_operator() -> Callable[[], Tensor] | None:
    """Hide the runner from ``torch.compile``.

    It cannot trace the lock of the message hub. If it could, it would take
    the iteration for a constant, and compile anew in each iteration.
    """
    make = getattr(torch.library, 'custom_op', None)  # since torch 2.4
    if make is None or 'tags' not in signature(make).parameters:
        return None

    # The tag tells that two calls may differ, as those of a random number.
    @make(
        'mmda::training_progress',
        mutates_args=(),
        schema='() -> Tensor',
        tags=(torch.Tag.nondeterministic_seeded,),
    )
    def operator() -> Tensor:
        return torch.tensor(training_progress())

    operator.register_fake(lambda: torch.empty(()))
    return operator


_OPERATOR = _make_operator()
