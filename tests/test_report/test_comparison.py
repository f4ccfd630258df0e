"""Two models on the same images: matching, tests, table and figure."""

import json

import numpy as np
import pytest
import torch
from matplotlib.image import imread
from prediction_samples import write_samples
from scipy.stats import ttest_ind
from sklearn.metrics import roc_auc_score

from mmda.commands.compare_runs import main
from mmda.evaluation.functional import delong_paired, holm
from mmda.report.comparison import Row, Test, compare
from mmda.report.comparison_report import (
    arrow,
    significant,
    to_json,
    to_markdown,
)
from mmda.report.predictions import (
    collect_predictions,
    match_predictions,
)

CLASSES = ('Mass', 'Nodule', 'Hernia', 'Edema')
NAN = float('nan')


def make_samples(strength, seed=0, num=160):
    """Two sources; Hernia has no positive, Edema one annotated source."""
    truth = np.random.default_rng(99)
    target = (truth.random((num, 4)) < 0.3).astype(np.float32)
    target[:, 2] = 0
    target[1::2, 3] = NAN
    generator = np.random.default_rng(seed)
    logit = generator.normal(size=(num, 4)) + strength * (target == 1)
    score = (1 / (1 + np.exp(-logit))).astype(np.float32)
    return [
        dict(
            pred_score=torch.from_numpy(score[i]),
            gt_score=torch.from_numpy(target[i].copy()),
            source='AB'[i % 2],
            sample_idx=i // 2,
            img_path=f'/data/{"AB"[i % 2]}/{i}.png',
            patient_id=i // 4,
        )
        for i in range(num)
    ]


def predictions(strength, seed=0, name='x.pkl'):
    return collect_predictions(make_samples(strength, seed), CLASSES, name)


def column(run, index):
    rows = ~np.isnan(run.target[:, index])
    return run.target[rows, index], run.score[rows, index]


def test_paired_tests_are_those_of_the_functions():
    a, b = predictions(0.5), predictions(1.5, seed=1)
    found = compare([a], [b], resamples=50)
    p_values = []
    for index in (0, 1, 3):
        target, score_a = column(a, index)
        _, score_b = column(b, index)
        row = found.rows[index]
        assert row.auc_a == pytest.approx(
            100 * roc_auc_score(target, score_a), abs=1e-9
        )
        assert row.positives == target.sum()
        assert row.positives + row.negatives == len(target)
        expected = delong_paired(score_a, score_b, target)
        assert row.delong.p == expected.p_value
        assert row.delong.low == pytest.approx(100 * expected.low)
        p_values.append(expected.p_value)
        assert row.bootstrap.low < row.gain < row.bootstrap.high
    adjusted = [found.rows[i].delong.p_holm for i in (0, 1, 3)]
    np.testing.assert_allclose(adjusted, holm(np.array(p_values)))
    by_bootstrap = [found.rows[i].bootstrap for i in (0, 1, 3)]
    np.testing.assert_allclose(
        [test.p_holm for test in by_bootstrap],
        holm(np.array([test.p for test in by_bootstrap])),
    )
    mean = found.rows[-1]
    assert mean.name == 'mean' and np.isnan(mean.bootstrap.p_holm)
    assert mean.auc_a == pytest.approx(
        np.mean([found.rows[i].auc_a for i in (0, 1, 3)])
    )
    assert mean.bootstrap.low < mean.gain < mean.bootstrap.high
    assert found.num_patients == 80  # 40 ids in each of two sources


def test_a_second_file_in_another_order_gives_the_same_result():
    a, samples = predictions(0.5), make_samples(1.5, 1)
    straight = collect_predictions(samples, CLASSES, 'b')
    mixed = [samples[i] for i in np.random.default_rng(0).permutation(160)]
    mixed = collect_predictions(mixed, CLASSES, 'b')
    found, expected = (
        to_json(compare([a], [b], 20), 'ab') for b in (mixed, straight)
    )
    assert found == expected


def test_seeds_are_compared_by_the_independent_t_test():
    first = [predictions(0.5, seed) for seed in range(3)]
    second = [predictions(0.8, seed) for seed in range(3, 7)]
    found = compare(first, second, resamples=0)
    values = [
        [100 * roc_auc_score(*column(run, 1)) for run in runs]
        for runs in (first, second)
    ]
    expected = ttest_ind(values[1], values[0])
    row = found.rows[1]
    assert row.seeds.p == pytest.approx(expected.pvalue)
    assert row.auc_a == pytest.approx(np.mean(values[0]))
    assert row.sd_b == pytest.approx(np.std(values[1], ddof=1))
    assert row.seeds.low < row.gain < row.seeds.high
    assert np.isnan(found.rows[1].bootstrap.p)
    mean = found.rows[-1]
    assert mean.gain == pytest.approx(
        np.mean([found.rows[i].gain for i in (0, 1, 3)])
    )
    assert '3 and 4 seeds' in to_markdown(found, ['a', 'b'])


