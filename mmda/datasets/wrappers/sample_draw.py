"""Which images of a source are used: a part of them, a draw from it."""

from __future__ import annotations

import numpy as np


def draw_samples(
    total: int,
    part: tuple[int, int] | None,
    num_samples: int | None,
    seed: int,
    source: str,
) -> np.ndarray:
    """Choose images: first one of several disjoint parts, then a draw from it.

    Args:
        total (int): Number of images of the source.
        part (tuple[int, int], optional): (k, n): the k-th, from 0, of n
            disjoint random parts, equal in size up to one.
        num_samples (int, optional): Draw so many, without replacement.
        seed (int): Seed of both.
        source (str): Name of the source, for messages.

    Returns:
        ndarray: int64, ascending.

    Raises:
        ValueError: If there is no such part or not so many images.

    Examples:
        >>> draw_samples(6, (0, 2), 2, 0, 'toy')
        array([3, 5])
    """
    pool = np.arange(total)
    if part is not None:
        pool = _part_of(total, part, seed, source)
    if num_samples is None:
        return pool
    if not 0 < num_samples <= len(pool):
        raise ValueError(
            f'num_samples={num_samples} of {source}: expected 1 to '
            f'{len(pool)}, the number of its images'
        )
    generator = np.random.default_rng(seed)
    drawn = generator.choice(len(pool), num_samples, replace=False)
    return pool[np.sort(drawn)]


def _part_of(
    total: int, part: tuple[int, int], seed: int, source: str
) -> np.ndarray:
    """Return the indices of the k-th of n disjoint parts, ascending."""
    if len(part) != 2 or not 0 <= part[0] < part[1] <= total:
        raise ValueError(
            f'part={part!r} of {source}: expected (k, n) with '
            f'0 <= k < n <= {total}, the number of its images'
        )
    order = np.random.default_rng(seed).permutation(total)
    return np.sort(order[part[0] :: part[1]])
