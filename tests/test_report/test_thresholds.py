"""Thresholds and calibration against scikit-learn and plain loops."""

import json
import shutil

import numpy as np
import pytest
import torch
from digits_run import train_digits
from matplotlib.image import imread
from prediction_samples import write_samples
from sklearn.metrics import f1_score, precision_recall_curve, roc_curve

from mmda.apis.partial_label_inferencer import PartialLabelInferencer
from mmda.commands import test as test_command
from mmda.commands.thresholds import main
from mmda.evaluation.functional import choose_threshold, reliability
from mmda.report.checkpoint_record import checkpoint_record, split_tested
from mmda.report.predictions import collect_predictions
from mmda.report.thresholds import (
    choose_thresholds,
    read_thresholds,
)

NAN = float('nan')
INNER = 'test_dataloader.dataset.dataset'


def make_data(seed, levels=None, num=200):
    generator = np.random.default_rng(seed)
    target = (generator.random(num) < 0.3).astype(float)
    score = 1 / (1 + np.exp(-generator.normal(size=num) - 1.5 * target))
    return np.round(score * levels) / levels if levels else score, target


@pytest.mark.parametrize('levels', [None, 8])
@pytest.mark.parametrize('seed', range(4))
def test_youden_equals_that_of_scikit_learns_curve(seed, levels):
    score, target = make_data(seed, levels)
    fpr, tpr, thresholds = roc_curve(target, score, drop_intermediate=False)
    found = choose_threshold(score, target, 'youden')
    best = np.max(tpr - fpr)
    assert found.sensitivity + found.specificity - 1 == pytest.approx(best)
    assert found.threshold == thresholds[np.argmax(np.round(tpr - fpr, 12))]


@pytest.mark.parametrize('levels', [None, 8])
@pytest.mark.parametrize('seed', range(4))
def test_f1_equals_the_best_of_scikit_learns_curve(seed, levels):
    score, target = make_data(seed, levels)
    precision, recall, _ = precision_recall_curve(target, score)
    best = np.max(
        2 * precision * recall / np.maximum(precision + recall, 1e-9)
    )
    found = choose_threshold(score, target, 'f1')
    assert found.f1 == pytest.approx(best)
    assert found.f1 == pytest.approx(
        f1_score(target, score >= found.threshold)
    )


@pytest.mark.parametrize('wanted', [0.5, 0.9, 1.0])
@pytest.mark.parametrize('levels', [None, 8])
def test_fixed_sensitivity_is_met_by_the_highest_threshold(wanted, levels):
    score, target = make_data(0, levels)
    found = choose_threshold(score, target, 'sensitivity', wanted)
    reached = {
        t: (score[target == 1] >= t).mean() for t in np.unique(score).tolist()
    }
    assert found.threshold == max(t for t, s in reached.items() if s >= wanted)
    assert found.sensitivity == pytest.approx(reached[found.threshold])
    passed = (score[target == 0] < found.threshold).mean()
    assert found.specificity == pytest.approx(passed)


def test_no_threshold_without_both_values():
    for target in ([0, 0], [1, 1]):
        found = choose_threshold(np.array([0.2, 0.7]), np.array(target))
        assert np.isnan(found).all()
    assert np.isnan(
        choose_threshold(np.array([NAN, 0.7]), np.array([0, 1]))
    ).all()
    with pytest.raises(ValueError, match="found 'best'"):
        choose_threshold(np.ones(2), np.ones(2), 'best')
    with pytest.raises(ValueError, match='sensitivity=90'):
        choose_threshold(np.ones(2), np.ones(2), 'sensitivity', 90)


