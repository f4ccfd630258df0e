"""Statistics over seeds against scipy."""

import math

import numpy as np
import pytest
from reproduction.summary import summarise, value_of
from reproduction.table import Cell, Metric, Panel, Recipe
from scipy.stats import ttest_ind, ttest_rel
from small_table import CHANGED, PLAIN, make_result


def test_tests_over_seeds_are_those_of_scipy(found):
    plain, changed = [*PLAIN.values()], [*CHANGED.values()]
    gained = found[2, 1]
    assert gained.values == CHANGED
    assert gained.mean == pytest.approx(np.mean(changed))
    assert gained.deviation == pytest.approx(np.std(changed, ddof=1))
    expected = ttest_ind(changed, plain).pvalue
    assert gained.independent.p == pytest.approx(expected)
    # One class was compared: Holm changes nothing.
    assert gained.independent.p_holm == pytest.approx(expected)
    assert gained.paired.p == pytest.approx(ttest_rel(changed, plain).pvalue)
    assert gained.gain == pytest.approx(65.16667 - 61, abs=1e-4)
    assert gained.paper_gain == -1.0


def test_the_paired_test_takes_only_the_seeds_that_both_have(found):
    mean = found[0, 1]
    assert sorted(mean.values) == [0, 1, 2, 4]
    assert mean.paired.p == pytest.approx(
        ttest_rel([*CHANGED.values()], [*PLAIN.values()]).pvalue
    )


def test_diverged_and_undefined_seeds_are_named_and_left_out(found):
    assert found[2, 1].left_out == {
        3: 'diverged: loss is nan',
        4: 'the metric is undefined (NaN)',
    }
    assert 3 not in found[0, 1].values


def test_classes_are_corrected_for_their_number_and_the_mean_is_not():
    recipes = [Recipe('a.py'), Recipe('b.py')]
    cells = {
        (row, column): Cell(
            recipe,
            Metric((key,)),
            against=(row, 0) if column else None,
        )
        for row, key in enumerate(('auc/mean', 'auc/1', 'auc/7'))
        for column, recipe in enumerate(recipes)
    }
    panel = Panel('x', 'X', ('mean', '1', '7'), ('a', 'b'), cells, False)
    rng = np.random.default_rng(0)
    results = {
        recipe.key: {
            seed: make_result(seed, *rng.normal(60, 1, 3)) for seed in range(4)
        }
        for recipe in recipes
    }
    found = summarise(panel, results)
    tests = [found[row, 1].independent for row in range(3)]
    assert math.isnan(tests[0].p_holm)
    low, high = sorted(test.p for test in tests[1:])
    expected = [min(1, 2 * low), max(min(1, 2 * low), high)]
    assert sorted(t.p_holm for t in tests[1:]) == pytest.approx(expected)


def test_a_metric_that_the_test_does_not_give_is_an_error():
    worst = Metric(('auc/1', 'auc/9'), 'min')
    with pytest.raises(ValueError, match='gives no auc/9: found auc/1'):
        value_of(worst, {'auc/1': 90.0})
    assert value_of(worst, {'auc/1': 90.0, 'auc/9': 80.0}) == 80
