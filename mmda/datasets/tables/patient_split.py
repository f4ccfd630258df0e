"""Splits of an exact size that share no patient."""

from __future__ import annotations

import numpy as np


# scikit-learn's group splits fix the number of groups, not of images.
def split_by_patient(
    patient_id: np.ndarray, num_images: int, seed: int, source: str = 'table'
) -> np.ndarray:
    """Choose whole patients at random, with an exact number of images.

    The patients are shuffled and taken as long as they fit. If this leaves a
    gap, the patients are chosen anew by their numbers of images.

    Args:
        patient_id (ndarray): (N,), integers or strings.
        num_images (int): Images to choose, in [0, N].
        seed (int): Seed of the shuffle. The result depends on ``seed`` and
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
    fitting = []
    missing = num_images
    for position, size in enumerate(sizes):
        if size <= missing:
            fitting.append(position)
            missing -= size
    taken = positions_with_sum(sizes, num_images) if missing else fitting
    if taken is None:
        raise ValueError(
            f'{source}: no choice of whole patients has exactly {num_images} '
            f'of the {len(patient_id)} images of {len(patients)} patients; '
            'use a split that is defined elsewhere'
        )
    chosen = np.zeros(len(patients), dtype=bool)
    chosen[order[taken]] = True
    return chosen[owner]


def positions_with_sum(sizes: list[int], total: int) -> list[int] | None:
    """Find positions whose sizes have a given sum.

    Args:
        sizes (list[int]): Positive numbers.
        total (int): The sum, at least 0.

    Returns:
        list[int] | None: Different positions, None if no choice has this sum.

    Examples:
        >>> positions_with_sum([6, 10, 15], 16)
        [1, 0]
    """
    by_size: dict[int, list[int]] = {}
    for position, size in enumerate(sizes):
        by_size.setdefault(size, []).append(position)
    # Bundles of 1, 2, 4, ... positions of one size save most of the steps.
    bundles = []
    for group in by_size.values():
        width = 1
        while group:
            bundles.append(group[:width])
            group = group[width:]
            width *= 2
    # Sum that can be reached -> the sum before, and the bundle that was added.
    reached: dict[int, tuple[int, list[int]]] = {0: (0, [])}
    for bundle in bundles:
        step = len(bundle) * sizes[bundle[0]]
        sums = [s for s in reached if s + step <= total]
        for before in sums:
            reached.setdefault(before + step, (before, bundle))
        if total in reached:
            break
    if total not in reached:
        return None
    found: list[int] = []
    while total:
        total, bundle = reached[total]
        found += bundle
    return found
