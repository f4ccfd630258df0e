"""Start a head with an adapter from the weights of a stock one."""

from __future__ import annotations

import logging
from typing import Any

import torch
from mmengine.logging import print_log
from torch import Tensor

from ..adapters import DynamicAdapter

INNER = 'head.'
ADAPTER = 'head.conv_seg.'


@torch.no_grad()
def take_stock_weights(
    state_dict: dict[str, Any], prefix: str, adapter: DynamicAdapter
) -> None:
    """Rewrite the entries of a stock decode head for the one around it.

    The stock ``conv_seg`` becomes the adapter's kernel, with the identity as
    task encoding, so that the answers are those of the stock head. Its rows
    have no names: as in the host, they count by position, and another number
    of them leaves the adapter at its start. A checkpoint of mmda is left as
    it is.

    Args:
        state_dict (dict[str, Tensor]): Of a whole model; changed in place.
        prefix (str): Of the head's entries, such as ``'decode_head.'``.
        adapter (DynamicAdapter): That of the head.
    """
    own = [key for key in state_dict if key.startswith(prefix)]
    if not own or any(key.startswith(prefix + INNER) for key in own):
        return
    for key in own:
        state_dict[prefix + INNER + key[len(prefix) :]] = state_dict.pop(key)
    weight = state_dict.pop(prefix + ADAPTER + 'weight', None)
    bias = state_dict.pop(prefix + ADAPTER + 'bias', None)
    if weight is None:
        return
    entries = dict(adapter.state_dict())
    shape = (adapter.num_classes, adapter.in_channels)
    where = f'the stock {prefix}conv_seg of the checkpoint'
    if tuple(weight.shape[:2]) == shape:
        entries.update(_unfold(weight, bias))
        text, level = 'its rows are taken by position', logging.INFO
    else:
        text = f'expected {shape}, so the adapter starts anew'
        level = logging.WARNING
    print_log(
        f'{where} has the shape {tuple(weight.shape[:2])}: {text}',
        logger='current',
        level=level,
    )
    for key, value in entries.items():
        state_dict[prefix + ADAPTER + key] = value


def _unfold(weight: Tensor, bias: Tensor | None) -> dict[str, Tensor]:
    """Return the adapter that folds into this 1x1 convolution."""
    entries = dict(
        # (n, m, 1, 1) -> (m, n, 1, 1)
        kernel=weight.transpose(0, 1).contiguous(),
        task_encoding=torch.eye(len(weight), dtype=weight.dtype),
    )
    return entries if bias is None else {**entries, 'bias': bias}
