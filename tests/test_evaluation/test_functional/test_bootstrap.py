"""The bootstrap against explicit resampling, and its coverage."""

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.metrics import average_precision_score, roc_auc_score

from mmda.evaluation.functional import bootstrap as module
from mmda.evaluation.functional import (
    bootstrap_p_value,
    number_clusters,
    percentile_interval,
    resample,
)


def make_patients(seed, num_patients=40, images=3, effect=1.0):
    """Images of a patient share its label and a part of its score."""
    generator = np.random.default_rng(seed)
    label = np.arange(num_patients) % 3 == 0
    shift = effect * generator.normal(size=num_patients) + label
    patient = np.repeat(np.arange(num_patients), images)
    noise = 0.5 * generator.normal(size=len(patient))
    return shift[patient] + noise, label[patient].astype(float), patient


@pytest.mark.parametrize('levels', [None, 2])
@pytest.mark.parametrize(
    ('measure', 'reference'),
    [('auc', roc_auc_score), ('ap', average_precision_score)],
)
def test_resamples_equal_scikit_learn_on_repeated_images(
    measure, reference, levels
):
    generator = np.random.default_rng(0)
    num, num_classes, repeats = 60, 3, 25
    clusters = generator.integers(0, 20, num)
    clusters = number_clusters(clusters.tolist())
    target = (generator.random((num, num_classes)) < 0.4).astype(float)
    target[generator.random(target.shape) < 0.3] = np.nan
    scores = generator.normal(size=(2, num, num_classes))
    if levels:
        scores = np.round(scores * levels)
    found = resample(measure, scores, target, clusters, repeats, seed=3)

    groups = clusters.max() + 1
    drawn = np.random.default_rng(3).integers(groups, size=(repeats, groups))
    for r, patients in enumerate(drawn):
        rows = np.concatenate(
            [np.flatnonzero(clusters == p) for p in patients]
        )
        for m in range(2):
            for c in range(num_classes):
                kept = rows[~np.isnan(target[rows, c])]
                expected = reference(target[kept, c], scores[m, kept, c])
                assert found[r, m, c] == pytest.approx(expected, abs=1e-9)


def test_chunks_change_nothing(monkeypatch):
    score, target, patient = make_patients(0)
    done = []
    whole = resample('auc', score[None, :, None], target[:, None], patient, 50)
    monkeypatch.setattr(module, '_CHUNK', 7 * len(score))
    parts = resample(
        'auc',
        score[None, :, None],
        target[:, None],
        patient,
        50,
        progress=done.append,
    )
    np.testing.assert_array_equal(whole, parts)
    assert sum(done) == 50 and len(done) > 1


def make_two_models(seed, gain, num_patients=60, images=4):
    """Two models that share a part of each patient's effect."""
    generator = np.random.default_rng(seed)
    label = np.arange(num_patients) % 3 == 0
    common, own_a, own_b = generator.normal(size=(3, num_patients))
    patient = np.repeat(np.arange(num_patients), images)
    noise = 0.3 * generator.normal(size=(2, len(patient)))
    shifts = [
        label + 0.8 * common + 0.6 * own_a,
        (1 + gain) * label + 0.8 * common + 0.6 * own_b,
    ]
    scores = np.stack([shift[patient] for shift in shifts]) + noise
    return scores[..., None], label[patient][:, None].astype(float), patient


def test_the_paired_bootstrap_covers_the_true_gain_and_rejects_by_its_level():
    # Of each model positives are apart by d, with a variance of 1 + 0.09:
    # AUC = Phi(d / sqrt(2.18)).
    repeats = 150
    for gain in (0.0, 0.6):
        truth = norm.cdf((1 + gain) / 2.18**0.5) - norm.cdf(1 / 2.18**0.5)
        covered = dict(patients=0, images=0)
        rejected = 0
        for seed in range(repeats):
            scores, target, patient = make_two_models(seed, gain)
            for name, clusters in dict(
                patients=patient, images=np.arange(len(patient))
            ).items():
                sample = resample('auc', scores, target, clusters, 200, seed)
                gains = sample[:, 1, 0] - sample[:, 0, 0]
                low, high = percentile_interval(gains)
                covered[name] += low <= truth <= high
                if name == 'patients':
                    rejected += bootstrap_p_value(gains) < 0.05
        assert 0.90 <= covered['patients'] / repeats <= 0.985
        assert covered['images'] / repeats < 0.8
        if gain:
            assert rejected / repeats > 0.3  # it can see a gain
        else:
            assert 0.01 <= rejected / repeats <= 0.1


def test_a_patient_is_known_by_source_and_id():
    numbers = number_clusters([1, 2, 1, 1], ['A', 'A', 'B', 'A'])
    assert numbers.tolist() == [0, 1, 2, 0]


def test_images_without_a_patient_stand_alone():
    numbers = number_clusters([None, 'p', float('nan'), '', 'p', None])
    assert numbers.tolist() == [0, 1, 2, 3, 1, 4]


def test_image_number_and_patient_id_are_not_confused():
    # Image 0 has no patient, image 1 has patient 0.
    assert number_clusters([None, 0, 0]).tolist() == [0, 1, 1]


@pytest.mark.parametrize('measure', ['auc', 'ap'])
@pytest.mark.parametrize('rare', [0, 1])
def test_a_sample_of_one_value_is_nan(measure, rare):
    score = np.arange(6.0)[None, :, None]
    target = np.array([rare, *[1 - rare] * 5])[:, None]
    found = resample(measure, score, target, np.arange(6), 200)
    missing = np.isnan(found).mean()
    assert missing == pytest.approx((5 / 6) ** 6, abs=0.1)


def test_interval_needs_half_of_the_samples():
    few = np.array([np.nan, np.nan, 0.5, 0.6])
    assert np.isnan(percentile_interval(few)).all()
    assert not np.isnan(percentile_interval(few[1:])).any()


def test_class_without_annotation_or_with_nan_score_is_nan():
    score = np.array([[0.1, 0.2, 0.3], [0.3, np.nan, 0.1]])
    target = np.array([[np.nan, 0, 0], [np.nan, 1, 1]])
    found = resample('auc', score[None], target, np.arange(2), 20)
    assert np.isnan(found[:, 0, :2]).all()
    assert not np.isnan(found[:, 0, 2]).all()


def test_p_value_counts_the_smaller_tail_twice():
    differences = np.array([[0.1, -1.0, np.nan]] * 9 + [[-0.1, -1, np.nan]])
    p_value = bootstrap_p_value(differences)
    np.testing.assert_allclose(p_value[:2], [4 / 11, 2 / 11])
    assert np.isnan(p_value[2])
