"""Parts of a dataset: the one way to choose some of its images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

T = TypeVar('T')


def take(rows: T, indices: int | Sequence[int] | np.ndarray) -> T:
    """Take some rows, as ``indices`` of the hosts' datasets do.

    Args:
        rows (ndarray | LabelTable): N rows.
        indices (int | Sequence[int] | ndarray): The first n (n >= 0), the
            last n (n < 0), or the positions to keep.

    Returns:
        ndarray | LabelTable: The rows, of the type of ``rows``.

    Examples:
        >>> take(np.arange(9), -2), take(np.arange(9), [3, 1])
        (array([7, 8]), array([3, 1]))
    """
    if isinstance(indices, (int, np.integer)):
        kept = slice(indices) if indices >= 0 else slice(indices, None)
        return rows[kept]  # type: ignore[index]
    return rows[np.asarray(indices, dtype=np.intp)]  # type: ignore[index]


def draw_samples(
    total: int,
    part: tuple[int, int] | None,
    num_samples: int | None,
    seed: int,
    source: str,
) -> np.ndarray:
    """Choose one of several disjoint parts, then draw images from this part.

    Args:
        total (int): Number of images of the source.
        part (tuple[int, int], optional): (k, n): the k-th of n disjoint
            random parts. Counting starts at 0. The sizes of the parts differ
            by at most one image.
        num_samples (int, optional): How many images to draw, without
            replacement.
        seed (int): Seed of the parts and of the draw.
        source (str): Name of the source, for messages.

    Returns:
        ndarray: int64, ascending positions.

    Raises:
        ValueError: If there is no such part, or if it has fewer than
            ``num_samples`` images.

    Examples:
        >>> draw_samples(6, (0, 2), 2, 0, 'toy')
        array([3, 5])
    """
    pool = np.arange(total)
    if part is not None:
        if len(part) != 2 or not 0 <= part[0] < part[1] <= total:
            raise ValueError(
                f'part={part!r} of {source}: expected (k, n) with '
                f'0 <= k < n <= {total}, the number of its images'
            )
        order = np.random.default_rng(seed).permutation(total)
        pool = np.sort(order[part[0] :: part[1]])
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
