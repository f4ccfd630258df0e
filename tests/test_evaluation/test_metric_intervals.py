"""Intervals, group means and average precision of the metrics."""

import numpy as np
import pytest
import torch
from mmengine.registry import METRICS
from sklearn.metrics import average_precision_score, roc_auc_score

from mmda.evaluation import PartialLabelAP, PartialLabelAUC
from mmda.evaluation.functional import delong_interval

NAN = float('nan')
CLASSES = ('a', 'b', 'c', 'd')


def make_samples(num=120, seed=0):
    """Source A annotates a, b, c; B annotates b, c; d is never annotated."""
    generator = np.random.default_rng(seed)
    target = (generator.random((num, 4)) < 0.3).astype(np.float32)
    score = generator.random((num, 4)).astype(np.float32)
    score = np.round((score + 0.3 * target) / 1.3, 2)
    target[:, 3] = NAN
    target[1::2, 0] = NAN
    return [
        dict(
            pred_score=torch.from_numpy(score[i]),
            gt_score=torch.from_numpy(target[i]),
            source='AB'[i % 2],
            patient_id=i // 4,
        )
        for i in range(num)
    ]


def evaluate(metric, samples, classes=CLASSES):
    metric.dataset_meta = dict(classes=classes)
    metric.process({}, samples)
    return metric.evaluate(len(samples))


def columns(samples, name, source=None):
    index = CLASSES.index(name)
    chosen = [s for s in samples if source in (None, s['source'])]
    target = np.array([float(s['gt_score'][index]) for s in chosen])
    score = np.array([float(s['pred_score'][index]) for s in chosen])
    rows = ~np.isnan(target)
    return target[rows], score[rows]


def test_delong_interval_is_given_per_class_and_source():
    samples = make_samples()
    found = evaluate(PartialLabelAUC(intervals=True), samples)
    for scope, source in (('', None), ('A/', 'A'), ('B/', 'B')):
        target, score = columns(samples, 'b', source)
        expected = delong_interval(score.astype(np.float32), target)
        key = f'auc/{scope}b'
        assert found[key] == pytest.approx(
            100 * roc_auc_score(target, score), abs=1e-9
        )
        assert found[f'{key}/delong_low'] == pytest.approx(100 * expected.low)
        assert found[f'{key}/delong_high'] == pytest.approx(
            100 * expected.high
        )
    assert 'auc/d/delong_low' not in found
    assert 'auc/B/a/delong_low' not in found


def test_confidence_widens_the_intervals():
    samples = make_samples()
    widths = []
    for confidence in (0.5, 0.95):
        found = evaluate(
            PartialLabelAUC(
                intervals=True, bootstrap=100, confidence=confidence
            ),
            samples,
        )
        widths.append(
            [
                found[f'auc/b/{kind}_high'] - found[f'auc/b/{kind}_low']
                for kind in ('delong', 'bootstrap')
            ]
        )
    assert np.all(np.array(widths[1]) > 1.5 * np.array(widths[0]))


def test_bootstrap_draws_whole_patients():
    samples = make_samples()
    for sample in samples[:]:  # every image four times, same patient
        sample['patient_id'] = id(sample)
    copies = [dict(s) for s in samples for _ in range(4)]
    once = evaluate(PartialLabelAUC(bootstrap=200), samples)
    often = evaluate(PartialLabelAUC(bootstrap=200), copies)
    for end in ('low', 'high'):
        key = f'auc/b/bootstrap_{end}'
        # Copies of an image bring no knowledge.
        assert often[key] == pytest.approx(once[key], abs=1e-9)
    for sample in copies:
        sample['patient_id'] = None
    alone = evaluate(PartialLabelAUC(bootstrap=200), copies)
    assert alone['auc/b/bootstrap_low'] > once['auc/b/bootstrap_low'] + 1


def test_bootstrap_encloses_every_mean_and_is_reproducible():
    samples = make_samples()
    options = dict(bootstrap=100, classes_of_interest=['a'])
    found = evaluate(PartialLabelAUC(**options), samples)
    for key in ('mean', 'mean_shared', 'mean_of_interest', 'A/mean', 'a'):
        low, high = (
            found[f'auc/{key}/bootstrap_{end}'] for end in ('low', 'high')
        )
        assert low < found[f'auc/{key}'] < high
    again = evaluate(PartialLabelAUC(**options), samples)
    assert {k: v for k, v in again.items() if v == v} == {
        k: v for k, v in found.items() if v == v
    }
    other = evaluate(PartialLabelAUC(**options, seed=1), samples)
    assert other['auc/a/bootstrap_low'] != found['auc/a/bootstrap_low']


def test_means_are_those_of_their_classes():
    found = evaluate(
        PartialLabelAUC(classes_of_interest=['a', 'c']), make_samples()
    )
    assert found['auc/mean_shared'] == pytest.approx(
        (found['auc/b'] + found['auc/c']) / 2
    )
    assert found['auc/mean_of_interest'] == pytest.approx(
        (found['auc/a'] + found['auc/c']) / 2
    )
    assert found['auc/B/mean_of_interest'] == found['auc/B/c']
    given = evaluate(PartialLabelAUC(shared_classes=['a']), make_samples())
    assert given['auc/mean_shared'] == given['auc/a']


def test_without_options_there_are_no_further_keys():
    samples = [s for s in make_samples() if s['source'] == 'A']
    found = evaluate(PartialLabelAUC(), samples)
    names = [f'{scope}{name}' for scope in ('', 'A/') for name in 'abc']
    expected = {'mean', 'num_classes', 'd', 'A/mean', *names}
    assert set(found) == {f'auc/{name}' for name in expected}


