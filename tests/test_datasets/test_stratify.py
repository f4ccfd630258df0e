from itertools import product

import numpy as np
import pytest

from mmda.datasets.stratify import stratify


def misfit(counts, part, fractions):
    """Add up, in plain code, how far each part is from its share."""
    total = 0.0
    for column in range(counts.shape[1]):
        everything = counts[:, column].sum()
        for k, fraction in enumerate(fractions):
            held = sum(
                counts[g, column] for g in range(len(part)) if part[g] == k
            )
            off = held / (fraction * everything) - 1
            total += everything**2 * off**4
    return total


@pytest.mark.parametrize('fractions', [(0.5, 0.5), (0.2, 0.8)])
@pytest.mark.parametrize('seed', range(4))
def test_no_assignment_of_a_small_table_is_better(seed, fractions):
    generator = np.random.default_rng(seed)
    counts = generator.integers(0, 5, (9, 3))
    found = misfit(counts, stratify(counts, fractions, seed), fractions)
    parts = product(range(len(fractions)), repeat=len(counts))
    best = min(misfit(counts, part, fractions) for part in parts)
    assert found == pytest.approx(best)


def test_the_seed_decides_and_an_unused_column_does_not():
    counts = np.random.default_rng(0).integers(0, 3, (60, 4))
    first = stratify(counts, [0.5, 0.5], 1)
    assert (first == stratify(counts, [0.5, 0.5], 1)).all()
    assert (first != stratify(counts, [0.5, 0.5], 2)).any()
    more = np.hstack([counts, counts[:, :1], np.zeros((60, 1))])
    assert (first == stratify(more, [0.5, 0.5], 1)).all()


def test_a_group_that_is_fixed_stays_and_the_others_make_up_for_it():
    counts = np.array([[4], [4], [2], [2], [2], [2]])
    fixed = np.array([0, 0, -1, -1, -1, -1])
    part = stratify(counts, [0.5, 0.5], 0, fixed)
    assert part.tolist() == [0, 0, 1, 1, 1, 1]
