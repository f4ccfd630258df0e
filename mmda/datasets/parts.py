"""Parts of a dataset: the one way to choose some of its images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np

from .split_file import rows_in_part

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


#: (k, n), or ([k, l, ...], n) for several parts together; or the same with
#: the file of a split in the place of n, and names of its parts.
Part = tuple[int | str | Sequence[int | str], int | str]


def is_split(part: Part | None) -> bool:
    """Tell whether a part is one of the file of a split.

    Args:
        part (tuple, optional): See :func:`draw_samples`.

    Returns:
        bool: Whether it names a file.
    """
    is_pair = isinstance(part, (list, tuple)) and len(part) == 2
    return is_pair and isinstance(part[1], str)  # type: ignore[index]


def draw_samples(
    total: int,
    part: Part | None,
    num_samples: int | None,
    seed: int,
    source: str,
    patients: np.ndarray | None = None,
    images: Sequence[str] | None = None,
    owners: np.ndarray | None = None,
) -> np.ndarray:
    """Choose one of several disjoint parts, then draw images from this part.

    Args:
        total (int): Number of images of the source.
        part (tuple, optional): (k, n): the k-th of n disjoint random parts.
            Counting starts at 0. k may be a list of several parts. The sizes
            of the parts differ by at most one image, or one patient. Or
            (name, file): a part of the file that ``mmda split`` wrote.
        num_samples (int, optional): How many images to draw, without
            replacement.
        seed (int): Seed of the parts and of the draw.
        source (str): Name of the source, for messages.
        patients (ndarray, optional): (total,), ids. With them, a part has
            whole patients.
        images (Sequence[str], optional): (total,), names, for a part of a
            file.
        owners (ndarray, optional): (total,), patients, for a part of a file.

    Returns:
        ndarray: int64, ascending positions.

    Raises:
        ValueError: If there is no such part, or if it has fewer than
            ``num_samples`` images; and as
            :func:`~mmda.datasets.split_file.rows_in_part`.

    Examples:
        >>> draw_samples(6, (0, 2), 2, 0, 'toy')
        array([3, 5])
        >>> patients = np.array([7, 7, 8, 8, 9, 9])
        >>> draw_samples(6, ([0, 2], 3), None, 0, 'toy', patients)
        array([2, 3, 4, 5])
    """
    pool = np.arange(total)
    if part is None:
        pass
    elif images is not None:
        pool = rows_in_part(
            part[0], str(part[1]), images, source, patients, owners
        )
    elif patients is None:
        pool = np.sort(_in_part(total, part, seed, f'images of {source}'))
    else:
        known, owner = np.unique(_as_numbers(patients), return_inverse=True)
        what = f'patients of {source}'
        chosen = _in_part(len(known), part, seed, what)
        pool = np.flatnonzero(np.isin(owner, chosen))
    if num_samples is None:
        return pool
    if not 0 < num_samples <= len(pool):
        where = '' if part is None else f' in part {part!r}'
        raise ValueError(
            f'num_samples={num_samples} of {source}: expected 1 to '
            f'{len(pool)}, the number of its images{where}'
        )
    generator = np.random.default_rng(seed)
    drawn = generator.choice(len(pool), num_samples, replace=False)
    return pool[np.sort(drawn)]


def _as_numbers(ids: np.ndarray) -> np.ndarray:
    """Return ids as numbers if all of them are.

    The order of the ids decides the parts, and as text '10' is before '9'. So
    the parts do not depend on whether a reader reads numbers or text.
    """
    try:
        return ids.astype(np.int64)
    except (ValueError, OverflowError):
        return ids


def _in_part(total: int, part: Part, seed: int, what: str) -> np.ndarray:
    """Choose numbers below ``total`` that are in a part, in random order."""
    is_pair = isinstance(part, (list, tuple)) and len(part) == 2
    chosen: Any  # from a config
    n: Any
    chosen, n = part if is_pair else ((), 0)
    parts = [*chosen] if isinstance(chosen, (list, tuple)) else [chosen]
    whole = all(isinstance(k, (int, np.integer)) for k in (n, *parts))
    valid = whole and all(0 <= k < n <= total for k in parts)
    if not parts or not valid or len(set(parts)) < len(parts):
        raise ValueError(
            f'part={part!r} of the {what}: expected (k, n) with '
            f'0 <= k < n <= {total}, their number; or a list of different k'
        )
    order = np.random.default_rng(seed).permutation(total)
    return np.concatenate([order[k::n] for k in parts])