@pytest.mark.parametrize('num_bins', [1, 7, 10])
def test_calibration_error_equals_a_loop_over_annotated_entries(num_bins):
    generator = np.random.default_rng(3)
    score = generator.random((150, 3))
    score[:4, 0] = [0, 1, 0.5, 0.999999]
    target = (generator.random((150, 3)) < score).astype(float)
    target[generator.random((150, 3)) < 0.4] = NAN
    bins = [[] for _ in range(num_bins)]
    for p, y in zip(score.ravel(), target.ravel(), strict=True):
        if y == y:
            bins[min(int(p * num_bins), num_bins - 1)].append((p, y))
    total = sum(map(len, bins))
    expected = 0.0
    for entries in bins:
        if entries:
            gap = np.mean([p for p, _ in entries])
            gap -= np.mean([y for _, y in entries])
            expected += len(entries) / total * abs(gap)
    found = reliability(score, target, num_bins)
    assert found.ece == pytest.approx(expected)
    assert found.num.tolist() == [len(entries) for entries in bins]


def test_nothing_annotated_has_no_calibration():
    found = reliability(np.ones(3), np.full(3, NAN))
    assert np.isnan(found.ece) and found.num.sum() == 0
    assert np.isnan(found.confidence).all()


def test_the_command_leaves_thresholds_beside_the_checkpoint(tmp_path, capsys):
    run = train_digits()
    checkpoint = tmp_path / 'model.pth'
    checkpoint.write_bytes((run / 'epoch_2.pth').read_bytes())
    score, target = make_data(1)
    samples = [
        dict(
            pred_score=torch.full((7,), float(score[i])),
            gt_score=torch.tensor([target[i], NAN, 0, 1, *[target[i]] * 3]),
            sample_idx=i,
        )
        for i in range(200)
    ]
    write_samples(tmp_path / 'val.npz', samples)
    arguments = [str(run / 'config.py'), str(checkpoint)]
    main([*arguments, str(tmp_path / 'val.npz'), '--method', 'f1'])
    path = tmp_path / 'model.thresholds.json'
    content = json.loads(path.read_text())
    expected = choose_threshold(score.astype(np.float32), target, 'f1')
    entry = content['classes']['1']
    assert entry['threshold'] == pytest.approx(expected.threshold)
    assert set(entry['methods']) == {'youden', 'sensitivity', 'f1'}
    ece = reliability(score.astype(np.float32), target).ece
    assert entry['ece'] == pytest.approx(ece)
    assert content['classes']['2']['threshold'] is None
    assert content['classes']['2']['note'].startswith('not annotated')
    assert 'no positive' in content['classes']['3']['note']
    assert 'no negative' in content['classes']['4']['note']
    assert set(read_thresholds(path)) == {'1', '5', '6', '7'}
    assert imread(tmp_path / 'model.thresholds.reliability.png').std() > 0.01
    inferencer = PartialLabelInferencer(run / 'config.py', checkpoint)
    assert inferencer.thresholds == read_thresholds(path)
    with pytest.raises(SystemExit):
        main([str(run / 'config.py'), 'none.pth', str(tmp_path / 'val.npz')])
    assert 'there is no checkpoint none.pth' in capsys.readouterr().err


def write_predictions(path, **run):
    samples = [
        dict(
            pred_score=torch.full((7,), score),
            gt_score=torch.full((7,), float(score > 0.5)),
            sample_idx=i,
        )
        for i, score in enumerate((0.2, 0.4, 0.6, 0.8))
    ]
    return write_samples(path, samples, run)


