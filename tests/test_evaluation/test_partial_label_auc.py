import math

import numpy as np
import pytest
import torch
from mmengine.evaluator import Evaluator
from mmengine.runner import ValLoop
from mmpretrain.structures import DataSample
from sklearn.metrics import roc_auc_score
from torch.utils.data import DataLoader, TensorDataset

from mmda.evaluation import PartialLabelAUC
from mmda.report.run_summary import metrics_table, split_metrics

NAN = float('nan')
CLASSES = ('a', 'b', 'c')


def make_answers(rows=120, classes=5, fraction=0.5, decimals=1, seed=0):
    """Scores with many ties, and targets annotated with a probability."""
    generator = np.random.default_rng(seed)
    target = generator.integers(0, 2, (rows, classes)).astype(np.float32)
    noisy = 0.3 * target + generator.random((rows, classes))
    score = (noisy / 1.3).round(decimals).astype(np.float32)
    target[generator.random((rows, classes)) > fraction] = NAN
    return score, target


def to_samples(score, target, sources=None):
    samples = []
    for row in range(len(score)):
        sample = dict(
            pred_score=torch.tensor(score[row]),
            gt_score=torch.tensor(target[row]),
        )
        if sources is not None:
            sample['source'] = sources[row]
        samples.append(sample)
    return samples


def evaluate(samples, classes=CLASSES, batch=4, metric=None):
    metric = metric or PartialLabelAUC()
    metric.dataset_meta = None if classes is None else dict(classes=classes)
    for start in range(0, len(samples), batch):
        metric.process({}, samples[start : start + batch])
    return metric.evaluate(len(samples))


def reference(score, target):
    """scikit-learn on what is annotated, class by class, in [0, 1]."""
    values = []
    for column in range(target.shape[1]):
        known = ~np.isnan(target[:, column])
        labels = target[known, column] > 0.5
        one_valued = labels.all() or not labels.any()
        values.append(
            NAN if one_valued else roc_auc_score(labels, score[known, column])
        )
    return np.array(values)


@pytest.mark.parametrize('fraction', [0.1, 0.5, 1.0])
@pytest.mark.parametrize('decimals', [1, 7])
def test_equals_scikit_learn_on_annotated_entries(fraction, decimals):
    score, target = make_answers(fraction=fraction, decimals=decimals)
    names = tuple('vwxyz')
    metrics = evaluate(to_samples(score, target), names)
    expected = reference(score, target)
    for name, value in zip(names, expected, strict=True):
        assert metrics[f'auc/{name}'] / 100 == pytest.approx(value, abs=1e-9)
    assert metrics['auc/mean'] / 100 == pytest.approx(
        expected.mean(), abs=1e-9
    )
    assert metrics['auc/num_classes'] == 5


def test_scores_of_unannotated_entries_do_not_matter():
    score, target = make_answers()
    other = np.where(np.isnan(target), 1 - score, score)
    names = tuple('vwxyz')
    assert evaluate(to_samples(score, target), names) == evaluate(
        to_samples(other, target), names
    )


def test_soft_labels_count_by_the_side_of_one_half():
    # 0.85 is positive, 0.3 and 0.5 are not: scores .9 > .2, .9 > .4.
    score = np.array([[0.9], [0.2], [0.4]], dtype=np.float32)
    target = np.array([[0.85], [0.3], [0.5]], dtype=np.float32)
    assert evaluate(to_samples(score, target), ('a',))['auc/a'] == 100


def test_each_source_has_values_of_its_own_over_its_classes():
    score, target = make_answers(classes=3, fraction=0.8)
    sources = ['A' if row % 3 else 'B' for row in range(len(score))]
    of_b = np.array([source == 'B' for source in sources])
    target[of_b, 0] = NAN  # B does not annotate a
    target[~of_b, 2] = NAN  # A does not annotate c
    metrics = evaluate(to_samples(score, target, sources))
    expected = {'': slice(None), 'A/': ~of_b, 'B/': of_b}
    annotated = {'': 'abc', 'A/': 'ab', 'B/': 'bc'}
    for scope, rows in expected.items():
        values = reference(score[rows], target[rows])
        for column, name in enumerate(CLASSES):
            key = f'auc/{scope}{name}'
            if name in annotated[scope]:
                assert metrics[key] / 100 == pytest.approx(
                    values[column], abs=1e-9
                )
            else:
                assert key not in metrics
        assert metrics[f'auc/{scope}mean'] / 100 == pytest.approx(
            np.nanmean(values), abs=1e-9
        )


def test_a_class_of_one_value_within_a_source_is_nan_there_alone(mm_log):
    score = np.array([[0.9], [0.1], [0.8]], dtype=np.float32)
    target = np.array([[1], [0], [1]], dtype=np.float32)
    metrics = evaluate(to_samples(score, target, ['A', 'A', 'B']), ('x',))
    assert metrics['auc/x'] == metrics['auc/A/x'] == 100
    assert math.isnan(metrics['auc/B/x'])
    assert math.isnan(metrics['auc/B/mean'])
    (message,) = mm_log.messages
    assert 'auc/B/x' in message and 'no negative' in message


def test_without_any_value_the_mean_is_nan_not_zero():
    target = np.full((3, 3), NAN, dtype=np.float32)
    metrics = evaluate(to_samples(np.zeros((3, 3), 'f4'), target))
    assert math.isnan(metrics['auc/mean'])
    assert metrics['auc/num_classes'] == 0


