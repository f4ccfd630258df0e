"""Means over the entries that a mask selects, right over several ranks."""

from __future__ import annotations

import torch
from mmengine.dist import all_reduce, get_world_size
from torch import Tensor

NORMALIZATIONS = ('entry', 'class', 'sample')


def masked_mean(values: Tensor, mask: Tensor, over: str = 'entry') -> Tensor:
    """Average the selected values.

    Args:
        values (Tensor): (N, C, ...); unselected values do not matter, not
            even NaN.
        mask (Tensor): bool, of the same shape.
        over (str): See :func:`mean_weights`.

    Returns:
        Tensor: Scalar; 0 with a graph where nothing is selected.

    Examples:
        >>> values = torch.tensor([[1., 3.], [5., 7.]])
        >>> mask = torch.tensor([[True, True], [False, True]])
        >>> masked_mean(values, mask)
        tensor(3.6667)
        >>> masked_mean(values, mask, 'class').item()
        3.0
        >>> masked_mean(values, mask, 'sample').item()
        4.5
    """
    # Mask before the arithmetic: 0 * NaN is NaN.
    selected = torch.where(mask, values, values.new_zeros(()))
    return (selected * mean_weights(mask, over)).sum()


def mean_weights(mask: Tensor, over: str = 'entry') -> Tensor:
    """Return the weights by which a sum over entries becomes a mean.

    With several ranks, the denominators are those of all ranks together,
    divided by the number of ranks: the mean of the ranks' gradients, which
    ``DistributedDataParallel`` takes, is then the gradient of the mean over
    all ranks' values, however unevenly they are spread.

    Args:
        mask (Tensor): bool, (N, C, ...), True where selected.
        over (str): 'entry': mean over all selected values. 'class': mean
            within each class, then over classes that have any. 'sample': mean
            within each sample, then over samples that have any.

    Returns:
        Tensor: float32 of the mask's shape, 0 where not selected.

    Raises:
        ValueError: If ``over`` is none of these.
    """
    if over == 'entry':
        return mask / _over_ranks(mask.sum()).clamp_min(1e-12)
    if over == 'class':
        dims = [d for d in range(mask.ndim) if d != 1]
        counts = _over_ranks(mask.sum(dim=dims, keepdim=True))
        num_classes = (counts > 0).sum().clamp_min(1)
        return mask / (counts * num_classes).clamp_min(1e-12)
    if over == 'sample':
        # (N, C, ...) -> (N, 1, ...)
        counts = mask.sum(dim=list(range(1, mask.ndim)), keepdim=True)
        num_samples = _over_ranks((counts > 0).sum())
        return mask / (counts * num_samples).clamp_min(1e-12)
    raise ValueError(f'over={over!r}: expected one of {NORMALIZATIONS}')


def _over_ranks(count: Tensor) -> Tensor:
    """Return a count's mean over the ranks, as float32."""
    count = count.float()
    if get_world_size() > 1:
        all_reduce(count, op='mean')
    return count
