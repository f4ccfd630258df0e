"""Sums of the loss terms over pixels, without a target of full resolution."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

from mmda.structures import PixelTarget

from .sharpen import is_confident, sharpen

# Entries of one view that are worked on at a time: enough to keep a device
# busy, few enough not to count beside the logits of one large image.
STRIP_ENTRIES = 2**20


class PixelSums(NamedTuple):
    """Sums over the pixels of each image and class, all (N, C).

    Args:
        bce (Tensor): Cross-entropy of known entries, weak view.
        strong_bce (Tensor): The same of the strong view; 0 where it was not
            asked for.
        pseudo (Tensor): Squared distance of the weak view's answer from its
            pseudo-label, over unknown entries.
        consist (Tensor): The same of the strong view's answer.
        answer (Tensor): Weak view's answers to unknown entries, no graph.
        above (Tensor): How many of these exceed tau, no graph.
    """

    bce: Tensor
    strong_bce: Tensor
    pseudo: Tensor
    consist: Tensor
    answer: Tensor
    above: Tensor


def pixel_sums(
    cls_score: Tensor,
    target: PixelTarget,
    tau: float = 0.5,
    temperature: float = 4.0,
    confidence: float = 0.5,
    detach_pseudo: bool = True,
    supervise_strong: bool = False,
    strip_entries: int = STRIP_ENTRIES,
) -> PixelSums:
    """Add up the terms of the loss, strip by strip of image rows.

    The backward pass computes each strip again, so that beside the logits
    only their gradient is held in full.

    Args:
        cls_score (Tensor): Logits, (N, C, H, W), or (2N, C, H, W) with two
            views, ``[weak; strong]``.
        target (PixelTarget): Of N images.
        tau (float): See :func:`sharpen`.
        temperature (float): See :func:`sharpen`.
        confidence (float): See :func:`is_confident`; the others add 0.
        detach_pseudo (bool): Whether no gradient passes through the
            pseudo-label. Defaults to True.
        supervise_strong (bool): Whether ``strong_bce`` is wanted. Defaults to
            False.
        strip_entries (int): Entries of a view worked on at a time.

    Returns:
        PixelSums: In float32, or float64 for logits in float64.

    Examples:
        >>> target = PixelTarget(torch.tensor([[[0, 255]]]),
        ...                      *torch.ones(2, 1, 1, dtype=torch.bool))
        >>> pixel_sums(torch.zeros(1, 1, 1, 2), target).bce
        tensor([[0.6931]])
    """
    differentiable, watched = _StripSums.apply(
        cls_score,
        target,
        (tau, temperature, confidence, detach_pseudo, supervise_strong),
        strip_entries,
    )
    return PixelSums(*differentiable, *watched)


class _StripSums(torch.autograd.Function):
    """Terms (4, N, C) and what is watched (2, N, C); see above."""

    @staticmethod
    def forward(
        ctx: Any,
        cls_score: Tensor,
        target: PixelTarget,
        options: tuple[float, float, float, bool, bool],
        strip_entries: int,
    ) -> tuple[Tensor, Tensor]:
        ctx.save_for_backward(
            cls_score,
            target.label,
            target.known_on_class,
            target.known_elsewhere,
        )
        ctx.options = options
        ctx.strip_entries = strip_entries
        terms, watched = [], []
        for weak, strong, part, _ in _strips(cls_score, target, strip_entries):
            sums = _sum_strip(weak, strong, part, *ctx.options)
            terms.append(torch.stack(sums[:4]))
            watched.append(torch.stack(sums[4:]))
        total = torch.stack(watched).sum(0)
        ctx.mark_non_differentiable(total)
        return torch.stack(terms).sum(0), total

    @staticmethod
    @once_differentiable
    def backward(
        ctx: Any, grad_terms: Tensor, _: Tensor
    ) -> tuple[Tensor | None, ...]:
        cls_score, *fields = ctx.saved_tensors
        target = PixelTarget(*fields)
        num = len(target.label)
        grad = torch.empty_like(cls_score)
        for weak, strong, part, rows in _strips(
            cls_score, target, ctx.strip_entries
        ):
            with torch.enable_grad():
                weak = weak.detach().requires_grad_()
                views = [weak]
                if strong is not None:
                    strong = strong.detach().requires_grad_()
                    views.append(strong)
                sums = _sum_strip(weak, strong, part, *ctx.options)
                wanted = (torch.stack(sums[:4]) * grad_terms).sum()
            parts = torch.autograd.grad(wanted, views)
            grad[:num, :, rows] = parts[0]
            if strong is not None:
                grad[num:, :, rows] = parts[1]
        return grad, None, None, None


def _strips(
    cls_score: Tensor, target: PixelTarget, strip_entries: int
) -> Iterator[tuple[Tensor, Tensor | None, PixelTarget, slice]]:
    """Yield both views' logits and the target, some rows at a time."""
    num, height, width = target.label.shape
    per_row = max(1, num * cls_score.shape[1] * width)
    step = max(1, strip_entries // per_row)
    for start in range(0, height, step):
        rows = slice(start, min(start + step, height))
        part = cls_score[:, :, rows]
        if part.dtype in (torch.float16, torch.bfloat16):
            part = part.float()
        strong = part[num:] if len(part) > num else None
        yield part[:num], strong, target.rows(rows.start, rows.stop), rows


def _sum_strip(
    weak: Tensor,
    strong: Tensor | None,
    target: PixelTarget,
    tau: float,
    temperature: float,
    confidence: float,
    detach_pseudo: bool,
    supervise_strong: bool,
) -> list[Tensor]:
    """Return the fields of :class:`PixelSums` for a strip, each (N, C)."""
    known, positive = target.known(), target.positive()

    def bce(logits: Tensor) -> Tensor:
        # With a hard label: softplus(z) - z where the label is.
        entropy = F.softplus(logits) - torch.where(positive, logits, 0.0)
        return torch.where(known, entropy, 0.0)

    answer = weak.sigmoid()
    sums = [bce(weak)]
    if strong is None:
        sums += [torch.zeros_like(answer)] * 3
    else:
        wanted = supervise_strong
        sums.append(bce(strong) if wanted else torch.zeros_like(answer))
        pseudo = sharpen(answer, tau, temperature)
        if detach_pseudo:
            pseudo = pseudo.detach()
        left_out = known
        if confidence > 0.5:
            left_out = known | ~is_confident(answer, confidence)
        for view in (answer, strong.sigmoid()):
            sums.append(torch.where(left_out, 0.0, (view - pseudo) ** 2))
    open_answer = torch.where(known, 0.0, answer.detach())
    # tau >= 0, so the 0 of a known entry is never above it.
    sums += [open_answer, (open_answer > tau).to(answer.dtype)]
    return [values.sum(dim=(2, 3)) for values in sums]
