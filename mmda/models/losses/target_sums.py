"""Sums over the annotated entries of a target, for any loss."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from mmda.structures import PixelTarget, is_compiling, split_annotated

from .strip_sums import strip_sums

# Entries of one view in a strip of image rows: enough to keep a device busy,
# few enough not to count beside the logits of one large image.
STRIP_ENTRIES = 2**18


def count_known(target: Tensor | PixelTarget) -> Tensor:
    """Return how many entries are annotated.

    Args:
        target (Tensor | PixelTarget): (N, C, ...), NaN where not annotated.

    Returns:
        Tensor: int (N, C, 1, ...).
    """
    if isinstance(target, PixelTarget):
        return target.num_known()[..., None, None]
    known = (~target.isnan()).int()
    pixels = tuple(range(2, target.ndim))
    return known.sum(dim=pixels, keepdim=True) if pixels else known


def sum_over(
    function: Callable[[Tensor, Tensor, Tensor], list[Tensor]],
    cls_score: Tensor,
    target: Tensor | PixelTarget,
) -> Sequence[Tensor]:
    """Return sums over all entries; label maps go strip by strip.

    Args:
        function (Callable): Takes logits, labels and the mask of annotated
            entries. Returns tensors of sums.
        cls_score (Tensor): Logits, (N, C, ...) or (2N, C, ...).
        target (Tensor | PixelTarget): (N, C, ...), NaN where not annotated.

    Returns:
        Sequence[Tensor]: The sums.
    """
    if not isinstance(target, PixelTarget):
        return function(cls_score, *split_annotated(target))
    if is_compiling():
        # A graph fuses what strips save, and cannot trace their backward.
        return function(cls_score, target.positive(), target.known())

    def sum_rows(strip: Tensor, rows: slice) -> list[Tensor]:
        part = target.rows(rows.start, rows.stop)
        return function(strip, part.positive(), part.known())

    entries_per_row = target.shape[:2].numel() * target.shape[3]
    rows_per_strip = max(1, STRIP_ENTRIES // entries_per_row)
    return strip_sums(sum_rows, cls_score, rows_per_strip)


def to_full_precision(logits: Tensor) -> Tensor:
    """Return logits in float32 or more; sums of squares need the range."""
    if logits.dtype in (torch.float16, torch.bfloat16):
        return logits.float()
    return logits


def check_shape(cls_score: Tensor, expected: Sequence[int]) -> None:
    """Check that logits belong to a target.

    Args:
        cls_score (Tensor): Logits, of one view or two.
        expected (Sequence[int]): Shape of the target, (N, C, ...).

    Raises:
        ValueError: If there are neither N nor 2N rows, or other classes.
    """
    num = expected[0]
    if cls_score.shape[0] not in (num, 2 * num) or (
        tuple(cls_score.shape[1:]) != tuple(expected[1:])
    ):
        raise ValueError(
            f'logits of shape {tuple(cls_score.shape)} for a target of '
            f'shape {tuple(expected)}: expected {num} rows (one view) '
            f'or {2 * num} (weak; strong), and equal classes'
        )
