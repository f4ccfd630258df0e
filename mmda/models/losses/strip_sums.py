"""Sums over pixels, strip by strip, so that little memory is used at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable


def strip_sums(
    function: Callable[[Tensor, slice], Sequence[Tensor]],
    scores: Tensor,
    rows_per_strip: int,
) -> tuple[Tensor, ...]:
    """Add up functions of image rows, and differentiate them strip by strip.

    The backward pass calls the function again for one strip at a time. So
    the memory beside ``scores`` and their gradient is that of one strip.

    Args:
        function (Callable): Takes the scores of a strip, (N, C, h, W), and
            the rows of the strip as a slice. Returns tensors of sums. Their
            shapes do not depend on h.
        scores (Tensor): (N, C, H, W).
        rows_per_strip (int): Image rows per strip, h, at least 1.

    Returns:
        tuple[Tensor, ...]: Each result, summed over all strips. It can be
        differentiated once.

    Examples:
        >>> def square(strip, rows):
        ...     return [strip.square().sum()]
        >>> scores = torch.ones(1, 1, 3, 2, requires_grad=True)
        >>> (total,) = strip_sums(square, scores, rows_per_strip=2)
        >>> total.backward()
        >>> total.item(), scores.grad.unique().tolist()
        (6.0, [2.0])
    """
    height = scores.shape[2]
    strips = [
        slice(start, min(start + rows_per_strip, height))
        for start in range(0, height, rows_per_strip)
    ]
    return _StripSums.apply(scores, function, strips)


class _StripSums(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        scores: Tensor,
        function: Callable[[Tensor, slice], Sequence[Tensor]],
        strips: list[slice],
    ) -> tuple[Tensor, ...]:
        ctx.save_for_backward(scores)
        ctx.function, ctx.strips = function, strips
        parts = [function(scores[:, :, rows], rows) for rows in strips]
        return tuple(
            torch.stack(part).sum(dim=0) for part in zip(*parts, strict=True)
        )

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grad_sums: Tensor) -> tuple[Tensor, None, None]:
        (scores,) = ctx.saved_tensors
        grad = torch.empty_like(scores)
        for rows in ctx.strips:
            strip = scores[:, :, rows].detach().requires_grad_()
            with torch.enable_grad():
                sums = ctx.function(strip, rows)
            (part,) = torch.autograd.grad(sums, strip, grad_sums)
            grad[:, :, rows] = part
        return grad, None, None
