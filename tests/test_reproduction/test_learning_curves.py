import json
import re

import pytest
from reproduction import learning_curves
from reproduction.learning_curves import curve, main

NAN = float('nan')


def write_log(folder, started, rows):
    path = folder / started / 'vis_data' / 'scalars.json'
    path.parent.mkdir(parents=True)
    path.write_text('\n'.join(json.dumps(row) for row in rows) + '\n')


@pytest.fixture
def seeds(tmp_path):
    for seed, last in enumerate((0.2, 0.4)):
        rows = [
            dict(step=10, iter=10, loss=1.0, answer=0.5),
            # mmengine's step of a validation is the epoch.
            dict(step=0, **{'auc/6': 90.0 + seed}),
            dict(step=20, iter=20, loss=0.5, answer=last),
        ]
        write_log(tmp_path / f'seed_{seed}', '20260102_000000', rows)
    # An older log of the same folder does not count.
    old = [dict(step=10, answer=9.0)]
    write_log(tmp_path / 'seed_0', '20260101_000000', old)
    return tmp_path


def test_a_curve_is_mean_and_spread_over_the_runs(seeds):
    folders = sorted(seeds.glob('seed_*'))
    found = curve(folders, 'answer')
    assert found.index.tolist() == [10, 20]
    assert found['mean'].tolist() == pytest.approx([0.5, 0.3])
    assert found['std'].tolist() == pytest.approx([0, 0.02**0.5])
    validated = curve(folders, 'auc/6')
    assert validated['mean'].tolist() == [90.5]
    assert validated.index.tolist() == [10]
    assert curve(folders[:1], 'answer')['std'].tolist() == [0, 0]


def test_a_panel_has_its_title_in_words(seeds, monkeypatch):
    drawn = []
    monkeypatch.setattr(
        learning_curves, 'save_figure', lambda figure, _: drawn.append(figure)
    )
    folders = {'recipe': sorted(seeds.glob('seed_*'))}
    learning_curves.draw_learning_curves(folders, ['auc/6', 'answer'], None)
    titles = [axes.get_title() for axes in drawn[0].axes]
    assert titles == ['AUC of 6', 'answer']


def test_runs_of_different_lengths_are_not_averaged(seeds):
    rows = [dict(step=10, iter=10, answer=0.5)]
    write_log(seeds / 'seed_2', '20260102_000000', rows)
    folders = sorted(seeds.glob('seed_*'))
    with pytest.raises(ValueError, match='seed_2 logged .* 1 times'):
        curve(folders, 'answer')


def test_the_command_draws_and_prints_the_ends(seeds, capsys):
    out = seeds / 'figure' / 'curves.png'
    runs = f'recipe={seeds}/seed_*'
    main([runs, '--keys', 'answer', 'loss', '--out', str(out)])
    assert out.is_file() and out.with_suffix('.pdf').is_file()
    printed = capsys.readouterr()
    assert '0.300 +- 0.141 (iteration 20)' in printed.out + printed.err
    # As a shell expands `recipe=DIR/seed_{0,1}`.
    runs = [f'recipe={folder}' for folder in sorted(seeds.glob('seed_*'))]
    main([*runs, '--keys', 'answer', 'loss', '--out', str(out)])
    printed = capsys.readouterr()
    assert '0.300 +- 0.141 (iteration 20)' in printed.out + printed.err


@pytest.mark.parametrize(
    ('run', 'key', 'message'),
    [
        ('a={}/seed_0', 'answr', "did not log 'answr'.*answer"),
        ('a={}/none', 'answer', 'there is no folder'),
        ('{}/seed_0', 'answer', 'expected NAME=DIR'),
        ('a={}/empty', 'answer', 'no log below'),
        ('a={}/text', 'answer', 'scalars.json is no log'),
        ('a={}/words', 'answer', "logged no numbers as 'answer'"),
        ('a={}/nan', 'answer', "logged 'answer' as NaN only"),
    ],
)
def test_bad_input_is_one_line(seeds, capsys, run, key, message):
    (seeds / 'empty').mkdir()
    write_log(seeds / 'text', 'a', [])
    (seeds / 'text/a/vis_data/scalars.json').write_text('hello')
    write_log(seeds / 'words', 'a', [dict(step=1, iter=1, answer='x')])
    write_log(seeds / 'nan', 'a', [dict(step=1, iter=1, answer=NAN)])
    with pytest.raises(SystemExit):
        main([run.format(seeds), '--keys', key])
    error = capsys.readouterr().err.splitlines()[-1]
    assert re.search(message, error)