@pytest.mark.parametrize('metric', ['PartialLabelAUC', 'PartialLabelAP'])
def test_undefined_classes_are_nan_and_explained(metric, mm_log):
    samples = [
        dict(
            pred_score=torch.tensor([0.5, p, 0.5, 0.5]),
            gt_score=torch.tensor([1.0, y, 0.0, NAN]),
        )
        for p, y in ((0.5, 1.0), (0.5, 0.0), (0.5, 1.0), (0.5, 0.0))
    ]
    found = evaluate(METRICS.build(dict(type=metric)), samples)
    prefix = 'auc' if metric == 'PartialLabelAUC' else 'ap'
    assert found[f'{prefix}/b'] == found[f'{prefix}/mean'] == 50
    assert found[f'{prefix}/num_classes'] == 1
    assert all(np.isnan(found[f'{prefix}/{name}']) for name in 'acd')
    # The mean is over the one class where there is a value.
    for name, reason in (
        ('a', 'no negative among 4'),
        ('c', 'no positive among 4'),
        ('d', 'not annotated in any of 4'),
    ):
        assert f'{prefix}/{name} is undefined: {reason}' in mm_log.text
    assert f'{prefix}/b' not in mm_log.text


def test_perfect_separation_has_no_interval_and_says_so(mm_log):
    samples = [
        dict(pred_score=torch.tensor([p]), gt_score=torch.tensor([y]))
        for p, y in ((0.1, 0.0), (0.2, 0.0), (0.8, 1.0), (0.9, 1.0))
    ]
    metric = PartialLabelAUC(intervals=True, bootstrap=20)
    found = evaluate(metric, samples, ('a',))
    assert found['auc/a'] == 100
    for kind in ('delong', 'bootstrap'):
        assert np.isnan(found[f'auc/a/{kind}_low'])
        assert np.isnan(found[f'auc/a/{kind}_high'])
    for interval, reason in (
        ("DeLong's interval", 'perfectly'),
        ('bootstrap interval', 'all resamples give the same value'),
    ):
        (message,) = [
            m
            for m in mm_log.messages
            if interval in m and m.startswith('auc/a: ')
        ]
        assert message.endswith(reason)


def test_tied_scores_have_no_interval_and_are_not_called_perfect(mm_log):
    samples = [
        dict(pred_score=torch.tensor([0.3]), gt_score=torch.tensor([y]))
        for y in (0.0, 1.0, 0.0, 1.0)
    ]
    found = evaluate(PartialLabelAUC(intervals=True), samples, ('a',))
    assert found['auc/a'] == 50 and np.isnan(found['auc/a/delong_low'])
    assert 'undefined: all scores are tied' in mm_log.text
    assert 'perfectly' not in mm_log.text


@pytest.mark.parametrize('metric', [PartialLabelAUC, PartialLabelAP])
def test_the_bootstrap_without_patients_says_so_once(metric, mm_log, capsys):
    samples = [dict(s, patient_id=None) for s in make_samples(40)]
    evaluate(metric(bootstrap=20), samples)
    assert mm_log.text.count('`patient_id`. If') == 1
    assert '20/20' in capsys.readouterr().out  # progress
    mm_log.clear()
    evaluate(metric(bootstrap=20), make_samples(40))
    assert 'draws images' not in mm_log.text


def test_the_only_source_has_the_values_of_all_images():
    options = dict(intervals=True, bootstrap=50, classes_of_interest=['a'])
    of_a = [s for s in make_samples() if s['source'] == 'A']
    alone = evaluate(PartialLabelAUC(**options), of_a)
    # With a second source the first is measured on its own.
    both = evaluate(PartialLabelAUC(**options), make_samples())
    for key, value in alone.items():
        if key.startswith('auc/A/'):
            assert value == pytest.approx(both[key], nan_ok=True)
    of_a_in_both = {key for key in both if key.startswith('auc/A/')}
    assert {key for key in alone if key.startswith('auc/A/')} == {
        key for key in of_a_in_both if 'mean_shared' not in key
    }


def test_average_precision_equals_scikit_learn_per_source():
    samples = make_samples()
    found = evaluate(PartialLabelAP(classes_of_interest=['a']), samples)
    for scope, source in (('', None), ('A/', 'A'), ('B/', 'B')):
        target, score = columns(samples, 'c', source)
        assert found[f'ap/{scope}c'] == pytest.approx(
            100 * average_precision_score(target, score), abs=1e-9
        )
    assert np.isnan(found['ap/d'])
    assert found['ap/num_classes'] == 3
    assert found['ap/mean_of_interest'] == found['ap/a']


def test_average_precision_has_intervals_that_enclose_it():
    samples = make_samples()
    found = evaluate(PartialLabelAP(bootstrap=200), samples)
    for key in ('mean', 'mean_shared', 'a', 'A/b', 'B/c'):
        low, high = (
            found[f'ap/{key}/bootstrap_{end}'] for end in ('low', 'high')
        )
        assert low < found[f'ap/{key}'] < high
    assert 'ap/d/bootstrap_low' not in found
    assert 'ap/a/delong_low' not in found


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(bootstrap=-1), 'bootstrap=-1'),
        (dict(confidence=95), 'confidence=95'),
    ],
)
def test_options_out_of_range_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        PartialLabelAUC(**options)


@pytest.mark.parametrize('option', ['classes_of_interest', 'shared_classes'])
def test_unknown_class_names_the_option_and_the_nearest(option):
    metric = PartialLabelAUC(**{option: ['Effusoin']})
    samples = make_samples(8)
    with pytest.raises(ValueError, match=f"{option}.*nearest: 'Effusion'"):
        evaluate(metric, samples, ('Effusion', 'b', 'c', 'd'))