def test_thresholds_belong_to_a_checkpoint_and_a_split(tmp_path, capsys):
    run = train_digits()
    checkpoint, other = tmp_path / 'a.pth', tmp_path / 'b.pth'
    content = torch.load(run / 'epoch_2.pth', weights_only=False)
    torch.save(content, checkpoint)
    content['state_dict']['head.classifier.bias'] += 1
    torch.save(content, other)
    config = str(run / 'config.py')
    digest = checkpoint_record(checkpoint)['digest']
    assert digest != checkpoint_record(other)['digest']
    record = dict(checkpoint='a.pth', digest=digest)
    file = write_predictions(tmp_path / 'val.npz', **record, split='val')
    capsys.readouterr()  # of the training, if it is the first of the process
    main([config, str(checkpoint), file])
    assert 'WARNING' not in capsys.readouterr().out
    path = tmp_path / 'a.thresholds.json'
    stored = json.loads(path.read_text())
    assert (stored['checkpoint'], stored['digest']) == ('a.pth', digest)
    assert stored['split'] == 'val'
    with pytest.raises(SystemExit):
        main([config, str(other), file])
    said = capsys.readouterr().err
    assert 'val.npz' in said and 'a.pth' in said
    assert not (tmp_path / 'b.thresholds.json').exists()
    main([config, str(checkpoint), write_predictions(tmp_path / 'old.npz')])
    assert 'old.npz' in capsys.readouterr().out
    file = write_predictions(tmp_path / 'test.npz', **record, split='test')
    main([config, str(checkpoint), file])
    assert 'test.npz' in capsys.readouterr().out
    # The same name, other weights: those of a training that went on.
    PartialLabelInferencer(config, checkpoint)
    shutil.copy(other, checkpoint)
    with pytest.raises(ValueError, match=r'a\.thresholds\.json.*a\.pth'):
        PartialLabelInferencer(config, checkpoint)
    PartialLabelInferencer(config, other, thresholds=path)
    assert 'a.thresholds.json' in capsys.readouterr().out


def test_the_split_that_is_tested_is_known():
    run = train_digits()
    parser = test_command.make_parser()
    command = [str(run / 'config.py'), str(run / 'epoch_2.pth')]
    for options, split in (
        ([], 'test'),
        (['--split', 'val'], 'val'),
        (['--cfg-options', f'{INNER}.split=val'], 'val'),
        (['--cfg-options', f'{INNER}.split=train'], 'test'),  # all of them
    ):
        args = parser.parse_args([*command, *options])
        cfg = test_command.merge_args(args)
        assert split_tested(cfg) == split
        # The page of the work directory stays that of the test.
        is_off = cfg.default_hooks.get('run_report', 'stock') is None
        assert is_off == ('--split' in options)
    none = 'val_dataloader=None'
    args = [*command, '--split', 'val', '--cfg-options', none]
    with pytest.raises(ValueError, match='has no val_dataloader'):
        test_command.merge_args(parser.parse_args(args))


@pytest.mark.parametrize(('wrong', 'text'), [(NAN, 'nan'), (-2.5, '-2.5')])
def test_scores_that_are_no_probabilities_are_named(wrong, text):
    samples = [
        dict(pred_score=torch.tensor([0.2, 0.4]), gt_score=torch.eye(2)[i])
        for i in range(2)
    ]
    samples[1]['pred_score'][1] = wrong
    found = collect_predictions(samples, ['a', 'b'], 'v.npz')
    message = f"v.npz, image 1, class 'b': found the score {text}"
    with pytest.raises(ValueError, match=message):
        choose_thresholds(found)
    with pytest.raises(ValueError, match=f'found the score {text}'):
        reliability(found.score, found.target)


def test_the_lowest_score_of_a_positive_counts_as_found_last():
    score, target = np.array([0.1, 0.2, 0.6, 0.9]), np.array([1, 0, 0, 1])
    found = choose_threshold(score, target)
    assert (found.threshold, found.sensitivity) == (0.9, 0.5)
    assert found.specificity == 1
    with pytest.raises(ValueError, match='sensitivity=-0.1'):
        choose_threshold(score, target, 'sensitivity', -0.1)


def test_a_bin_without_answers_has_no_frequency():
    found = reliability(np.array([0.05, 0.05, 0.95]), np.array([0, 1, 1]))
    assert (found.frequency[0], found.frequency[-1]) == (0.5, 1)
    assert np.isnan(found.frequency[1:-1]).all()


def test_equal_scores_without_end_are_one_threshold():
    score = np.array([np.inf, np.inf, 0.5, -np.inf, -np.inf])
    found = choose_threshold(score, np.array([1, 0, 0, 1, 0]))
    assert found == (np.inf, 0.5, pytest.approx(2 / 3), 0.5)