def test_one_seed_and_an_empty_class_are_marked_and_never_zero():
    found = compare([predictions(0.5)], [predictions(1.5, 1)], 20)
    table = to_markdown(found, ['base', 'ours'])
    hernia = next(x for x in table.splitlines() if x.startswith('| Hernia'))
    assert hernia.count('n/a') == 7 and '0 / 160' in hernia
    assert 'Hernia: no positive among 160 annotated images' in table
    assert 't-test n/a: 1 and 1 seeds' in table
    plain = to_json(found, ['base', 'ours'])
    assert plain['rows'][2]['auc_a'] is None
    assert plain['rows'][0]['seeds']['p'] is None
    json.dumps(plain, allow_nan=False)


def test_without_a_bootstrap_the_star_is_from_delongs_test():
    found = compare([predictions(0)], [predictions(4, 1)], 0)
    table = to_markdown(found, ['base', 'ours'])
    assert f'(↑ {found.rows[0].gain:.1f})*' in table.splitlines()[2]
    assert "by DeLong's test if a model has one seed only" in table
    assert 'The bootstrap draws' not in table


def test_a_bar_in_a_name_is_no_end_of_a_cell():
    found = compare([predictions(0)], [predictions(1, 1)], 20)
    lines = to_markdown(found, ['a', 'b']).splitlines()
    found.rows[0].name = 'Mass|Nodule'
    changed = to_markdown(found, ['a', 'b']).splitlines()
    assert changed[2].replace(r'Mass\|Nodule', '').count('|') == (
        lines[2].count('|')
    )
    head = to_markdown(found, ['a|1', 'b']).splitlines()[0]
    assert head.replace(r'a\|1', '').count('|') == lines[0].count('|')


def test_equal_models_are_not_different():
    a = predictions(1)
    found = compare([a], [a], 50)
    for index in (0, 1, 3, 4):
        row = found.rows[index]
        assert row.gain == 0 and row.bootstrap.p == 1
        # An interval of length 0 says nothing.
        assert np.isnan([row.bootstrap.low, row.bootstrap.high]).all()
        assert 'all resamples give the same gain' in row.note
    assert found.rows[0].delong.p == 1
    assert '[+0.0, +0.0]' not in to_markdown(found, 'ab')
    assert '*' not in to_markdown(found, 'ab').split('\n\n')[0]


def test_a_real_gain_is_starred_with_an_arrow():
    found = compare([predictions(0)], [predictions(4, 1)], 500)
    table = to_markdown(found, ['base', 'ours'])
    mass = table.splitlines()[2]
    assert f'(↑ {found.rows[0].gain:.1f})*' in mass


def test_two_models_may_have_one_name():
    found = compare([predictions(0)], [predictions(1, 1)], 20)
    head = to_markdown(found, ['test', 'test']).splitlines()[0]
    assert 'A: test' in head and 'B: test' in head


def test_seeds_decide_where_there_are_any_then_the_bootstrap():
    yes, no = Test(p=0.001, p_holm=0.01), Test(p=0.001, p_holm=0.2)
    assert not significant(Row('a', seeds=no, bootstrap=yes, delong=yes))
    assert significant(Row('a', seeds=yes, bootstrap=no, delong=no))
    assert not significant(Row('a', bootstrap=no, delong=yes))
    assert significant(Row('a', delong=yes))
    assert not significant(Row('a'))
    assert significant(Row('mean', bootstrap=Test(p=0.03)))  # one test


@pytest.mark.parametrize(
    ('gain', 'text'), [(2.84, '↑ 2.8'), (-1.0, '↓ 1.0'), (0.04, '– 0.0')]
)
def test_arrows_follow_the_paper(gain, text):
    assert arrow(gain) == text


def test_files_without_patients_say_that_images_are_drawn():
    samples = make_samples(1)
    aid = 'No image has a `patient_id`'
    run = collect_predictions(samples, CLASSES, 'a')
    assert aid not in to_markdown(compare([run], [run], 20), 'ab')
    for sample in samples:
        sample['patient_id'] = None
    run = collect_predictions(samples, CLASSES, 'a')
    assert aid in to_markdown(compare([run], [run], 20), 'ab')


def test_entries_of_one_file_only_do_not_count():
    a, samples = predictions(0.5), make_samples(1.5, 1)
    for sample in samples[:40]:
        sample['gt_score'][0] = NAN
    b = collect_predictions(samples, CLASSES, 'b')
    row = compare([a], [b], 0).rows[0]
    assert row.positives + row.negatives == 120
    for first, other in ((a, b), (b, a)):
        matched = match_predictions(first, other)
        assert np.isnan(matched.target[:, 0]).sum() == 40


def test_different_images_are_an_error_that_names_one():
    samples = make_samples(1)
    for sample in samples[:6:2]:
        sample['source'] = 'C'
    other = collect_predictions(samples, CLASSES, 'other.pkl')
    with pytest.raises(ValueError, match='x.pkl and other.pkl hold different'):
        match_predictions(predictions(1), other)
    samples = make_samples(1)
    samples[5]['img_path'] = '/data/B/999.png'
    other = collect_predictions(samples, CLASSES, 'other.pkl')
    with pytest.raises(ValueError, match='2 of B is /data/B/5.png in the'):
        match_predictions(predictions(1), other)
    fewer = collect_predictions(make_samples(1)[:100], CLASSES, 'few.pkl')
    with pytest.raises(ValueError, match='60 of 160 are only in the first'):
        match_predictions(predictions(1), fewer)


