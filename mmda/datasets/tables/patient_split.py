"""Patient-disjoint splits of an exact size."""

from __future__ import annotations

import numpy as np


def split_by_patient(
    patient_id: np.ndarray, num_images: int, seed: int, source: str = 'table'
) -> np.ndarray:
    """Choose whole patients at random until an exact number of images is met.

    Patients are shuffled and taken while they fit; what is then missing is
    filled exactly, after giving back as few of them as necessary.

    Args:
        patient_id (ndarray): (N,), integers or strings.
        num_images (int): Images to choose, in [0, N].
        seed (int): Seed of the shuffle. The result depends on it and on
            ``patient_id`` alone.
        source (str): Name of the table, for the message.

    Returns:
        ndarray: bool (N,), True for the chosen images.

    Raises:
        ValueError: If no set of patients has exactly that many images.

    Examples:
        >>> split_by_patient(np.array([7, 7, 7, 8, 9, 9]), 3, seed=0).sum()
        np.int64(3)
    """
    patients, owner, counts = np.unique(
        patient_id, return_inverse=True, return_counts=True
    )
    order = np.random.default_rng(seed).permutation(len(patients))
    sizes = counts[order].tolist()
    taken, missing = _take_while_fitting(sizes, num_images)
    left = sorted(set(range(len(sizes))) - set(taken))
    given_back = 0
    fill = _subset_of_sum(sizes, left, missing)
    while fill is None and taken:
        for _ in range(max(1, given_back)):  # 1, 2, 4, ... patients in all
            if taken:
                missing += sizes[taken[-1]]
                left.append(taken.pop())
                given_back += 1
        fill = _subset_of_sum(sizes, left, missing)
    if fill is None:
        raise ValueError(
            f'{source}: no choice of whole patients has exactly {num_images} '
            f'of the {len(patient_id)} images of {len(patients)} patients; '
            'take a split that is not made here'
        )
    chosen = np.zeros(len(patients), dtype=bool)
    chosen[order[taken + fill]] = True
    return chosen[owner]


def _take_while_fitting(sizes: list[int], total: int) -> tuple[list[int], int]:
    taken = []
    for position, size in enumerate(sizes):
        if size <= total:
            taken.append(position)
            total -= size
        if total == 0:
            break
    return taken, total


def _subset_of_sum(
    sizes: list[int], positions: list[int], total: int
) -> list[int] | None:
    """Find positions whose sizes sum up to a total, None if there are none."""
    by_size: dict[int, list[int]] = {}
    for position in positions:
        group = by_size.setdefault(sizes[position], [])
        if (len(group) + 1) * sizes[position] <= total:
            group.append(position)
    # Bit s of a number says that a sum of s can be reached. A group of equal
    # sizes is added in powers of two, so a few hundred steps suffice.
    bundles: list[list[int]] = []
    for group in by_size.values():
        width = 1
        while group:
            bundles.append(group[:width])
            group = group[width:]
            width *= 2
    reachable = [1]
    limit = (1 << (total + 1)) - 1
    for bundle in bundles:
        step = len(bundle) * sizes[bundle[0]]
        reachable.append((reachable[-1] | reachable[-1] << step) & limit)
    if not reachable[-1] >> total & 1:
        return None
    found: list[int] = []
    for index in range(len(bundles) - 1, -1, -1):
        bundle = bundles[index]
        if not reachable[index] >> total & 1:
            found += bundle
            total -= len(bundle) * sizes[bundle[0]]
    return found