def test_nan_answers_give_nan_and_the_log_says_so(mm_log):
    score = np.array([[NAN, 0.9], [0.2, 0.1]], dtype=np.float32)
    target = np.array([[1, 1], [0, 0]], dtype=np.float32)
    metrics = evaluate(to_samples(score, target), ('a', 'b'))
    assert math.isnan(metrics['auc/a'])
    assert metrics['auc/b'] == 100
    assert any('auc/a' in m and 'NaN' in m for m in mm_log.messages)


def test_the_reason_is_logged_once_not_at_every_validation(mm_log):
    target = np.array([[1, 0], [0, 0]], dtype=np.float32)
    samples = to_samples(np.array([[0.9, 0], [0.1, 0]], 'f4'), target)
    metric = PartialLabelAUC()
    first = evaluate(samples, ('a', 'b'), metric=metric)
    second = evaluate(samples, ('a', 'b'), metric=metric)
    assert len([m for m in mm_log.messages if 'auc/b' in m]) == 1
    assert math.isnan(first['auc/b'])
    assert math.isnan(second['auc/b'])


def test_a_second_validation_starts_from_nothing():
    metric = PartialLabelAUC()
    score, target = make_answers(classes=3)
    evaluate(to_samples(1 - score, target), metric=metric)
    again = evaluate(to_samples(score, target), metric=metric)
    assert again == evaluate(to_samples(score, target))


def test_stock_labels_count_as_fully_annotated():
    scores = torch.tensor([[0.9, 0.2], [0.3, 0.4], [0.8, 0.6]])
    samples = [
        dict(pred_score=score, gt_label=torch.tensor([label]))
        for score, label in zip(scores, (0, 1, 0), strict=True)
    ]
    metrics = evaluate(samples, ('a', 'b'))
    # b: the positive, .4, is above .2 and below .6.
    assert (metrics['auc/a'], metrics['auc/b']) == (100, 50)


def test_what_the_runner_hands_over_is_understood():
    evaluator = Evaluator(dict(type='PartialLabelAUC'))
    evaluator.dataset_meta = dict(classes=CLASSES)
    score, target = make_answers(classes=3)
    sources = ['A', 'B'] * 60
    for row in range(len(score)):
        sample = DataSample(metainfo=dict(source=sources[row]))
        sample.set_pred_score(torch.tensor(score[row]))
        sample.set_gt_score(torch.tensor(target[row]))
        evaluator.process([sample], {})
    assert evaluator.evaluate(len(score)) == evaluate(
        to_samples(score, target, sources)
    )


def test_classes_without_names_are_numbered():
    score, target = make_answers(classes=3)
    metrics = evaluate(to_samples(score, target), None)
    names = ('mean', 'num_classes', 0, 1, 2)
    assert set(metrics) == {f'auc/{name}' for name in names}


def test_another_number_of_answers_than_classes_is_refused():
    score, target = make_answers(classes=3)
    with pytest.raises(ValueError, match=r"3 questions.*2 classes.*'a', 'b'"):
        evaluate(to_samples(score, target), ('a', 'b'))


@pytest.mark.parametrize('name', ['mean', 'num_classes', 'mean_shared'])
def test_a_class_named_like_a_key_is_refused_before_the_training(name):
    # A training builds the loop of its validation first.
    data = TensorDataset(torch.zeros(1))
    data.metainfo = dict(classes=(name, 'b'))
    loader, evaluator = DataLoader(data), Evaluator([PartialLabelAUC()])
    with pytest.raises(ValueError, match=f'a class is named {name!r}'):
        ValLoop(None, loader, evaluator)


def test_no_two_values_have_the_same_key():
    names = ('c', 'M/c', 'M', 'M/mean', 'x%2Fc', 'x/c', '50%', 'M/x/c')
    sources = ['M', 'M/x', 'x', '50%'] * 60
    score, target = make_answers(240, len(names), 1.0)
    metric = PartialLabelAUC(intervals=True)
    found = evaluate(to_samples(score, target, sources), names, 64, metric)
    values = len(names) * 3  # each AUC and its interval
    means = {'mean', 'mean_shared', 'num_classes'}
    assert len(found) == values + len(means) + 4 * (values + 1)
    overall, per_source = split_metrics(found, 'auc')
    assert set(overall) - means == set(names)
    for column, name in enumerate(names):
        expected = reference(score, target)[column] * 100
        assert overall[name] == pytest.approx(expected)
    for source in set(sources):
        rows = [row for row, s in enumerate(sources) if s == source]
        expected = reference(score[rows], target[rows]) * 100
        own = [per_source[source][name] for name in names]
        assert own == pytest.approx(expected.tolist())
    assert 'auc/M%2Fc' in found and 'auc/M/c' in found
    assert len(metrics_table(found, 'auc').splitlines()) == len(names) + 7


def test_many_undefined_classes_are_counted_in_the_log(mm_log):
    names = tuple(f'c{number}' for number in range(50))
    samples = to_samples(np.zeros((4, 50)), np.zeros((4, 50)), ['A', 'B'] * 2)
    evaluate(samples, names)
    lines = [line for line in mm_log.text.splitlines() if 'undefined' in line]
    assert len(lines) == 21
    assert 'auc: 130 more values of classes are undefined' in lines[-1]


def test_a_class_with_a_slash_is_marked_as_not_trained(mm_log):
    metric = PartialLabelAUC()
    metric.dataset_meta = dict(
        classes=('a', 'M/c'), untrained_classes=('M/c',)
    )
    sample = dict(pred_score=torch.rand(2), gt_score=torch.ones(2))
    metric.process({}, [sample, dict(sample, gt_score=torch.zeros(2))])
    metric.evaluate(2)
    said = 'auc/M%2Fc is undefined: the checkpoint does not know this class'
    assert said in mm_log.text
