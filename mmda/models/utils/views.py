"""Weak and strong views of a batch in one tensor."""

from __future__ import annotations

from torch import Tensor


def split_views(
    batch: Tensor, num_samples: int
) -> tuple[Tensor, Tensor | None]:
    """Split a batch into its weak and its strong view.

    A batch of two views is one tensor, ``[weak; strong]`` along dim 0. All
    parts of a model use this function, so they agree on what a batch holds.

    Args:
        batch (Tensor): Images, features or logits, (N, ...) with one view,
            (2N, ...) with two.
        num_samples (int): Number of data samples, N.

    Returns:
        tuple[Tensor, Tensor | None]: The weak view and the strong view,
        (N, ...) each; None where there is no strong view.

    Raises:
        ValueError: If the batch has neither N nor 2N rows.

    Examples:
        >>> import torch
        >>> split_views(torch.arange(4), num_samples=2)
        (tensor([0, 1]), tensor([2, 3]))
    """
    if len(batch) == num_samples:
        return batch, None
    if len(batch) != 2 * num_samples:
        raise ValueError(
            f'found {len(batch)} rows of shape {tuple(batch.shape[1:])}, '
            f'expected {num_samples} rows (one view) or {2 * num_samples} '
            '(weak; strong)'
        )
    return batch[:num_samples], batch[num_samples:]
