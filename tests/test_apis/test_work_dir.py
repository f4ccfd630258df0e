"""Which checkpoint a training resumes, and what it must not overwrite."""

import errno
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from mmengine.config import Config

from mmda.apis import work_dir
from mmda.apis.work_dir import (
    check_nothing_is_overwritten,
    hold_work_dir,
    newest_checkpoint,
)
from mmda.commands.train import choose_start


@pytest.fixture
def cfg(tmp_path):
    """A work directory with three epochs, of which the last is named."""
    for epoch in (2, 9, 10):
        torch.save(dict(x=torch.ones(9)), tmp_path / f'epoch_{epoch}.pth')
    torch.save({}, tmp_path / 'best_auc_mean_epoch_11.pth')
    (tmp_path / 'last_checkpoint').write_text(str(tmp_path / 'epoch_10.pth'))
    return Config(dict(work_dir=str(tmp_path)))


def cut(path):
    path.write_bytes(path.read_bytes()[:-9])


def flip_a_byte(path):
    content = bytearray(path.read_bytes())
    content[content.index(torch.ones(9).numpy().tobytes())] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize(
    ('break_it', 'expected', 'note'),
    [
        (lambda d: None, 'epoch_10.pth', None),
        (lambda d: (d / 'last_checkpoint').unlink(), 'epoch_10.pth', 'no'),
        (
            lambda d: (d / 'last_checkpoint').write_text(''),
            'epoch_10.pth',
            "names no checkpoint: ''",
        ),
        (
            lambda d: (d / 'last_checkpoint').write_text(f'{d}/epo'),
            'epoch_10.pth',
            'names no checkpoint',
        ),
        (
            lambda d: (d / 'last_checkpoint').write_text('old/epoch_9.pth'),
            'epoch_9.pth',
            None,
        ),
        (
            lambda d: (d / 'epoch_10.pth').unlink(),
            'epoch_9.pth',
            'names no checkpoint',
        ),
        (lambda d: cut(d / 'epoch_10.pth'), 'epoch_9.pth', 'no whole'),
        (lambda d: flip_a_byte(d / 'epoch_10.pth'), 'epoch_9.pth', 'damaged'),
        (
            lambda d: (d / 'epoch_10.pth').write_bytes(b''),
            'epoch_9.pth',
            'no whole',
        ),
    ],
)
def test_the_newest_whole_checkpoint_is_resumed(
    cfg, tmp_path, break_it, expected, note
):
    break_it(tmp_path)
    notes = choose_start(cfg, 'auto')
    assert cfg.resume
    assert Path(cfg.load_from) == tmp_path / expected
    assert (note in notes[0] and expected in notes[0]) if note else not notes
    check_nothing_is_overwritten(cfg)


@pytest.mark.parametrize('seed', range(4))
def test_any_damage_of_the_newest_checkpoint_leaves_the_one_before(
    cfg, tmp_path, seed
):
    path = tmp_path / 'epoch_10.pth'
    whole = path.read_bytes()
    draw = random.Random(seed)
    for _ in range(60):
        content = bytearray(whole)
        for _ in range(5):  # mostly in the table at the end of the file
            place = draw.randrange(
                draw.choice([0, len(whole) - 400]), len(whole)
            )
            content[place] = draw.randrange(256)
        path.write_bytes(content)
        assert newest_checkpoint(cfg).path is not None


def test_a_copied_work_dir_resumes_its_own_checkpoint(cfg, tmp_path):
    copy = tmp_path / 'copy'
    shutil.copytree(tmp_path, copy)
    cfg.work_dir = str(copy)
    choose_start(cfg, 'auto')
    assert cfg.load_from == str(copy / 'epoch_10.pth')
    check_nothing_is_overwritten(cfg)


def test_checkpoints_of_which_none_is_whole_are_an_error(cfg, tmp_path):
    for path in tmp_path.glob('epoch_*.pth'):
        cut(path)
    with pytest.raises(ValueError, match='epoch_2.pth is no whole checkpoint'):
        newest_checkpoint(cfg)
    with pytest.raises(ValueError, match='epoch_9.pth is no checkpoint'):
        choose_start(cfg, str(tmp_path / 'epoch_9.pth'))


def test_the_folder_and_the_names_of_the_hook_count(tmp_path):
    hook = dict(out_dir=str(tmp_path / 'out'), filename_tmpl='step-{}.pth')
    cfg = Config(
        dict(
            work_dir=str(tmp_path / 'run'),
            default_hooks=dict(checkpoint=hook),
        )
    )
    assert newest_checkpoint(cfg) == (None, [])
    folder = tmp_path / 'out' / 'run'
    folder.mkdir(parents=True)
    for step in (8, 12):
        torch.save({}, folder / f'step-{step}.pth')
    assert newest_checkpoint(cfg).path == str(folder / 'step-12.pth')


def test_the_epochs_of_another_training_are_not_overwritten(cfg, tmp_path):
    other = tmp_path / 'other' / 'epoch_3.pth'
    other.parent.mkdir()
    torch.save({}, other)
    for resume in (None, str(other)):
        cfg.update(resume=False, load_from=None)
        choose_start(cfg, resume)
        with pytest.raises(ValueError, match='epoch_10.pth. Continue it with'):
            check_nothing_is_overwritten(cfg)
    choose_start(cfg, str(tmp_path / 'best_auc_mean_epoch_11.pth'))
    check_nothing_is_overwritten(cfg)
    empty = Config(dict(work_dir=str(other.parent / 'empty')))
    check_nothing_is_overwritten(empty)


def test_a_config_that_resumes_needs_no_option(cfg, tmp_path):
    cfg.resume = True
    choose_start(cfg, None)
    assert cfg.load_from == str(tmp_path / 'epoch_10.pth')


HOLD = """
import os, sys, time
import mmda_cli
mmda_cli.starts_a_command = True
from mmengine.config import Config
from mmda.apis.work_dir import hold_work_dir
with hold_work_dir(Config(dict(work_dir=sys.argv[1]))):
    if os.fork() == 0:  # a data worker, which outlives its training
        time.sleep(2)
        os._exit(0)
    print('held', flush=True)
    time.sleep(600)
"""


def test_a_work_dir_has_one_training_until_it_dies(tmp_path, monkeypatch):
    monkeypatch.setattr(work_dir, 'LOCK_SECONDS', 0.5)
    cfg = Config(dict(work_dir=str(tmp_path)))
    command = [sys.executable, '-c', HOLD, str(tmp_path)]
    other = subprocess.Popen(command, stdout=subprocess.PIPE)
    try:
        assert other.stdout.readline() == b'held\n'
        with pytest.raises(ValueError, match='another training runs in'):
            with hold_work_dir(cfg):
                pass
        # The second process of a training leaves the lock to the first.
        monkeypatch.setenv('RANK', '1')
        cfg.launcher = 'pytorch'
        with hold_work_dir(cfg):
            pass
    finally:
        other.kill()
        other.communicate()
    cfg.launcher = 'none'
    monkeypatch.setattr(work_dir, 'LOCK_SECONDS', 60)
    with hold_work_dir(cfg):  # the lock of a dead process is free
        pass


@pytest.mark.parametrize(
    'error', [OSError(errno.ENOLCK, 'No locks'), NotImplementedError('flock')]
)
def test_a_file_system_without_locks_gives_a_warning(
    tmp_path, monkeypatch, mm_log, error
):
    def acquire(lock):
        raise error

    monkeypatch.setattr(work_dir.FileLock, 'acquire', acquire)
    with hold_work_dir(Config(dict(work_dir=str(tmp_path)))):
        pass
    assert 'has no locks' in mm_log.text
