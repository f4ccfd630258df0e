"""The command from end to end: runs, skips, repeats, refuses."""

import csv
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from mmengine.config import Config
from reproduction import command, training
from reproduction.recipe_config import datasets_of, load_recipe

from mmda.commands.test import main as run_test

RUNS = 'runs/da/digits'


@pytest.fixture
def folder(finished_runs, tmp_path):
    """A copy of the finished runs, to be changed."""
    shutil.copytree(finished_runs, tmp_path / 'out')
    return tmp_path / 'out'


@pytest.fixture
def main(fake_table):
    """Run the command on the table."""

    def main(folder, *arguments):
        options = ['--seeds', '2', '--out-dir', str(folder)]
        command.main([str(fake_table), *options, *arguments])

    return main


@pytest.fixture
def started(monkeypatch):
    """Which runs are executed, without executing them."""
    names = []

    def note(run, *args):
        changed = 'optim_wrapper.optimizer.lr' in run.recipe.options
        names.append(f'{changed:d} {run.seed}')
        raise RuntimeError('not now')

    monkeypatch.setattr(training, 'execute', note)
    return names


def results(folder):
    return sorted(folder.glob(f'{RUNS}/*/seed_*/result.json'))


def test_the_table_holds_what_the_test_command_measures(
    finished_runs, tmp_path
):
    runs = [path.parent for path in results(finished_runs)]
    assert [run.name for run in runs] == ['seed_0', 'seed_1'] * 2
    first = json.loads((runs[0] / 'result.json').read_text())
    out = tmp_path / 'metrics.json'
    config, checkpoint = max(runs[0].glob('*.py')), first['checkpoint']
    run_test(
        [str(config), str(runs[0] / checkpoint), f'--work-dir={tmp_path}']
        + [f'--out={out}', '--out-item=metrics']
    )
    metrics = json.loads(out.read_text())
    assert first['metrics'] == pytest.approx(metrics, abs=1e-6)
    with open(finished_runs / 'fake/table.csv') as file:
        rows = [r for r in csv.DictReader(file) if r['seeds'] == '2']
    assert len(rows) == 5
    changes = runs[0].parent.name
    shown = [r for r in rows if r['training'].endswith(changes)]
    assert shown
    for row in shown:
        value = metrics[row['metric']]
        assert row['values'].startswith(f'0:{value:.4f} 1:')


def test_seeds_and_images_differ_between_runs(finished_runs):
    configs = [
        Config.fromfile(max(path.parent.glob('*.py')))
        for path in results(finished_runs)[:2]
    ]
    for seed, cfg in enumerate(configs):
        assert cfg.randomness.seed == seed
        sources = [n for n in datasets_of(cfg, 'train') if 'num_samples' in n]
        assert [(s.seed, s.num_samples) for s in sources] == [(seed, 32)] * 2


def test_only_the_checkpoint_that_was_tested_is_kept(finished_runs):
    for path in results(finished_runs):
        kept = [p.name for p in path.parent.glob('*.pth')]
        assert kept == [json.loads(path.read_text())['checkpoint']]


def test_a_run_of_a_table_writes_no_page_and_no_figure(finished_runs):
    for path in results(finished_runs):
        kinds = {file.suffix for file in path.parent.rglob('*')}
        assert not kinds & {'.html', '.md', '.png', '.pdf'}


def test_finished_runs_are_skipped_and_a_partial_one_runs_again(
    folder, main, started
):
    main(folder)
    assert started == []
    # What a kill leaves: checkpoints and logs, and no whole result.
    path = results(folder)[1]
    path.rename(path.with_name('result.json.partial'))
    with pytest.raises(SystemExit) as caught:
        main(folder)
    assert caught.value.code == 1
    assert len(started) == 1
    text = (folder / 'fake/table.md').read_text()
    assert '[n = 1]' in text and 'Failed, not counted' in text


def test_a_changed_config_runs_again_and_is_said(
    folder, main, started, capsys
):
    for path in results(folder)[2:]:
        content = json.loads(path.read_text())
        path.write_text(json.dumps({**content, 'content': 'of another day'}))
    with pytest.raises(SystemExit):
        main(folder)
    assert len(set(started)) == 2
    output = capsys.readouterr().out
    assert output.count('runs again: its config has changed') == 2


def test_dry_run_lists_what_is_left(folder, main, started, capsys):
    shutil.rmtree(results(folder)[0].parent)
    main(folder, '--dry-run')
    assert started == []
    output = capsys.readouterr().out
    assert '4 runs (2 trainings, 2 seeds), 3 of them finished' in output
    assert output.count(' -> ') == 1


def test_later_seeds_are_run_alone_and_named(folder, main, started, capsys):
    main(folder, '--no-run', '--first-seed', '1')
    text = (folder / 'fake/table.md').read_text()
    assert 'Seeds 1 to 2.' in text
    assert text.count('[n = 1]') == 5  # seed 2 has not run
    with pytest.raises(SystemExit):
        main(folder, '--first-seed', '1')
    assert started == ['0 2', '1 2']
    with pytest.raises(SystemExit):
        main(folder, '--first-seed', '-1')
    assert (
        "--first-seed: found '-1', expected a whole" in capsys.readouterr().err
    )


def test_no_table_is_written_where_nothing_has_finished(folder, main, capsys):
    with pytest.raises(SystemExit):
        main(folder, '--no-run', '--first-seed', '7')
    assert 'found no finished run of 4 below' in capsys.readouterr().err
    assert 'Seeds 7' not in (folder / 'fake/table.md').read_text()


