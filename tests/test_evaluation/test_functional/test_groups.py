"""The AUC within groups of images against scikit-learn and plain loops."""

import numpy as np
import pytest
import torch
from scipy.stats import norm
from sklearn.metrics import roc_auc_score

from mmda.evaluation import PartialLabelAUC
from mmda.evaluation.functional import group_auc, resample

NAN = float('nan')


def make_images(num=600, seed=0):
    """Class 'a' is easier in group F; 'b' has few positives in group M."""
    draw = np.random.default_rng(seed)
    target = (draw.random((num, 2)) < 0.4).astype(np.float32)
    patients = np.arange(num) // 3
    sex = np.array(['F', 'M', ''])[patients % 3]
    target[sex == 'M', 1] = 0
    target[np.flatnonzero(sex == 'M')[:4], 1] = 1
    target[draw.random((num, 2)) < 0.2] = NAN
    score = (
        draw.random((num, 2))
        + target * np.where(sex == 'F', 0.8, 0.3)[:, None]
    )
    return np.nan_to_num(score, nan=0.5).astype(np.float32), target, sex


def auc_of(score, target, rows):
    rows = rows & ~np.isnan(target)
    return roc_auc_score(target[rows], score[rows])


def evaluate(score, target, sex, **options):
    metric = PartialLabelAUC(**options)
    metric.dataset_meta = dict(classes=('a', 'b/c'))
    metric.process(
        {},
        [
            dict(
                pred_score=torch.from_numpy(score[i]),
                gt_score=torch.from_numpy(target[i]),
                source='A',
                patient_id=i // 3,
                groups={'sex': sex[i]} if sex[i] else {},
            )
            for i in range(len(score))
        ],
    )
    return metric.evaluate(len(score))


def test_each_group_has_the_auc_of_its_images_alone():
    score, target, sex = make_images()
    found = evaluate(score, target, sex, intervals=True)
    for group in 'FM':
        expected = auc_of(score[:, 0], target[:, 0], sex == group)
        assert found[f'auc/sex/{group}/a'] == pytest.approx(100 * expected)
    gap = found['auc/sex/F/a'] - found['auc/sex/M/a']
    assert found['auc/gap/sex/a'] == pytest.approx(gap)
    assert gap > 5
    assert found['auc/num_images/sex/F'] == (sex == 'F').sum()
    assert found['auc/num_images/sex/(unknown)'] == (sex == '').sum()
    # The values of all images are those without groups.
    plain = evaluate(score, target, [''] * len(sex), intervals=True)
    assert {k: found[k] for k in plain} == pytest.approx(plain, nan_ok=True)


def test_a_group_that_is_too_small_for_a_class_has_no_value(mm_log):
    score, target, sex = make_images()
    positives = int(np.nansum(target[sex == 'M', 1]))
    assert 2 <= positives <= 4
    found = evaluate(score, target, sex, intervals=True)
    assert np.isnan(found['auc/sex/M/b%2Fc'])
    assert 'auc/gap/sex/b%2Fc' not in found
    assert f'for: b%2Fc ({positives} and ' in mm_log.text
    found = evaluate(score, target, sex, intervals=True, min_group=positives)
    expected = auc_of(score[:, 1], target[:, 1], sex == 'M')
    assert found['auc/sex/M/b%2Fc'] == pytest.approx(100 * expected)
    assert 'auc/gap/sex/b%2Fc' in found
    with pytest.raises(ValueError, match='min_group=1'):
        PartialLabelAUC(min_group=1)


def test_images_whose_group_is_unknown_are_only_counted():
    score, target, sex = make_images()
    unknown = np.full(len(sex), '(unknown)')
    found = evaluate(score, target, unknown, intervals=True)
    assert [key for key in found if 'sex' in key] == [
        'auc/num_images/sex/(unknown)'
    ]


def test_without_intervals_there_are_no_groups():
    found = evaluate(*make_images())
    assert not [key for key in found if 'sex' in key]


