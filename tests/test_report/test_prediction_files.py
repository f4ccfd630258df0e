"""Files of predictions: what a test writes is what is read, and no code."""

import json
import os
import pickle

import numpy as np
import pytest
import torch
from prediction_samples import write_samples

from mmda.commands import compare_runs
from mmda.report.prediction_files import load_predictions

NAN = float('nan')


def make_samples():
    """Four images of two sources, as a test of a wrapper gives them."""
    return [
        dict(
            pred_score=torch.tensor([0.1 * i, 0.5, 0.9]),
            gt_score=torch.tensor([i % 2, NAN, 1.0]),
            source='AB'[i % 2],
            sample_idx=np.int64(i // 2),
            img_path=f'/data/{"AB"[i % 2]}/bild_{i}_\u00e4.png',
            patient_id='000012345678901234567890' if i else None,
        )
        for i in range(4)
    ]


def write_pickle(path, content):
    path.write_bytes(pickle.dumps(content))
    return path


def test_what_is_written_is_read(tmp_path):
    samples, run = make_samples(), dict(checkpoint='a.pth', split='val')
    path = write_samples(tmp_path / 'p.npz', samples, run, classes='abc')
    found = load_predictions(path)
    assert (found.classes, found.named) == (('a', 'b', 'c'), True)
    assert found.run == run
    for key in ('pred_score', 'gt_score'):
        expected = torch.stack([sample[key] for sample in samples]).numpy()
        mine = found.score if key == 'pred_score' else found.target
        np.testing.assert_array_equal(mine, expected)
        assert mine.dtype == np.float32
    assert found.keys == (('A', 0), ('B', 0), ('A', 1), ('B', 1))
    assert found.paths == tuple(s['img_path'] for s in samples)
    assert found.patients == tuple(s['patient_id'] for s in samples)
    # The pickle of the stock metric gives the same, where it is allowed.
    other = load_predictions(
        write_pickle(tmp_path / 'p.pkl', samples), 'abc', unsafe_load=True
    )
    np.testing.assert_array_equal(other.target, found.target)
    assert (other.keys, other.patients) == (found.keys, found.patients)


def test_a_name_that_is_no_utf_8_is_written_and_read(tmp_path):
    samples = make_samples()
    for number, sample in enumerate(samples):
        sample['img_path'] = os.fsdecode(b'caf\xe9%d.png' % number)
    path = write_samples(tmp_path / 'p.npz', samples, {}, classes='abc')
    found = load_predictions(path)
    assert found.paths == tuple(s['img_path'] for s in samples)


def test_a_class_that_the_checkpoint_did_not_know_is_not_annotated(
    tmp_path, mm_log
):
    path = write_samples(
        *(tmp_path / 'p.npz', make_samples()),
        **dict(classes='abc', untrained_classes=('c',)),
    )
    found = load_predictions(path)
    assert np.isnan(found.target[:, 2]).all()
    assert not np.isnan(found.target[:, 0]).any()
    assert "does not know the classes ['c']" in mm_log.text


def test_other_classes_than_those_of_the_file_are_refused(tmp_path):
    path = write_samples(tmp_path / 'p.npz', make_samples(), classes='abc')
    with pytest.raises(ValueError, match=r"classes \('a', 'b', 'c'\), exp"):
        load_predictions(path, 'acb')
    path = write_samples(tmp_path / 'p.npz', make_samples())
    assert not load_predictions(path).named
    with pytest.raises(ValueError, match='3 answers per image, expected 2'):
        load_predictions(path, 'ab')


@pytest.mark.parametrize(
    ('keys', 'value', 'message'),
    [
        (('classes',), 3, 'classes: found 3'),
        (('classes',), ['a', 'b', 3], 'classes: found'),
        (('run',), [], r'run: found \[\]'),
        (('run', 'digest'), 3, "run: found {'digest': 3"),
        (('images', 'source'), [{}] * 4, 'images.source: found {}'),
        (('images', 'img_path'), [1] * 4, 'images.img_path: found 1'),
    ],
)
def test_facts_of_another_kind_are_refused(tmp_path, keys, value, message):
    path = write_samples(tmp_path / 'p.npz', make_samples())
    with np.load(path) as arrays:
        whole = dict(arrays)
    about = node = json.loads(whole['about'].tobytes())
    for key in keys[:-1]:
        node = node[key]
    node[keys[-1]] = value
    whole['about'] = np.frombuffer(json.dumps(about).encode(), np.uint8)
    np.savez(path, **whole)
    with pytest.raises(ValueError, match=f'p.npz: expected what.*{message}'):
        load_predictions(path)


@pytest.mark.parametrize('kind', ['U1', 'S1', 'M8[s]', 'complex64', '>f8'])
def test_only_floats_are_answers(tmp_path, kind):
    path = write_samples(tmp_path / 'p.npz', make_samples())
    with np.load(path) as arrays:
        whole = dict(arrays)
    np.savez(path, **{**whole, 'score': np.zeros((4, 3), kind)})
    if kind == '>f8':
        assert load_predictions(path).score.dtype == np.float32
        return
    with pytest.raises(ValueError, match='p.npz: expected what.*score is'):
        load_predictions(path)


def test_files_that_are_no_predictions_are_refused(tmp_path):
    path = tmp_path / 'p.npz'
    with pytest.raises(FileNotFoundError, match='no predictions'):
        load_predictions(path)
    write_samples(path, make_samples())
    with np.load(path) as arrays:
        whole = dict(arrays)
    about = json.loads(whole['about'].tobytes())
    about['images']['source'].pop()
    for change, message in (
        (dict(score=whole['score'][:, 0]), 'score is'),
        (dict(target=whole['target'][:2]), r'target \(2, 3\)'),
        (dict(score=np.array([[{}]])), 'Object arrays cannot be loaded'),
        (dict(about=np.frombuffer(b'{', np.uint8)), 'JSONDecodeError'),
        (dict(about=np.frombuffer(b'{}', np.uint8)), 'KeyError'),
        (
            dict(about=np.frombuffer(json.dumps(about).encode(), np.uint8)),
            'zip',
        ),
    ):
        np.savez(path, **{**whole, **change})
        with pytest.raises(ValueError, match=f'(?s)expected what.*{message}'):
            load_predictions(path)
    for text in (b'no archive', b'', b'class,auc\na,3\n', pickle.dumps([])):
        path.write_bytes(text)
        with pytest.raises(ValueError, match='expected what `mmda test --out'):
            load_predictions(path)


def test_pickles_that_are_no_predictions_are_refused(tmp_path):
    path = tmp_path / 'p.pkl'
    for content, message in (
        (dict(auc=1), 'found dict'),
        ([], 'an empty list'),
        ([dict(gt_label=1)], 'image 0: no `pred_score`'),
        ([dict(pred_score=torch.zeros(2))], 'image 0: neither gt_score'),
        (make_samples()[:1] * 2, r'0 of A occurs twice|occurs twice'),
    ):
        write_pickle(path, content)
        with pytest.raises(ValueError, match=message):
            load_predictions(path, unsafe_load=True)
    path.write_bytes(b'class,auc\na,3\n')  # 'c' imports a module
    with pytest.raises(ValueError, match='expected what'):
        load_predictions(path, unsafe_load=True)


def test_names_of_the_file_make_the_comparison(tmp_path, capsys):
    files = [
        write_samples(tmp_path / f'{name}.npz', make_samples(), classes='abc')
        for name in 'xy'
    ]
    compare_runs.main(
        [*files, '--resamples', '0', '--out-dir', str(tmp_path / 'out')]
    )
    found = json.loads((tmp_path / 'out/comparison.json').read_text())
    assert [row['name'] for row in found['rows']] == [*'abc', 'mean']
    assert 'classes are indices' not in capsys.readouterr().out
