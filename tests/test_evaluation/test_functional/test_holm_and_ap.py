"""Holm's correction and average precision against plain references."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from mmda.evaluation.functional import (
    binary_average_precision,
    holm,
    per_group,
    ranked_average_precision,
)


def rejected_by_holm(p_values, level):
    """Holm's procedure as he wrote it: step down until one is not rejected."""
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    rejected = set()
    for step, index in enumerate(order):
        if p_values[index] > level / (len(p_values) - step):
            break
        rejected.add(index)
    return rejected


@pytest.mark.parametrize('seed', range(20))
def test_adjusted_values_reject_what_the_procedure_rejects(seed):
    generator = np.random.default_rng(seed)
    p_values = np.round(generator.random(8) ** 3, 3)
    adjusted = holm(p_values)
    for level in (0.01, 0.05, 0.1, 0.2):
        expected = rejected_by_holm(p_values.tolist(), level)
        assert set(np.flatnonzero(adjusted <= level + 1e-12)) == expected


def test_a_test_that_was_not_made_is_no_comparison():
    adjusted = holm(np.array([np.nan, 0.02, np.nan]))
    assert adjusted[1] == 0.02
    assert np.isnan(adjusted[[0, 2]]).all()
    assert holm(np.array([])).shape == (0,)


@pytest.mark.parametrize('levels', [None, 1])
@pytest.mark.parametrize('annotated', [1.0, 0.5, 0.1])
def test_average_precision_equals_scikit_learn(levels, annotated):
    generator = np.random.default_rng(1)
    target = (generator.random((300, 4)) < 0.3).astype(float)
    score = generator.normal(size=target.shape) + target
    if levels:
        score = np.round(score * levels)
    target[generator.random(target.shape) > annotated] = np.nan
    found = per_group(ranked_average_precision, score, target)[0]
    for c in range(4):
        rows = ~np.isnan(target[:, c])
        expected = average_precision_score(target[rows, c], score[rows, c])
        assert found[c] == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize('target', [[0, 0], [1, 1], []])
def test_average_precision_of_one_value_is_nan(target):
    score = np.arange(len(target), dtype=float)
    assert np.isnan(binary_average_precision(score, np.array(target)))


def test_average_precision_of_a_nan_score_is_nan():
    score = np.array([0.1, np.nan])
    assert np.isnan(binary_average_precision(score, np.array([0, 1])))