def test_conflicting_annotations_are_an_error_that_names_the_entry():
    samples = make_samples(1)
    samples[6]['gt_score'][1] = 1 - samples[6]['gt_score'][1]
    other = collect_predictions(samples, CLASSES, 'other.pkl')
    with pytest.raises(ValueError, match="3 of A, class 'Nodule'"):
        match_predictions(predictions(1), other)


def test_the_same_path_root_is_not_needed():
    samples = make_samples(1, 1)
    for sample in samples:
        sample['img_path'] = sample['img_path'].replace('/data', '/mnt/x')
    other = collect_predictions(samples, CLASSES, 'other.pkl')
    np.testing.assert_array_equal(
        match_predictions(predictions(1), other).score, other.score
    )


def test_sources_without_a_name_are_told_apart_by_their_paths():
    def run(strength, root):
        samples = make_samples(strength)
        for sample in samples:  # every index twice
            del sample['source']
            sample['img_path'] = sample['img_path'].replace('/data', root)
        return samples

    a = collect_predictions(run(0.5, '/data'), CLASSES, 'a')
    moved = run(1, '/mnt/x')[::-1]
    b = collect_predictions(moved, CLASSES, 'b')
    matched = match_predictions(a, b)
    assert [p.removeprefix('/mnt/x') for p in matched.paths] == [
        p.removeprefix('/data') for p in a.paths
    ]
    samples = run(1, '/data')
    samples[1]['img_path'] = samples[0]['img_path']
    with pytest.raises(ValueError, match=r'image 0 \(A/0.png\) occurs twice'):
        collect_predictions(samples, CLASSES, 'a')


def test_the_command_writes_table_json_and_figure(tmp_path, capsys):
    for name, strength in (('a', 0.5), ('b', 2)):
        samples = make_samples(strength, seed=int(2 * strength))
        write_samples(tmp_path / f'{name}.npz', samples)
    out = tmp_path / 'out'
    files = [str(tmp_path / f'{name}.npz') for name in 'ab']
    options = ['--resamples', '50', '--out-dir', str(out)]
    main([*files, '--classes', *CLASSES, *options])
    found = json.loads((out / 'comparison.json').read_text())
    assert [row['name'] for row in found['rows']] == [*CLASSES, 'mean']
    assert '\n| Mass ' in (out / 'comparison.md').read_text()
    assert imread(out / 'forest.png').std() > 0.01
    assert (out / 'forest.pdf').stat().st_size > 1000
    with pytest.raises(SystemExit):
        main([files[0], str(tmp_path / 'none.npz'), *options])
    assert 'there are no predictions' in capsys.readouterr().err


def test_paths_that_differ_beyond_the_root_are_different_images():
    def run(pattern, name):
        samples = make_samples(1)
        for index, sample in enumerate(samples):
            sample['img_path'] = pattern.format(index)
        return collect_predictions(samples, CLASSES, name)

    first = run('/x/train/patient{}/view1_frontal.jpg', 'a')
    other = run('/x/train/patient9{}/view1_frontal.jpg', 'b')
    with pytest.raises(ValueError, match='a and b hold different images'):
        match_predictions(first, other)
    match_predictions(first, run('train/patient{}/view1_frontal.jpg', 'b'))


def test_the_mean_is_over_classes_that_all_runs_define():
    a, samples = predictions(0.5), make_samples(1.5, 1)
    samples[0]['pred_score'][0] = NAN
    b = collect_predictions(samples, CLASSES, 'b')
    for first, second in (([a], [b]), ([a, predictions(0.4, 5)], [a, b])):
        found = compare(first, second, resamples=20)
        mean = found.rows[-1]
        for side in ('auc_a', 'auc_b'):
            expected = np.mean([getattr(found.rows[i], side) for i in (1, 3)])
            assert getattr(mean, side) == pytest.approx(expected)
        assert found.rows[0].note == 'NaN in the scores'
        assert mean.note == 'without Mass (NaN in the scores)'


def test_one_file_given_twice_is_no_second_seed():
    a, b = predictions(0.5, name='a'), predictions(1, 1, name='b')
    again = predictions(0.5, name='again')
    with pytest.raises(ValueError, match='a and again hold the same scores'):
        compare([a, again], [b, predictions(1, 2)], 0)
    with pytest.raises(ValueError, match='b and b hold the same scores'):
        compare([a, predictions(1, 2)], [b, b], 0)


def test_classes_without_names_are_marked_as_such():
    run = collect_predictions(make_samples(1), None, 'a')
    assert to_json(compare([run], [run], 0), 'ab')['named'] is False
    run = predictions(1)
    assert to_json(compare([run], [run], 0), 'ab')['named'] is True
