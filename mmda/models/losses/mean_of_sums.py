"""Means of values that were added up per sample and class before."""

from __future__ import annotations

from torch import Tensor

from .masked_mean import NORMALIZATIONS, _over_ranks


def mean_of_sums(sums: Tensor, counts: Tensor, over: str = 'entry') -> Tensor:
    """Return what :func:`masked_mean` gives for the values behind the sums.

    Args:
        sums (Tensor): (N, C), sums of the selected values.
        counts (Tensor): int (N, C), how many these are.
        over (str): 'entry', 'class' or 'sample', as for :func:`masked_mean`,
            and like there over all ranks.

    Returns:
        Tensor: Scalar; 0 with a graph where nothing is selected.

    Raises:
        ValueError: If ``over`` is none of these.

    Examples:
        >>> import torch
        >>> sums, counts = torch.tensor([[4., 9.]]), torch.tensor([[2, 3]])
        >>> mean_of_sums(sums, counts), mean_of_sums(sums, counts, 'class')
        (tensor(2.6000), tensor(2.5000))
    """
    if over == 'entry':
        return sums.sum() / _over_ranks(counts.sum()).clamp_min(1e-12)
    if over == 'class':
        total = _over_ranks(counts.sum(dim=0))
        num_classes = (total > 0).sum().clamp_min(1)
        return (sums.sum(dim=0) / total.clamp_min(1e-12)).sum() / num_classes
    if over == 'sample':
        own = counts.sum(dim=1)
        num_samples = _over_ranks((own > 0).sum())
        means = sums.sum(dim=1) / own.clamp_min(1)
        return means.sum() / num_samples.clamp_min(1e-12)
    raise ValueError(f'over={over!r}: expected one of {NORMALIZATIONS}')
