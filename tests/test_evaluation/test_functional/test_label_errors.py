"""Which labels are suspicious, against scikit-learn and plain loops."""

import tracemalloc

import numpy as np
import pytest
from scipy.special import expit
from scipy.special import logit as logit_of
from sklearn.linear_model import LogisticRegression

from mmda.evaluation.functional import (
    label_errors,
    recalibrate,
    sure_answers,
)
from mmda.report.audit import Audit
from mmda.report.source_labels import SourceLabels


def noisy(num, seed=0, flipped=0.05):
    """Return answers, labels with errors and gaps, and the places of both."""
    generator = np.random.default_rng(seed)
    truth = generator.random(num) < 0.2
    logit = 2 * generator.normal(size=num) + 4 * truth - 1
    wrong = generator.random(num) < flipped
    target = (truth ^ wrong).astype(np.float32)
    target[generator.random(num) < 0.3] = np.nan
    return (1 / (1 + np.exp(-logit))).astype(np.float32), target, wrong


def platt(score, labels):
    """Calibrate by scikit-learn."""
    logit = logit_of(score.clip(1e-6, 1 - 1e-6).astype(float))[:, None]
    # Platt's soft targets, as rows of both labels with weights.
    yes = (labels.sum() + 1) / (labels.sum() + 2)
    no = 1 / ((~labels).sum() + 2)
    weight = np.where(labels, yes, no)
    model = LogisticRegression(C=1e9, tol=1e-10, max_iter=1000).fit(
        np.concatenate([logit, logit]),
        np.repeat([1, 0], len(logit)),
        np.concatenate([weight, 1 - weight]),
    )
    return model.predict_proba(logit)[:, 1]


def test_labels_are_ranked_as_platt_scaling_by_scikit_learn_ranks_them():
    score, target, wrong = noisy(3000)
    known = np.flatnonzero(~np.isnan(target))
    labels = target[known] > 0.5
    wanted = platt(score[known], labels)
    assert recalibrate(score, target)[known] == pytest.approx(wanted, abs=1e-4)
    own = np.where(labels, wanted, 1 - wanted)
    found = label_errors(score, target)
    assert set(found.rows) == set(known[own < 0.5])
    assert found.quality == pytest.approx(np.sort(own[own < 0.5]), abs=1e-4)
    assert (np.diff(found.quality) >= 0).all()
    assert wrong[found.rows].mean() > 5 * wrong.mean()


@pytest.mark.filterwarnings('error')
def test_outliers_do_not_lead_the_fit_astray():
    # A whole Newton step goes too far here.
    target = (np.arange(64) % 30 == 0).astype(np.float32)
    logit = np.random.default_rng(11).normal(size=64) + 6 * target
    logit[1] = -8
    score = expit(logit).astype(np.float32)
    wanted = platt(score, target > 0.5)
    assert recalibrate(score, target) == pytest.approx(wanted, abs=1e-3)


def test_a_model_with_one_answer_is_sure_of_nothing():
    target = np.array([[0.0], [1.0], [np.nan], [np.nan]])
    audit = Audit(
        ('a',),
        [SourceLabels('train', 'x', ('a',), target, np.zeros(1))],
        [None],
        np.full((4, 1), 0.5, np.float32),
    )
    assert not audit.sure(slice(None), audit.thresholds(0.05)).any()


def test_answers_that_know_nothing_become_the_prevalence():
    generator = np.random.default_rng(0)
    target = (np.arange(5000) % 10 == 0).astype(float)
    found = recalibrate(generator.random(5000), target)
    assert found == pytest.approx(np.full(5000, 0.1), abs=0.03)
    # Worse than chance: the answer may not turn round.
    found = recalibrate(0.9 - 0.8 * target, target)
    assert found == pytest.approx(np.full(5000, 0.1), abs=1e-2)


def test_perfect_answers_stay_finite_and_missing_ones_stay_missing():
    target = np.array([0.0, 1.0] * 40 + [np.nan])
    score = np.append(np.array([0.0, 1.0] * 40), np.nan)
    found = recalibrate(score, target)
    assert np.isfinite(found[:-1]).all() and np.isnan(found[-1])
    assert len(label_errors(score, target).rows) == 0


@pytest.mark.parametrize('label', [0.0, 1.0, np.nan])
def test_a_class_with_one_kind_of_label_has_no_errors(label):
    found = label_errors(np.array([0.1, 0.9]), np.full(2, label))
    assert not found.is_defined and not len(found.rows)
    assert np.isnan(
        sure_answers(np.array([0.1, 0.9]), np.full(2, label))
    ).all()


@pytest.mark.parametrize('share', [0.0, 0.05, 0.3])
def test_at_most_this_share_of_the_other_label_has_a_sure_answer(share):
    score, target, _ = noisy(2000, seed=1)
    low, high = sure_answers(score, target, share)
    positive, negative = score[target == 1], score[target == 0]
    if low == high:  # they crossed
        assert share == 0.3
        return
    assert (positive < low).mean() <= share < (positive <= high).mean()
    assert (negative > high).mean() <= share


def make_audit(num, classes, parts=1):
    pairs = [noisy(num, seed)[:2] for seed in range(classes)]
    score, target = (np.stack(x, 1) for x in zip(*pairs, strict=True))
    names = tuple(map(str, range(classes)))
    sources = [
        SourceLabels('train', 'x', names, block, np.zeros(classes))
        for block in np.split(target, parts)
    ]
    return Audit(names, sources, [None] * parts, score)


def test_a_million_images_need_less_than_200_megabytes():
    # A tenth of the images and of the rows, so a tenth of the memory.
    audit = make_audit(100_000, 14)
    kept = audit.score.nbytes + audit.target.nbytes
    tracemalloc.start()
    audit.contradicted(10_000)
    audit.thresholds(0.05)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert kept + peak < 20e6, (kept, peak)


def test_a_model_that_saw_no_positive_does_not_count():
    audit = make_audit(40, 2, parts=2)
    audit.sources[1].score[audit.sources[1].score[:, 0] > 0.5, 0] = 0
    audit.drop_unseen(['a', 'b'])
    assert np.isnan(audit.score[:20, 0]).all()
    assert not np.isnan(audit.score[20:]).any()
    (text,) = audit.warnings
    assert "class '0': part a has every positive" in text