def test_delong_interval_of_the_gap_adds_the_variances_of_two_groups():
    score, target, sex = make_images()
    member = np.stack([sex == 'F', sex == 'M'])
    found = group_auc(score, target, member)
    variance = 0.0
    for rows in member:
        rows = rows & ~np.isnan(target[:, 0])
        positive = score[rows & (target[:, 0] == 1), 0]
        negative = score[rows & (target[:, 0] == 0), 0]
        wins = (positive[:, None] > negative) + (
            positive[:, None] == negative
        ) / 2
        variance += wins.mean(1).var(ddof=1) / len(positive)
        variance += wins.mean(0).var(ddof=1) / len(negative)
    half = norm.ppf(0.975) * np.sqrt(variance)
    assert found.gap_low[0] == pytest.approx(found.gap[0] - half)
    assert found.gap_high[0] == pytest.approx(found.gap[0] + half)


@pytest.mark.parametrize('options', [dict(intervals=True), dict(bootstrap=99)])
def test_a_gap_to_a_group_without_an_interval_has_none(options):
    score, target, sex = make_images()
    rows = (sex == 'F') & (target[:, 0] == 1)
    score[rows, 0] += 2  # perfect
    found = evaluate(score, target, sex, **options)
    kind = 'delong' if 'intervals' in options else 'bootstrap'
    assert np.isnan(found[f'auc/sex/F/a/{kind}_low'])
    assert found['auc/gap/sex/a'] > 5
    assert np.isnan(found[f'auc/gap/sex/a/{kind}_low'])
    assert np.isnan(found[f'auc/gap/sex/a/{kind}_high'])


@pytest.mark.parametrize('num_resamples', [0, 400])
def test_without_a_difference_the_gap_contains_0_as_often_as_it_says(
    num_resamples,
):
    """The data choose two of four groups, so a plain interval is too short.

    Six plain intervals of pairs contain 0 all at once in about 80 %.
    """
    draw = np.random.default_rng(0)
    num = 100 if num_resamples else 200
    member = np.eye(4, dtype=bool).repeat(60, axis=1)
    covered = 0
    for seed in range(num):
        target = draw.integers(0, 2, (240, 1)).astype(float)
        score = target + draw.normal(0, 1.2, (240, 1))

        def drawn(score, target, seed=seed):
            images = np.arange(240)
            found = resample(
                'auc', score[None], target, images, num_resamples, seed
            )
            return found[:, 0]

        found = group_auc(
            score, target, member, resample=drawn if num_resamples else None
        )
        covered += found.gap_low[0] <= 0
    assert 0.91 * num <= covered


def test_bootstrap_of_the_gap_draws_whole_patients():
    score, target, sex = make_images(num=300)
    found = evaluate(score, target, sex, bootstrap=400, seed=1)
    # An independent bootstrap: its own draws, scikit-learn on each.
    draw = np.random.default_rng(7)
    patients = np.arange(300) // 3
    gaps, firsts = [], []
    for _ in range(400):
        chosen = draw.integers(100, size=100)
        rows = np.concatenate([np.flatnonzero(patients == p) for p in chosen])
        s, t, g = score[rows, 0], target[rows, 0], sex[rows]
        values = [auc_of(s, t, g == group) for group in 'FM']
        firsts.append(100 * values[0])
        gaps.append(100 * (values[0] - values[1]))
    for key, values in (('gap/sex/a', gaps), ('sex/F/a', firsts)):
        low, high = np.quantile(values, [0.025, 0.975])
        width = high - low
        key = f'auc/{key}/bootstrap'
        assert found[f'{key}_low'] == pytest.approx(low, abs=0.2 * width)
        assert found[f'{key}_high'] == pytest.approx(high, abs=0.2 * width)


def test_bands_stand_in_the_order_of_their_numbers():
    score, target, sex = make_images()
    ages = np.array(['[5, 18)', '[18, 65)', '[65, 120)'])[np.arange(600) % 3]
    found = evaluate(score, target, ages, intervals=True)
    names = [k.split('/')[2] for k in found if k.endswith(')/a')]
    assert names == ['[5, 18)', '[18, 65)', '[65, 120)']
