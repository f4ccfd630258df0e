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


def given_exactly_one(logits: Tensor, label: Tensor, known: Tensor) -> Tensor:
    r"""Return the answers, given that exactly one class holds.

    .. math::
        p_c = (1 - \sum_{k \in K} y_k) \,
        \frac{e^{z_c}}{\sum_{u \in U} e^{z_u}}

    K are the annotated classes and U the others. The formula takes the
    classes for independent events with the log-odds z. It conditions them on
    the event that one class of U holds and the rest of U does not. Where an
    annotated class is positive, nothing is left for the others.

    Args:
        logits (Tensor): z, (N, C, ...).
        label (Tensor): y, (N, C, ...), in [0, 1], any number where unknown.
        known (Tensor): bool (N, C, ...), whether an entry is annotated.

    Returns:
        Tensor: Probabilities, (N, C, ...); 0 where annotated.

    Examples:
        >>> logits = torch.tensor([[5., 0., 0.], [5., 0., 0.]])
        >>> label = torch.tensor([[0., 0., 0.], [1., 0., 0.]])
        >>> known = torch.tensor([[True, False, False]] * 2)
        >>> given_exactly_one(logits, label, known)
        tensor([[0.0000, 0.5000, 0.5000],
                [0.0000, 0.0000, 0.0000]])
    """
    left = 1 - (label * known).sum(dim=1, keepdim=True)
    among = logits.masked_fill(known, torch.finfo(logits.dtype).min)
    return (left.clamp(0, 1) * among.softmax(dim=1)).masked_fill(known, 0)
