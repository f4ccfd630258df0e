"""DeLong's method against double loops over all pairs."""

import tracemalloc

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.metrics import roc_auc_score

from mmda.evaluation.functional import (
    binary_average_precision,
    choose_threshold,
    delong_interval,
    delong_paired,
    per_group,
    ranked_delong,
)


def make_data(seed, num=80, levels=None, prevalence=0.3):
    generator = np.random.default_rng(seed)
    target = (generator.random(num) < prevalence).astype(float)
    target[:4] = [0, 1, 0, 1]
    score = generator.normal(size=num) + target
    other = 0.5 * score + generator.normal(size=num) + 0.3 * target
    if levels:  # coarse scores: many ties
        score, other = np.round(score * levels), np.round(other * levels)
    return score, other, target


def psi(x, z):
    return 1.0 if x > z else 0.5 if x == z else 0.0


def components(score, target):
    """Structural components by the definition, one pair at a time."""
    xs = [s for s, t in zip(score, target, strict=True) if t > 0.5]
    zs = [s for s, t in zip(score, target, strict=True) if t <= 0.5]
    v10 = [sum(psi(x, z) for z in zs) / len(zs) for x in xs]
    v01 = [sum(psi(x, z) for x in xs) / len(xs) for z in zs]
    return v10, v01


def covariance(first, second):
    mean_a, mean_b = sum(first) / len(first), sum(second) / len(second)
    total = 0.0
    for a, b in zip(first, second, strict=True):
        total += (a - mean_a) * (b - mean_b)
    return total / (len(first) - 1)


@pytest.mark.parametrize('levels', [None, 1, 3])
@pytest.mark.parametrize('seed', range(4))
def test_interval_equals_the_one_from_all_pairs(seed, levels):
    score, _, target = make_data(seed, levels=levels)
    v10, v01 = components(score, target)
    variance = covariance(v10, v10) / len(v10)
    variance += covariance(v01, v01) / len(v01)
    result = delong_interval(score, target)
    assert result.auc == pytest.approx(roc_auc_score(target, score), abs=1e-9)
    assert result.se == pytest.approx(variance**0.5, abs=1e-12)
    half = 1.959963984540054 * variance**0.5
    assert result.low == pytest.approx(max(0, result.auc - half), abs=1e-12)
    assert result.high == pytest.approx(min(1, result.auc + half), abs=1e-12)


@pytest.mark.parametrize('levels', [None, 1, 3])
@pytest.mark.parametrize('seed', range(4))
def test_paired_test_equals_the_one_from_all_pairs(seed, levels):
    score, other, target = make_data(seed, levels=levels)
    first, second = components(score, target), components(other, target)
    variance = 0.0
    for a, b in zip(first, second, strict=True):
        both = covariance(a, a) + covariance(b, b) - 2 * covariance(a, b)
        variance += both / len(a)
    gain = roc_auc_score(target, other) - roc_auc_score(target, score)
    result = delong_paired(score, other, target)
    assert result.se == pytest.approx(variance**0.5, abs=1e-12)
    assert result.auc_b - result.auc_a == pytest.approx(gain, abs=1e-12)
    p_value = 2 * norm.cdf(-abs(gain) / variance**0.5)
    assert result.p_value == pytest.approx(p_value, abs=1e-12)
    half = 1.959963984540054 * variance**0.5
    assert result.low == pytest.approx(gain - half, abs=1e-12)
    assert result.high == pytest.approx(gain + half, abs=1e-12)


def test_a_soft_label_of_one_half_is_a_negative():
    score, other, soft = make_data(0)
    soft[:6] = [0.5, 0.51, 0.5, 0.9, 0.4, 0.5]
    hard = soft > 0.5
    for measure in (
        delong_interval,
        lambda score, target: delong_paired(score, other, target),
        choose_threshold,
        binary_average_precision,
    ):
        assert measure(score, soft) == measure(score, hard)


def test_equal_models_have_a_p_value_of_one():
    score, _, target = make_data(0)
    assert delong_paired(score, 2 * score + 1, target).p_value == 1


def test_what_is_undefined_is_nan_and_never_zero():
    target = np.array([0, 1, 0, 1])
    parted = delong_interval(np.array([0.1, 0.8, 0.2, 0.9]), target)
    assert parted.auc == 1
    assert np.isnan([parted.low, parted.high]).all()
    assert np.isnan(delong_interval(np.ones(3), np.zeros(3))).all()
    assert np.isnan(delong_interval(np.ones(3), np.ones(3))).all()
    assert np.isnan(delong_interval(np.ones(0), np.ones(0))).all()
    one_positive = delong_interval(np.array([0.3, 0.2, 0.1]), target[:3])
    assert one_positive.auc == 0.5 and np.isnan(one_positive.se)
    broken = np.array([0.1, np.nan, 0.2, 0.9])
    assert np.isnan(delong_interval(broken, target)).all()
    assert np.isnan(delong_paired(broken, target, target)).all()
    assert np.isnan(delong_paired(target, target, np.ones(4))).all()


def test_tied_scores_give_one_half():
    result = delong_interval(np.full(6, 0.5), np.array([0, 1, 0, 1, 1, 0]))
    assert result.auc == 0.5


@pytest.mark.parametrize('dtype', [np.float32, np.float64])
@pytest.mark.parametrize('levels', [None, 2])
def test_groups_of_a_class_have_the_values_of_their_own_images(dtype, levels):
    score, _, target = make_data(3, num=200, levels=levels)
    score = score.astype(dtype)  # negative scores, and ties at zero
    score[5:9] = [0.0, -0.0, 0.0, -0.0]
    groups = np.random.default_rng(0).integers(0, 4, len(score))
    groups[0] = 5  # a group of one image, and a group of none
    score[np.flatnonzero(groups == 2)[0]] = np.nan
    target[10:30] = np.nan
    found = per_group(
        ranked_delong, score[:, None], target[:, None], groups, 6
    )
    assert found.shape == (7, 1, 4)
    for row, rows in enumerate(
        [groups >= 0, *(groups == g for g in range(6))]
    ):
        own = rows & ~np.isnan(target)
        if row in (0, 3, 5, 6):
            assert np.isnan(found[row]).all()
            continue
        v10, v01 = components(score[own], target[own])
        variance = covariance(v10, v10) / len(v10)
        variance += covariance(v01, v01) / len(v01)
        auc, se = found[row, 0, :2]
        assert auc == pytest.approx(np.mean(v10), abs=1e-12)
        assert se == pytest.approx(variance**0.5, abs=1e-12)


def test_a_class_is_copied_without_the_others():
    num, classes = 2_000, 400
    generator = np.random.default_rng(0)
    score = generator.random((num, classes), dtype=np.float32)
    target = (generator.random((num, classes)) < 0.3).astype(np.float32)
    tracemalloc.start()
    per_group(ranked_delong, score, target)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 0.4 * score.nbytes
