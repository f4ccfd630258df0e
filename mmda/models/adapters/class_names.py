"""Class names as a tensor, so that a checkpoint says what its rows mean."""

from __future__ import annotations

import json
from collections.abc import Sequence

import torch
from torch import Tensor


def encode_names(classes: Sequence[str] | None) -> Tensor:
    """Write class names into a tensor (JSON in UTF-8).

    Args:
        classes (Sequence[str], optional): Names; None for "not known".

    Returns:
        Tensor: uint8, one-dimensional; empty where ``classes`` is None.

    Examples:
        >>> decode_names(encode_names(['Edema', 'Mass']))
        ('Edema', 'Mass')
    """
    text = '' if classes is None else json.dumps(list(classes))
    return torch.tensor(list(text.encode()), dtype=torch.uint8)


def decode_names(names: Tensor) -> tuple[str, ...]:
    """Read class names back from a tensor.

    Args:
        names (Tensor): What :func:`encode_names` gave.

    Returns:
        tuple[str, ...]: The names; empty where none were known.
    """
    text = bytes(names.cpu().tolist()).decode()
    return tuple(json.loads(text)) if text else ()