def test_a_part_of_a_table_leaves_the_file_of_the_whole_alone(folder, main):
    whole = (folder / 'fake/table.md').read_text()
    main(folder, '--no-run', '--part', 'digits', '--first-seed', '1')
    assert (folder / 'fake/table.md').read_text() == whole
    for ending in ('md', 'csv', 'png', 'pdf'):
        assert (folder / f'fake/table_digits.{ending}').is_file()


def test_gaps_of_an_earlier_call_do_not_lie_beside_a_table_without(
    folder, main
):
    (folder / 'fake/table_gaps.csv').write_text('old')
    main(folder, '--no-run')
    assert not (folder / 'fake/table_gaps.csv').exists()


def test_a_training_that_diverges_is_listed_and_not_averaged_in(
    folder, main, monkeypatch
):
    run = results(folder)[0].parent
    seed = int(run.name[-1])
    shutil.rmtree(run)

    def diverge(*args):
        raise FloatingPointError('loss=nan at iteration 3')

    monkeypatch.setattr(training, '_train', diverge)
    main(folder)
    text = (folder / 'fake/table.md').read_text()
    assert f'seed {seed}: diverged: loss=nan at iteration 3' in text
    assert '[n = 1]' in text
    # It is a result: the same seed would diverge again.
    monkeypatch.setattr(training, '_train', None)
    main(folder)


def test_missing_data_stops_before_any_run(tmp_path, capsys, started):
    none = tmp_path / 'none'
    options = ['--out-dir', str(tmp_path), '--data-root', str(none)]
    with pytest.raises(SystemExit) as caught:
        command.main(['12', *options])
    assert caught.value.code == 2
    error = capsys.readouterr().err
    assert f'MNIST in {none}/mnist/: missing: train-images' in error
    assert 'from https://' in error and '12 MB' in error
    assert started == []


def test_list_shows_data_runs_and_time(folder, main, capsys):
    main(folder, '--list', '--data-root', str(folder))
    output = capsys.readouterr().out
    assert '--part digits: 4 runs, 4 finished; time left: 0 s' in output
    command.main(['12', '--list', '--seeds', '5', '--out-dir', str(folder)])
    output = capsys.readouterr().out
    assert '--part mnist: 45 runs, 0 finished' in output
    assert 'MNIST in data/mnist/: ' in output


def test_list_loads_a_recipe_of_several_tables_once(
    fake_table, tmp_path, monkeypatch
):
    loaded = []

    def load(recipe, *args):
        loaded.append(recipe.key)
        return load_recipe(recipe, *args)

    monkeypatch.setattr(command, 'load_recipe', load)
    other = shutil.copy(fake_table, tmp_path / 'other.yml')
    tables = [str(fake_table), str(other)]
    command.main([*tables, '--list', '--out-dir', str(tmp_path)])
    assert len(loaded) == len(set(loaded)) == 2


def test_the_launcher_lists_tables_without_torch(tmp_path):
    script = Path(__file__).parents[2] / 'tools/reproduce.py'
    program = (
        'import runpy, sys\n'
        'sys.argv = ["reproduce.py", "12", "--list"]\n'
        f'sys.path.insert(0, {str(script.parent)!r})\n'
        f'runpy.run_path({str(script)!r}, run_name="__main__")\n'
        'heavy = {"torch", "scipy", "matplotlib", "pandas"}\n'
        'print(sorted(heavy & set(sys.modules)))\n'
    )
    done = subprocess.run(
        [sys.executable, '-c', program],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert '--part mnist: 27 runs' in done
    assert done.splitlines()[-1] == '[]'


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        ([], 'expected a table, or --list'),
        (['14'], "there is no table '14': expected a .yml file or one of"),
        (['2', '--part', 'mnst'], "table02 has no part 'mnst'"),
        (['1', '8', '--part', 'derma'], "table08 has no part 'derma'"),
        (['2', '--part', 'mnist', 'x'], "there is no part 'x' in"),
        (['2', '--seeds', '0'], "--seeds: found '0', expected a whole number"),
    ],
)
def test_wrong_arguments_end_in_a_message(arguments, message, capsys):
    with pytest.raises(SystemExit) as caught:
        command.main(arguments)
    assert caught.value.code == 2
    assert message in capsys.readouterr().err


def test_a_part_may_be_that_of_one_table(capsys):
    parts = ['cifar10-small', 'cifar10-small-method']
    command.main(['1', '2', '--part', *parts, '--seeds', '1', '--dry-run'])
    # table 1 has two trainings, table 2 has six
    assert '(8 trainings, 1 seeds)' in capsys.readouterr().out


def test_quick_is_kept_apart_and_says_so(tmp_path, main, started):
    with pytest.raises(SystemExit):
        main(tmp_path, '--quick', '--seeds', '1')
    assert started
    text = (tmp_path / 'quick/fake/table.md').read_text()
    assert 'The values mean nothing' in text
    assert not (tmp_path / 'fake').exists()


@pytest.mark.slow
@pytest.mark.parametrize('name', ['', *command.OTHER_COMMANDS])
def test_the_tool_runs_from_any_folder(name, tmp_path):
    script = Path(__file__).parents[2] / 'tools/reproduce.py'
    shown = subprocess.run(
        [sys.executable, str(script), *filter(None, [name]), '--help'],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert f'usage: mmda reproduce {name}' in shown
    assert f'python tools/reproduce.py {name}' in shown
