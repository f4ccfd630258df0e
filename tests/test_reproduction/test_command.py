"""The command from end to end: runs, skips, repeats, refuses."""

import csv
import json
import shutil
from pathlib import Path

import pytest
from mmengine.config import Config
from reproduction import command, tables, training
from reproduction.recipe_config import load_recipe, move_data
from reproduction.table import Recipe, Table, compare_rows

from mmda.apis.config import load_config
from mmda.commands.test import main as run_test
from mmda.datasets import walk_datasets

RUNS = 'runs/da/digits'


@pytest.fixture
def folder(finished_runs, tmp_path):
    """A copy of the finished runs, to be changed."""
    shutil.copytree(finished_runs, tmp_path / 'out')
    return tmp_path / 'out'


@pytest.fixture
def started(monkeypatch):
    """Which runs are executed, without executing them."""
    names = []

    def note(run, *args):
        names.append(f'{run.recipe.changes.count("lr")} {run.seed}')
        raise RuntimeError('not now')

    monkeypatch.setattr(training, 'execute', note)
    return names


def main(folder, *arguments):
    command.main(
        ['fake', '--seeds', '2', '--out-dir', str(folder), *arguments]
    )


def results(folder):
    return sorted(folder.glob(f'{RUNS}/*/seed_*/result.json'))


def test_the_table_holds_what_the_test_command_measures(
    finished_runs, tmp_path
):
    runs = [path.parent for path in results(finished_runs)]
    assert [run.name for run in runs] == ['seed_0', 'seed_1'] * 2
    first = json.loads((runs[0] / 'result.json').read_text())
    out = tmp_path / 'metrics.json'
    run_test(
        [
            str(max(runs[0].glob('*.py'))),
            str(runs[0] / first['checkpoint']),
            f'--work-dir={tmp_path}',
            f'--out={out}',
            '--out-item=metrics',
        ]
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
        sources = [
            node
            for node in walk_datasets(cfg.train_dataloader.dataset)
            if 'num_samples' in node
        ]
        assert [(s.seed, s.num_samples) for s in sources] == [(seed, 32)] * 2


def test_only_the_checkpoint_that_was_tested_is_kept(finished_runs):
    for path in results(finished_runs):
        kept = [p.name for p in path.parent.glob('*.pth')]
        assert kept == [json.loads(path.read_text())['checkpoint']]


def test_finished_runs_are_skipped_and_a_partial_one_runs_again(
    folder, fake_table, started
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
    folder, fake_table, started, capsys
):
    # As if the file of the config had been edited: the name stays.
    recipe = fake_table.panels[0].recipes[1]
    name = recipe.changes
    recipe.options['optim_wrapper.optimizer.lr'] = 0.02
    assert recipe.changes == name
    with pytest.raises(SystemExit):
        main(folder)
    assert started == ['1 0', '1 1']
    output = capsys.readouterr().out
    assert output.count('has changed since it ran: runs again') == 2


def test_dry_run_lists_what_is_left(folder, fake_table, started, capsys):
    shutil.rmtree(results(folder)[0].parent)
    main(folder, '--dry-run')
    assert started == []
    output = capsys.readouterr().out
    assert '4 runs (2 trainings, 2 seeds), 3 of them finished' in output
    assert output.count(' -> ') == 1


def test_later_seeds_are_run_alone_and_named(
    folder, fake_table, started, capsys
):
    main(folder, '--no-run', '--first-seed', '1')
    text = (folder / 'fake/table.md').read_text()
    assert 'Seeds 1 to 2.' in text
    assert text.count('[n = 1]') == 5  # seed 2 has not run
    with pytest.raises(SystemExit):
        main(folder, '--first-seed', '1')
    assert started == ['0 2', '1 2']
    with pytest.raises(SystemExit):
        main(folder, '--first-seed', '-1')
    assert '--first-seed -1: expected >= 0' in capsys.readouterr().err


def test_a_part_of_a_table_leaves_the_file_of_the_whole_alone(
    folder, fake_table
):
    whole = (folder / 'fake/table.md').read_text()
    main(folder, '--no-run', '--part', 'digits', '--first-seed', '1')
    assert (folder / 'fake/table.md').read_text() == whole
    for ending in ('md', 'csv', 'png', 'pdf'):
        assert (folder / f'fake/table_digits.{ending}').is_file()


def test_a_training_that_diverges_is_listed_and_not_averaged_in(
    folder, fake_table, monkeypatch
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


def test_missing_data_stops_before_any_run(
    tmp_path, monkeypatch, capsys, started, fake_table
):
    recipe = Recipe('da/table12/linear_small-cnn_500i_mnist-overlap.py')
    panel = compare_rows('a', 'A', {'x': 'auc/mean'}, {'r': recipe})
    table = Table('fake', 'Fake', (panel,))
    monkeypatch.setitem(tables.TABLES, 'fake', table)
    with pytest.raises(SystemExit) as caught:
        main(tmp_path, '--data-root', str(tmp_path / 'none'))
    assert caught.value.code == 2
    error = capsys.readouterr().err
    assert f'MNIST in {tmp_path}/none/mnist/: missing: train-images' in error
    assert 'from https://' in error and '12 MB' in error
    assert started == []


def test_list_shows_data_runs_and_time(folder, fake_table, capsys):
    main(folder, '--list', '--data-root', str(folder))
    output = capsys.readouterr().out
    assert '--part digits: 4 runs, 4 finished; time left: 0 s' in output
    command.main(['12', '--list', '--seeds', '5', '--out-dir', str(folder)])
    output = capsys.readouterr().out
    assert '--part mnist: 40 runs, 0 finished' in output
    assert 'MNIST in data/mnist/: ' in output


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        ([], 'expected a table, or --list'),
        (['14'], "there is no table '14': expected one of table01"),
        (['2', '--part', 'mnst'], "table02 has no part 'mnst'"),
        (['2', '--seeds', '0'], '--seeds 0: expected >= 1'),
    ],
)
def test_wrong_arguments_end_in_a_message(arguments, message, capsys):
    with pytest.raises(SystemExit) as caught:
        command.main(arguments)
    assert caught.value.code == 2
    assert message in capsys.readouterr().err


