"""Answers and loss where exactly one class holds in an image or pixel."""

from __future__ import annotations

import torch
from torch import Tensor


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


def marginal_nll(logits: Tensor, label: Tensor, known: Tensor) -> Tensor:
    r"""Return the negative log-likelihood of what is known about the class.

    .. math::
        -\sum_{k \in K} y_k \log p_k
        - (1 - \sum_{k \in K} y_k) \log \sum_{u \in U} p_u

    p is the softmax of the logits. K are the annotated classes and U the
    others. Where an annotated class is positive, this is the cross entropy of
    that class. Where all annotated classes are negative, the class is one of
    U, so the probabilities of U are added up.

    Source: the marginal loss of Shi et al., "Marginal loss and exclusion loss
    for partially supervised multi-organ segmentation", Medical Image Analysis
    70 (2021).

    Args:
        logits (Tensor): (N, C, ...).
        label (Tensor): y, (N, C, ...), in [0, 1], any number where unknown.
        known (Tensor): bool (N, C, ...), whether an entry is annotated.

    Returns:
        Tensor: (N, ...), at least 0; 0 where nothing is annotated. Where all
        classes are annotated, the second term is 0.

    Examples:
        >>> label = torch.tensor([[0., 0., 0.], [1., 0., 0.]])
        >>> known = torch.tensor([[True, False, False]] * 2)
        >>> marginal_nll(torch.zeros(2, 3), label, known).exp()
        tensor([1.5000, 3.0000])
    """
    log_p = logits.log_softmax(dim=1)
    least = torch.finfo(logits.dtype).min
    of_unknown = log_p.masked_fill(known, least).logsumexp(dim=1)
    of_unknown = of_unknown.masked_fill(known.all(dim=1), 0)
    label = label * known
    left = (1 - label.sum(dim=1)).clamp(0, 1)
    return -(label * log_p).sum(dim=1) - left * of_unknown
