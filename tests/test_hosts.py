"""The packages of OpenMMLab: missing, installed twice, or talkative."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mmda.hosts import check_hosts, quiet_imports

ROOT = Path(__file__).resolve().parents[1]


def run(*argv):
    return subprocess.run(
        [sys.executable, *argv],
        env=dict(os.environ, PYTHONPATH=str(ROOT)),
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize(
    'program', ['import mmda', 'import mmda_cli; mmda_cli.main(argv=[])']
)
def test_without_a_host_the_error_names_both_extras(program):
    done = run('-S', '-c', program)  # -S: no installed packages
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert 'found no mmengine, mmcv, mmpretrain' in last
    assert '`onedl`' in last and '`openmmlab`' in last
    if 'cli' in program:
        assert last.startswith('mmda: error: ') and 'Trace' not in done.stderr


def write_distribution(folder, name):
    info = folder / f'{name.replace("-", "_")}-1.0.dist-info'
    info.mkdir(parents=True)
    (info / 'METADATA').write_text(f'Name: {name}\nVersion: 1.0\n')


def test_two_copies_of_a_host_in_one_folder_are_refused(tmp_path, monkeypatch):
    for name in ('mmengine', 'onedl-mmengine'):
        write_distribution(tmp_path, name)
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(
        ImportError,
        match='onedl-mmengine and mmengine are both installed.*pip uninstall',
    ):
        check_hosts()


def test_a_copy_of_a_host_in_a_folder_behind_is_hidden(tmp_path, monkeypatch):
    write_distribution(tmp_path / 'first', 'onedl-mmengine')
    write_distribution(tmp_path / 'system', 'mmengine')
    monkeypatch.syspath_prepend(str(tmp_path / 'system'))
    monkeypatch.syspath_prepend(str(tmp_path / 'first'))
    check_hosts()


def test_only_known_lines_of_the_hosts_are_dropped(capsys):
    with quiet_imports():
        print('Could not import OneDL')
        print('something new')
    assert capsys.readouterr().out == 'something new\n'


def test_the_import_prints_nothing():
    done = run('-c', 'import mmda')
    assert (done.returncode, done.stdout, done.stderr) == (0, '', '')


def test_a_command_that_registers_nothing_is_quiet_too():
    start = "mmda_cli.main(argv=['make_toy', '--help'])"
    done = run('-c', f'import mmda_cli; {start}')
    assert done.stdout.startswith('usage: mmda make_toy ')