def test_quick_is_kept_apart_and_says_so(tmp_path, fake_table, started):
    cfg = load_recipe(
        Recipe('da/table12/linear_small-cnn_500i_mnist-overlap.py'), quick=True
    )
    assert cfg.train_cfg.max_iters == 2
    sources = cfg.train_dataloader.dataset.datasets
    assert [source.indices for source in sources] == [16, 16]
    assert cfg.test_dataloader.dataset.indices == 256
    with pytest.raises(SystemExit):
        main(tmp_path, '--quick', '--seeds', '1')
    assert started
    text = (tmp_path / 'quick/fake/table.md').read_text()
    assert 'The values mean nothing' in text
    assert not (tmp_path / 'fake').exists()


def test_help_shows_examples_of_the_tool():
    text = command.make_parser().format_help()
    assert 'python tools/reproduce.py 12 --seeds 10' in text
    script = Path(__file__).parents[2] / 'tools/reproduce.py'
    assert 'reproduction.command import main' in script.read_text()


def test_all_data_moves_to_another_folder():
    cfg = load_config(
        'mmda::da/table12/linear_small-cnn_500i_mnist-overlap.py'
    )
    move_data(cfg, '/mnt/sets')
    roots = {
        node['data_root']
        for split in ('train', 'val', 'test')
        for node in walk_datasets(cfg[f'{split}_dataloader'].dataset)
        if 'data_root' in node
    }
    assert roots == {'/mnt/sets/mnist/'}


def test_too_few_draws_are_refused():
    with pytest.raises(ValueError, match='no training source has `num_sam'):
        load_recipe(Recipe('da/cityscapes_bus_5way.py', 30))
