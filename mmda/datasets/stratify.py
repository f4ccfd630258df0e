"""Divide patients into parts in which every class keeps its prevalence."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

#: Exchanges that one step compares.
_SAMPLE = 1024
#: After the search, so many groups get random parts, and it starts again;
#: so many times. One exchange alone can never move a patient with many images,
#: since all others would have to follow.
_KICKED, _KICKS = 6, 30
#: The search ends after so many steps in turn without a better exchange.
_PATIENCE = 8
#: It ends after so many steps in any case. Many patients leave little to do.
_STEPS = 1000


def stratify(
    counts: np.ndarray,
    fractions: Sequence[float],
    seed: int = 0,
    fixed: np.ndarray | None = None,
) -> np.ndarray:
    r"""Assign groups to parts, so that each part gets its share of all counts.

    The groups with the rarest entries come first, as in iterative
    stratification [0]. Each goes to the part that lacks its entries most.
    Then two groups are exchanged, or one group moves, as long as this lowers

    .. math::
        \sum_{j, k} N_k^2 \left(\frac{n_{jk}}{f_j N_k} - 1\right)^4

    for part :math:`j` with the fraction :math:`f_j`, which has
    :math:`n_{jk}` of the :math:`N_k` entries of column :math:`k`. The fourth
    power makes the worst column count most. Rare columns would dominate a sum
    of relative differences, and frequent columns a sum of absolute
    differences. This weight is a compromise.

    [0] Sechidis et al., On the Stratification of Multi-Label Data, ECML PKDD
    2011. It has no groups.

    Args:
        counts (ndarray): (G, K), what each group has of each column, such as
            its positive images of a class. At least 0.
        fractions (Sequence[float]): P positive numbers with the sum 1.
        seed (int): Decides between equal choices. Defaults to 0.
        fixed (ndarray, optional): int (G,), the part of a group that must not
            move, and -1 for all others.

    Returns:
        ndarray: int64 (G,), the part of each group.

    Examples:
        >>> patients = np.array([[2, 1], [2, 0], [1, 1], [1, 0], [2, 0]])
        >>> part = stratify(patients, [0.5, 0.5])
        >>> [patients[part == k].sum(axis=0).tolist() for k in (0, 1)]
        [[4, 1], [4, 1]]
    """
    # An equal column would only repeat what another one says.
    used = np.unique(counts[:, counts.sum(axis=0) > 0], axis=1)
    share = used / np.sqrt(used.sum(axis=0))
    generator = np.random.default_rng(seed)
    part = np.full(len(share), -1) if fixed is None else np.array(fixed)
    free = generator.permutation(np.flatnonzero(part < 0))
    fraction = np.asarray(fractions, dtype=np.float64)[:, None]
    _assign(share, free, part, fraction)
    best = _exchange(share, free, part, fraction, generator)
    size = share[free].sum(axis=1)
    for _ in range(_KICKS if len(free) else 0):
        other = part.copy()
        kicked = generator.choice(free, _KICKED, p=size / size.sum())
        other[kicked] = generator.integers(len(fraction), size=_KICKED)
        cost = _exchange(share, free, other, fraction, generator)
        if cost < best:
            best, part = cost, other
    return part


def _held(
    share: np.ndarray, part: np.ndarray, fraction: np.ndarray
) -> np.ndarray:
    """Return the share of each part in each column, float64 (P, K)."""
    held = np.zeros((len(fraction), share.shape[1]))
    np.add.at(held, part[part >= 0], share[part >= 0])
    return held


def _cost(
    held: np.ndarray, fraction: np.ndarray, whole: np.ndarray
) -> np.ndarray:
    # Two squares take a tenth of the time of a fourth power.
    return np.square(np.square(held / fraction - whole)).sum(axis=1)


def _assign(
    share: np.ndarray,
    free: np.ndarray,
    part: np.ndarray,
    fraction: np.ndarray,
) -> None:
    """Give the free groups to parts, the group with the rarest entry first."""
    held = _held(share, part, fraction)
    whole = share.sum(axis=0)
    owners = (share > 0).sum(axis=0)
    rarest = np.where(share > 0, owners, len(share)).min(axis=1)
    # The order of `free` is random, so the seed decides between equals.
    order = np.lexsort((-share.sum(axis=1)[free], rarest[free]))
    for group in free[order]:
        new = share[group]
        # What the group adds to sum f * (held / f - whole)**2 in each part.
        added = (2 * (held / fraction - whole) + new / fraction) @ new
        part[group] = added.argmin()
        held[part[group]] += new


def _exchange(
    share: np.ndarray,
    free: np.ndarray,
    part: np.ndarray,
    fraction: np.ndarray,
    generator: np.random.Generator,
) -> float:
    """Exchange free groups as long as that lowers the cost; return it."""
    held = _held(share, part, fraction)
    # To exchange a group with an empty one is to move it.
    empty = np.arange(len(share), len(share) + len(held))
    place = np.concatenate([part, np.arange(len(held))])
    share = np.concatenate([share, np.zeros_like(held)])
    partners = np.concatenate([free, empty])
    whole = share.sum(axis=0)
    cost = _cost(held, fraction, whole)
    fruitless = 0
    for _ in range(_STEPS if len(free) else 0):
        one = generator.choice(free, _SAMPLE)
        other = generator.choice(partners, _SAMPLE)
        differ = place[one] != place[other]
        one, other = one[differ], other[differ]
        a, b = place[one], place[other]
        moved = share[other] - share[one]
        new_a = _cost(held[a] + moved, fraction[a], whole)
        new_b = _cost(held[b] - moved, fraction[b], whole)
        gain = cost[a] + cost[b] - new_a - new_b
        if gain.max(initial=0) <= 1e-9 * cost.sum():  # not for rounding
            fruitless += 1
            if fruitless == _PATIENCE:
                break
            continue
        fruitless, best = 0, gain.argmax()
        a, b = a[best], b[best]
        held[a] += moved[best]
        held[b] -= moved[best]
        cost[a], cost[b] = new_a[best], new_b[best]
        place[one[best]] = b
        if other[best] < len(part):
            place[other[best]] = a
    part[:] = place[: len(part)]
    return float(cost.sum())
