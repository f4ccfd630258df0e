"""Weights that turn sums per sample and class into a mean over all ranks."""

from __future__ import annotations

from mmengine.dist import all_reduce, get_world_size
from torch import Tensor

NORMALIZATIONS = ('entry', 'class', 'sample')


def mean_weights(counts: Tensor, over: str = 'entry') -> Tensor:
    """Return weights w, so that ``(w * sums).sum()`` is a mean.

    With several ranks, each denominator is the count over all ranks, divided
    by the number of ranks. ``DistributedDataParallel`` then averages the
    gradients of the ranks, which gives the gradient of the mean over the
    values of all ranks, however unevenly these are spread.

    Args:
        counts (Tensor): int (N, C), number of selected values per sample and
            class.
        over (str): 'entry': mean over all selected values. 'class': mean
            within each class, then over the classes that have any. 'sample':
            mean within each sample, then over the samples that have any.

    Returns:
        Tensor: float32, of a shape that broadcasts to (N, C). The mean is 0
        where nothing is selected, because all sums are 0 then.

    Raises:
        ValueError: If ``over`` has another value.

    Examples:
        >>> import torch
        >>> sums, counts = torch.tensor([[4., 9.]]), torch.tensor([[2, 3]])
        >>> (mean_weights(counts) * sums).sum()  # 13 / 5
        tensor(2.6000)
        >>> (mean_weights(counts, 'class') * sums).sum()  # (4 / 2 + 9 / 3) / 2
        tensor(2.5000)
    """
    if over == 'entry':
        total = _over_ranks(counts.sum())
    elif over == 'class':
        of_class = _over_ranks(counts.sum(dim=0))
        total = of_class * (of_class > 0).sum()
    elif over == 'sample':
        of_sample = counts.sum(dim=1, keepdim=True)
        total = of_sample * _over_ranks((of_sample > 0).sum())
    else:
        raise ValueError(f'over={over!r}: expected one of {NORMALIZATIONS}')
    return total.clamp_min(1e-12).reciprocal()


def _over_ranks(count: Tensor) -> Tensor:
    """Return the mean of a count over the ranks, as float32."""
    count = count.float()
    if get_world_size() > 1:
        all_reduce(count, op='mean')
    return count
