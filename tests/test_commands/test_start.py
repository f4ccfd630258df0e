"""How commands start: by name, by launcher, and without torch until needed."""

import os
import pkgutil
import runpy
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from mmengine.logging import MMLogger

import mmda_cli
from mmda import commands
from mmda.commands.common import build_parser, find_checkpoint, run_tool
from mmda.commands.train import resume_command

ROOT = Path(__file__).resolve().parents[2]
NAMES = sorted(
    module.name
    for module in pkgutil.iter_modules(commands.__path__)
    if module.name != 'common'
)
LAUNCHERS = {
    **{name: f'{name}.py' for name in ('predict', 'test', 'train')},
    'export': 'model_converters/export.py',
    'fold': 'model_converters/fold_adapter.py',
    'resize': 'dataset_converters/resize.py',
}
HEAVY = ('torch', 'mmpretrain', 'mmseg', 'mmcv', 'pandas', 'matplotlib')


def launcher(name):
    return ROOT / 'tools' / LAUNCHERS.get(name, f'analysis_tools/{name}.py')


def python(*argv, cwd=ROOT, path=ROOT):
    return subprocess.run(
        [sys.executable, *map(str, argv)],
        cwd=cwd,
        env=dict(os.environ, PYTHONPATH=str(path)),
        capture_output=True,
        text=True,
    )


def test_the_command_without_arguments_lists_all_commands(capsys):
    for argv in ([], ['--help']):
        with pytest.raises(SystemExit) as exit_info:
            mmda_cli.main(argv=argv)
        assert exit_info.value.code == 0
        listed = capsys.readouterr().out.split('commands:')[1].split()
        assert {*NAMES, *mmda_cli.SCRIPTS} <= set(listed)


@pytest.mark.parametrize(
    ('words', 'usage'),
    [
        (['label-report', '--help'], 'usage: mmda label_report '),
        (['make-toy', 'cityscapes', '--help'], 'usage: mmda make_toy city'),
        (['reproduce', '--help'], 'usage: mmda reproduce '),
    ],
)
def test_a_command_may_be_written_with_a_hyphen_or_be_a_script(
    words, usage, capsys, monkeypatch
):
    monkeypatch.setattr('sys.path', [*sys.path])
    monkeypatch.setattr('sys.argv', ['mmda'])
    with pytest.raises(SystemExit) as exit_info:
        mmda_cli.main(argv=words)
    assert exit_info.value.code == 0
    assert capsys.readouterr().out.startswith(usage)


def test_an_unknown_command_is_refused_with_the_names_of_all(capsys):
    with pytest.raises(SystemExit) as exit_info:
        mmda_cli.main(argv=['tarin'])
    assert exit_info.value.code == 2
    said = capsys.readouterr().err
    assert "'tarin'" in said and 'train' in said


@pytest.mark.parametrize('name', NAMES)
def test_name_and_launcher_start_the_same_command(name, capsys, monkeypatch):
    said = []
    monkeypatch.setattr('sys.argv', [str(launcher(name)), '--help'])
    for start in (
        lambda: mmda_cli.main(argv=[name, '--help']),
        lambda: runpy.run_path(str(launcher(name)), run_name='__main__'),
    ):
        with pytest.raises(SystemExit) as exit_info:
            start()
        assert exit_info.value.code == 0
        said.append(capsys.readouterr().out)
    assert len(set(said)) == 1
    assert said[0].startswith(f'usage: mmda {name} ')
    assert f'  mmda {name} ' in said[0].split('examples:')[1]


def test_a_worker_that_is_spawned_does_not_start_the_command_again():
    # It runs the launcher under this name.
    runpy.run_path(str(launcher('train')), run_name='__mp_main__')


# `compare_runs` takes any file names, and looks at them later.
CHECKED = [name for name in NAMES if name != 'compare_runs']


