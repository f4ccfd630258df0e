import os
import resource
import signal
import subprocess
import sys

import pytest

from mmda.commands.common import write_json
from mmda.files import replacing, write_text


@pytest.fixture
def good_file(tmp_path):
    path = tmp_path / 'answers.csv'
    path.write_text('good\n')
    return path


def files_of(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize('error', [ValueError, KeyboardInterrupt])
def test_a_failure_leaves_the_old_file_and_nothing_else(good_file, error):
    with pytest.raises(error), replacing(good_file) as part:
        part.write_text('half a')
        raise error
    assert good_file.read_text() == 'good\n'
    assert files_of(good_file.parent) == ['answers.csv']


def test_an_unfinished_file_can_be_kept(good_file):
    with pytest.raises(ValueError), replacing(good_file, keep=True) as part:
        part.write_text('first row\n')
        raise ValueError
    assert good_file.read_text() == 'good\n'
    partial = good_file.with_name('answers.partial.csv')
    assert partial.read_text() == 'first row\n'
    with replacing(good_file, keep=True) as part:
        part.write_text('all rows\n')
    assert good_file.read_text() == 'all rows\n'
    assert files_of(good_file.parent) == ['answers.csv']


@pytest.mark.parametrize('write', [write_text, write_json])
def test_a_full_disk_leaves_the_old_file_and_names_it(good_file, write):
    # A limit on the size of a file fails as a full disk does.
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64, before[1]))
    try:
        with pytest.raises(OSError, match=r'answers\.csv'):
            write(good_file, 'x' * 1000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
    assert good_file.read_text() == 'good\n'
    assert files_of(good_file.parent) == ['answers.csv']


def test_a_killed_process_leaves_the_old_file(good_file):
    code = (
        'import os, mmda_cli\n'
        'mmda_cli.starts_a_command = True\n'
        'from mmda.files import replacing\n'
        f'with replacing({str(good_file)!r}) as part:\n'
        '    part.write_text("half a")\n'
        '    os.kill(os.getpid(), 9)\n'
    )
    killed = subprocess.run([sys.executable, '-c', code], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert good_file.read_text() == 'good\n'


def test_links_modes_and_devices_stay(good_file, tmp_path):
    good_file.chmod(0o640)
    link = tmp_path / 'link.csv'
    link.symlink_to(good_file)
    write_text(link, 'new\n')
    assert link.is_symlink()
    assert good_file.read_text() == 'new\n'
    assert good_file.stat().st_mode & 0o777 == 0o640
    write_text(os.devnull, 'nobody reads this')
    assert not os.path.isfile(os.devnull)
