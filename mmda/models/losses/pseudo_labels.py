"""From an answer to a pseudo-label."""

from __future__ import annotations

import torch
from torch import Tensor


def sharpen(
    answer: Tensor, tau: float = 0.5, temperature: float = 4.0
) -> Tensor:
    r"""Move an answer towards the label that it leans to.

    .. math::
        \tilde a = a + (1 - a) / t \text{ if } a > \tau \text{ else } a - a / t

    Source: [0] Data-Assemble, eq. (3). With t = inf the answer stays as it is
    (no pseudo-labelling); with t = 1 the label is hard.

    Args:
        answer (Tensor): Probabilities in [0, 1], any shape.
        tau (float): Threshold, in [0, 1]. Defaults to 0.5.
        temperature (float): t, at least 1, may be inf. Defaults to 4.0.

    Returns:
        Tensor: Pseudo-labels in [0, 1], of the same shape.

    Examples:
        >>> sharpen(torch.tensor([0.2, 0.5, 0.8]))
        tensor([0.1500, 0.3750, 0.8500])
    """
    # a + (1 - a) / t and a - a / t, both as a + (label - a) / t
    label = (answer > tau).to(answer.dtype)
    return torch.lerp(answer, label, 1 / temperature)


def is_confident(answer: Tensor, confidence: float) -> Tensor:
    """Tell which answers are sure enough to label an image.

    Source: FixMatch, with the two sides of a yes-no question as classes.

    Args:
        answer (Tensor): Probabilities in [0, 1], any shape.
        confidence (float): Least probability of the likelier side, in
            [0.5, 1].

    Returns:
        Tensor: bool, of the same shape.

    Examples:
        >>> is_confident(torch.tensor([0.02, 0.6, 0.97]), 0.95)
        tensor([ True, False,  True])
    """
    return torch.maximum(answer, 1 - answer) >= confidence
