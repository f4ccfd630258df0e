"""Pseudo-labels of each class as often as the class is where annotated."""

from __future__ import annotations

from typing import Any

import torch
from mmengine.dist import all_reduce
from torch import Tensor, nn


class ClassAlignment(nn.Module):
    r"""Running sums that align pseudo-labels with annotated entries.

    .. math::
        s_c = \log \frac{\sum_i e_{ic}}{\sum_i p_{ic}}

    :math:`p_{ic}` is the answer to the unannotated entry of class c at place
    i. :math:`e_{ic}` is the answer that the prevalences of the classes alone
    would give there. Add the shift s to the logits of the pseudo-labels.
    Without it, a class that is answered too rarely in a source that does not
    annotate it becomes rarer with each pseudo-label, until it is gone.

    Source: the distribution alignment of [1] D. Berthelot et al., ReMixMatch,
    ICLR 2020, section 3.1. There one distribution holds for all images. Here
    a source is aligned over the classes that it does not annotate.

    Args:
        momentum (float): Share of the old sums after a batch, in [0, 1).
            Defaults to 0.99.

    Examples:
        >>> alignment = ClassAlignment()
        >>> alignment.count(torch.tensor([1., 3.]), torch.tensor([8., 8.]))
        >>> alignment.prevalence().tolist()
        [0.125, 0.375]
        >>> alignment.compare(torch.tensor([2., 6.]), torch.tensor([4., 4.]))
        >>> alignment.shift().exp()
        tensor([0.5000, 1.5000])
    """

    #: Least share of a class, so that all logarithms are finite.
    eps = 1e-6
    sums: Tensor

    def __init__(self, momentum: float = 0.99) -> None:
        super().__init__()
        self.momentum = momentum
        # (4, C): positive, annotated, expected, answered. The first batch or
        # a checkpoint tells C.
        self.register_buffer('sums', None)

    def count(self, positive: Tensor, annotated: Tensor) -> None:
        """Add the annotated entries of a batch.

        Args:
            positive (Tensor): (C,), how many are positive.
            annotated (Tensor): (C,), how many there are.
        """
        self._add(slice(0, 2), positive, annotated)

    def compare(self, expected: Tensor, answered: Tensor) -> None:
        """Add the unannotated entries of a batch.

        Args:
            expected (Tensor): (C,), sums of e over the places of the batch.
            answered (Tensor): (C,), sums of p.
        """
        self._add(slice(2, 4), expected, answered)

    def prevalence(self) -> Tensor:
        """Return the share of the annotated entries that is positive.

        Returns:
            Tensor: (C,), in [0, 1]. A class without an annotated entry has 0,
            so its pseudo-labels stay near 0.
        """
        positive, annotated = self.sums[:2]
        return positive / annotated.clamp_min(self.eps)

    def shift(self) -> Tensor:
        """Return s, (C,)."""
        floor = self.eps * self.sums[2:].sum(dim=1, keepdim=True)
        expected, answered = self.sums[2:].maximum(floor.clamp_min(1e-12))
        return (expected / answered).log()

    def _add(self, rows: slice, *values: Tensor) -> None:
        batch = torch.stack(values).float()
        all_reduce(batch)
        if self.sums is None:
            self.sums = batch.new_zeros(4, batch.shape[1])
        self.sums[rows] = self.sums[rows].lerp(batch, 1 - self.momentum)

    def _load_from_state_dict(
        self, state_dict: dict, prefix: str, *args: Any, **kwargs: Any
    ) -> None:
        """Make room for the sums of a checkpoint, then load as usual."""
        saved = state_dict.get(f'{prefix}sums')
        if saved is not None:
            self.sums = torch.zeros_like(saved)
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)
