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

    The backward pass takes the strips again, so that beside the logits only
    their gradient is held in full.

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
            views = _strip_gradients(
                weak, strong, part, grad_terms[..., None, None], *ctx.options
            )
            grad[:num, :, rows] = views[0]
            if strong is not None:
                grad[num:, :, rows] = views[1]
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
        return torch.where(known, entropy, 0.0).sum(dim=(2, 3))

    answer = weak.sigmoid()
    sums = [bce(weak)]
    nothing = torch.zeros_like(sums[0])
    if strong is None:
        sums += [nothing] * 3
    else:
        sums.append(bce(strong) if supervise_strong else nothing)
        pseudo = sharpen(answer, tau, temperature)
        left_out = _left_out(answer, known, confidence)
        for view in (answer, strong.sigmoid()):
            square = (view - pseudo).square_().masked_fill_(left_out, 0.0)
            sums.append(square.sum(dim=(2, 3)))
    open_answer = answer.masked_fill_(known, 0.0)
    # tau >= 0, so the 0 of a known entry is never above it.
    watched = [open_answer, (open_answer > tau).to(answer.dtype)]
    return sums + [values.sum(dim=(2, 3)) for values in watched]


def _strip_gradients(
    weak: Tensor,
    strong: Tensor | None,
    target: PixelTarget,
    grad_terms: Tensor,
    tau: float,
    temperature: float,
    confidence: float,
    detach_pseudo: bool,
    supervise_strong: bool,
) -> list[Tensor]:
    """Return the gradient of each view's logits in a strip.

    ``grad_terms`` are those of the first four sums, (4, N, C, 1, 1).
    """
    by_bce, by_strong_bce, by_pseudo, by_consist = grad_terms
    known, positive = target.known(), target.positive()

    def known_part(answer: Tensor, factor: Tensor) -> Tensor:
        # d/dz of softplus(z) - z where the label is.
        return torch.where(positive, answer - 1, answer).mul_(factor)

    answer = weak.sigmoid()
    of_weak = known_part(answer, by_bce)
    if strong is None:
        return [of_weak.masked_fill_(~known, 0.0)]
    strong_answer = strong.sigmoid()
    pseudo = sharpen(answer, tau, temperature)
    left_out = _left_out(answer, known, confidence)
    # d/da of the squares, then da/dz = a (1 - a).
    weak_gap = (answer - pseudo).mul_(2 * by_pseudo)
    strong_gap = (strong_answer - pseudo).mul_(2 * by_consist)
    if not detach_pseudo:
        slope = 1 - 1 / temperature  # of the pseudo-label
        weak_gap = weak_gap * (1 - slope) - strong_gap * slope
    views = []
    for view, gap in ((answer, weak_gap), (strong_answer, strong_gap)):
        gap.mul_(view).mul_(1 - view)
        views.append(gap.masked_fill_(left_out, 0.0))
    views[0] = torch.where(known, of_weak, views[0])
    if supervise_strong:
        of_strong = known_part(strong_answer, by_strong_bce)
        views[1] = torch.where(known, of_strong, views[1])
    return views


def _left_out(answer: Tensor, known: Tensor, confidence: float) -> Tensor:
    """Return which entries add nothing to the unsupervised terms."""
    if confidence > 0.5:
        return known | ~is_confident(answer, confidence)
    return known