def test_help_and_wrong_arguments_answer_without_torch(tmp_path):
    program = (
        'import sys, mmda_cli\n'
        f'for name in {CHECKED}:\n'
        '    for argv in (["--help"], ["no.py", "no.pth", "x", "y"]):\n'
        '        try:\n'
        '            mmda_cli.main(name, argv)\n'
        '        except SystemExit as error:\n'
        '            assert error.code == 2 * (argv[0] != "--help")\n'
        '        else:\n'
        '            raise AssertionError(name)\n'
        f'        heavy = set({HEAVY}) & set(sys.modules)\n'
        '        assert not heavy, (name, argv, heavy)\n'
    )
    done = python('-c', program, cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.parametrize(
    ('name', 'argv'),
    [
        ('class_relations', ['{config}', 'no.pth']),
        ('export', ['no.pth', 'out.onnx']),
        ('fold', ['no.pth', 'out.pth']),
        ('predict', ['{config}', 'no.pth', 'x.png']),
        ('test', ['{config}', 'no.pth']),
        ('thresholds', ['{config}', 'no.pth', 'val.npz']),
    ],
)
def test_a_missing_checkpoint_ends_in_one_line(name, argv, capsys):
    config = str(ROOT / 'configs/da/digits.py')
    with pytest.raises(SystemExit) as exit_info:
        mmda_cli.main(name, [text.format(config=config) for text in argv])
    assert exit_info.value.code == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.endswith('there is no checkpoint no.pth')


def test_a_work_directory_stands_for_its_best_checkpoint(tmp_path):
    for name in ('epoch_1.pth', 'epoch_2.pth'):
        (tmp_path / name).touch()
    with pytest.raises(FileNotFoundError, match='0 files best.*epoch_2.pth'):
        find_checkpoint(str(tmp_path))
    best = tmp_path / 'best_auc_mean_epoch_1.pth'
    best.touch()
    assert find_checkpoint(str(tmp_path)) == str(best)
    (tmp_path / 'best_loss_epoch_2.pth').touch()
    with pytest.raises(ValueError, match='2 files best.*best_loss_epoch_2'):
        find_checkpoint(str(tmp_path))


@pytest.mark.parametrize('name', ['train', 'test'])
def test_a_launcher_runs_from_any_folder(name, tmp_path):
    argv = ['no.py', 'no.pth'] if name == 'test' else ['no.py']
    done = python(launcher(name), *argv, cwd=tmp_path)
    assert done.returncode == 2
    last = done.stderr.splitlines()[-1]
    assert last.startswith(f'mmda {name}: error: there is no config no.py')
    assert 'mmda::da/digits.py' in last


@pytest.mark.slow
def test_a_command_starts_as_a_module(tmp_path):
    done = python('-m', 'mmda', 'train', 'no.py', cwd=tmp_path)
    assert done.returncode == 2
    assert 'there is no config no.py' in done.stderr.splitlines()[-1]


@pytest.mark.parametrize('error', [ValueError, FileNotFoundError])
@pytest.mark.parametrize('where', ['check', 'step'])
def test_a_wrong_input_ends_in_one_line(error, where, capsys):
    parser = build_parser('Do.', '', 'do')

    def fail(args):
        raise error('row 3 of a.csv')

    def work(args):
        assert where == 'step'

    steps = (fail, work) if where == 'step' else (work, fail)
    with pytest.raises(SystemExit) as exit_info:
        run_tool(parser, [], *steps)
    assert exit_info.value.code == 2
    assert capsys.readouterr().err == 'mmda do: error: row 3 of a.csv\n'


def run_do(step, capsys, *argv, **kwargs):
    """Run a command of one step; return its exit status and its last words."""
    with pytest.raises(SystemExit) as exit_info:
        run_tool(build_parser('Do.', '', 'do'), argv, step, **kwargs)
    return exit_info.value.code, capsys.readouterr().err


@pytest.mark.parametrize('no_color', [False, True])
def test_an_error_is_red_on_a_terminal(no_color, capsys, monkeypatch):
    def fail(args):
        raise ValueError('row [3] of a.csv')

    monkeypatch.setattr(sys.stderr, 'isatty', lambda: True)
    monkeypatch.setenv('TERM', 'xterm')
    monkeypatch.setenv('NO_COLOR', '1' if no_color else '')
    code, said = run_do(fail, capsys)
    assert code == 2
    assert 'mmda do: error: row [3] of a.csv' in said
    assert ('\x1b[1;31m' in said) == (not no_color)


def test_a_fault_of_the_code_ends_in_one_line_and_debug_shows_the_traceback(
    capsys, tmp_path, monkeypatch
):
    def fail(args):
        raise TypeError('a typo\nin two lines')

    log = tmp_path / 'a.log'
    logger = MMLogger('faulty', log_file=str(log))
    monkeypatch.setattr(MMLogger, 'get_current_instance', lambda: logger)
    code, said = run_do(fail, capsys)
    assert code == 1
    assert said == (
        'mmda do: error: TypeError: a typo in two lines (--debug shows the '
        f'traceback, and so does {log})\n'
    )
    with pytest.raises(TypeError, match='a typo'):
        run_tool(build_parser('Do.', '', 'do'), ['--debug'], fail)


@pytest.mark.parametrize(
    ('number', 'code', 'text'),
    [
        (signal.SIGINT, 130, 'interrupted'),
        (signal.SIGTERM, 143, 'stopped by SIGTERM'),
    ],
)
def test_an_interrupted_training_ends_with_the_line_that_resumes_it(
    number, code, text, capsys
):
    closed = []
    # A background job of a shell ignores SIGINT.
    signal.signal(signal.SIGINT, signal.default_int_handler)

    def work(args):
        try:
            signal.raise_signal(number)
        finally:
            closed.append(True)

    before = signal.getsignal(signal.SIGTERM)
    found = run_do(work, capsys, resume=lambda words: 'mmda do --again')
    assert found == (code, f'mmda do: {text}; to go on: mmda do --again\n')
    assert closed
    assert signal.getsignal(signal.SIGTERM) == before


@pytest.mark.parametrize(
    'words',
    [
        ['a b.py', '--seed', '1'],
        ['a b.py', '--resume', '--seed', '1'],
        ['a b.py', '--resume', 'old.pth', '--seed', '1'],
        ['a b.py', '--resume=old.pth', '--seed', '1'],
        ['a b.py', '--seed', '1', '--resume'],
    ],
)
def test_the_line_that_resumes_asks_once_for_the_last_checkpoint(words):
    assert resume_command(words) == "mmda train 'a b.py' --seed 1 --resume"


def test_a_distributed_training_is_not_resumed_as_a_single_process():
    said = resume_command(['x.py', '--launcher', 'pytorch'])
    assert said == 'start the processes again, with --resume'


def test_an_output_that_cannot_be_written_is_refused_before_the_work(
    tmp_path, capsys
):
    parser = build_parser('Do.', '', 'do')
    parser.add_argument('--out')
    (tmp_path / 'file').touch()
    out = str(tmp_path / 'file' / 'new' / 'x.csv')
    with pytest.raises(SystemExit) as exit_info:
        run_tool(parser, ['--out', out], pytest.fail)
    assert exit_info.value.code == 2
    said = capsys.readouterr().err
    assert f'--out {out}: {tmp_path / "file"} is no folder' in said


@pytest.mark.parametrize(
    ('name', 'option', 'value', 'expected'),
    [
        ('thresholds', '--bins', '100000000', 'a whole number from 1 to 1000'),
        ('thresholds', '--sensitivity', 'nan', 'a number from 0 to 1'),
        ('test', '--interval', '0', 'a whole number of at least 1'),
        ('train', '--seed', '4294967296', 'a whole number from 0 to'),
        ('train', '--cfg-options', 'model', 'expected KEY=VALUE'),
        ('train', '--cfg-options', 'model=[1,', 'model=[1,: Imbalanced'),
        ('predict', '--batch-size', '1.5', 'a whole number of at least 1'),
    ],
)
def test_a_value_outside_its_range_is_refused_by_name(
    name, option, value, expected, capsys
):
    words = ['x'] * {'train': 1, 'test': 2}.get(name, 3)
    with pytest.raises(SystemExit) as exit_info:
        mmda_cli.main(name, [*words, option, value])
    assert exit_info.value.code == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert option in last and value in last and expected in last
