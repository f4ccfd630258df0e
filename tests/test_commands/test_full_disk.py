"""Every command on a full disk and in a read-only folder loses nothing.

The test runs this file as a script in a namespace of its own, where it may
mount a small disk.
"""

import contextlib
import io
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from mmengine.registry import MODELS, init_default_scope

import mmda_cli
from mmda.apis.config import load_config
from mmda.commands.fold import MARK

CONFIG = 'mmda::da/digits.py'
OLD = MARK + b'old'  # mmda fold replaces only a config of its own.
NAMESPACE = ('unshare', '--user', '--map-root-user', '--mount')
SHORT = [
    '--cfg-options',
    'train_cfg.max_epochs=1',
    *(f'{key}_dataloader.num_workers=0' for key in ('train', 'val', 'test')),
]


def run(name, argv):
    """Run a command; return its exit status and what it said of an error."""
    said = io.StringIO()
    with (
        contextlib.redirect_stderr(said),
        contextlib.redirect_stdout(io.StringIO()),
    ):
        try:
            mmda_cli.main(name, [str(word) for word in argv])
        except SystemExit as error:
            lines = said.getvalue().splitlines()
            return error.code, next(x for x in reversed(lines) if x)
    return 0, ''


def commands(disk, safe):
    """Each command, and the files of the disk that it would replace."""
    checkpoint, answers = disk / 'a.pth', safe / 'val.npz'
    image = safe / 'image.png'
    yield (
        'fold',
        [checkpoint, disk / 'folded.pth'],
        ['folded.pth', 'folded.py'],
    )
    small = ['--size', 16, 16]
    yield (
        'export',
        [checkpoint, disk / 'a.pt', '--format', 'torchscript', *small],
        ['a.pt'],
    )
    yield (
        'export',
        [checkpoint, disk / 'hub', '--format', 'hf', *small],
        ['hub/config.json', 'hub/model.safetensors', 'hub/model.onnx'],
    )
    yield (
        'thresholds',
        [CONFIG, disk / 'b.pth', answers],
        ['b.thresholds.json', 'b.thresholds.reliability.png'],
    )
    yield (
        'compare_runs',
        [answers, answers, '--resamples', 2, '--out-dir', disk],
        ['comparison.json', 'comparison.md', 'forest.png', 'forest.pdf'],
    )
    yield (
        'predict',
        [CONFIG, checkpoint, image, '--out', disk / 'answers.csv'],
        ['answers.csv'],
    )
    yield (
        'predict',
        [CONFIG, checkpoint, image, '--out', disk / 'answers.json'],
        ['answers.json'],
    )
    yield (
        'test',
        [CONFIG, checkpoint, '--work-dir', safe, *SHORT]
        + ['--out', disk / 'auc.json', '--out-item', 'metrics'],
        ['auc.json'],
    )
    yield (
        'label_report',
        [CONFIG, '--out-dir', disk],
        ['label_report.txt', 'label_report.json'],
    )
    yield (
        'train',
        [CONFIG, '--work-dir', disk / 'run', *SHORT],
        [],
    )


def try_all(disk, safe, reasons):
    for name, argv, files in commands(disk, safe):
        for file in files:
            assert (disk / file).read_bytes() == OLD, (name, file)
        status, said = run(name, argv)
        assert status in (1, 2), (name, status, said)
        assert any(reason in said for reason in reasons), (name, said)
        assert str(disk) in said, (name, said)
        for file in files:
            assert (disk / file).read_bytes() == OLD, (name, file)
        print('ok', name, said)


def main(disk, safe):
    """Fill a small disk, run all commands, and again with a read-only disk."""
    torch.set_num_threads(1)
    mount = ('mount', '-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', str(disk))
    subprocess.run(mount, check=True)
    model = load_config(CONFIG).model
    init_default_scope('mmpretrain')
    parts = dict(state_dict=MODELS.build(model).state_dict())
    parts['meta'] = dict(cfg=f'model = {model.to_dict()!r}')
    torch.save(parts, disk / 'a.pth')
    shutil.copy(disk / 'a.pth', disk / 'b.pth')
    out = ['--work-dir', safe, '--split', 'val', '--out', safe / 'val.npz']
    assert run('test', [CONFIG, disk / 'a.pth', *out, *SHORT]) == (0, '')
    source = Path(__file__).parents[2] / 'docs/figures'
    shutil.copy(next(source.rglob('*.png')), safe / 'image.png')
    for _, _, files in commands(disk, safe):
        for file in files:
            (disk / file).parent.mkdir(exist_ok=True)
            (disk / file).write_bytes(OLD)
    filler = (disk / 'filler').open('wb', buffering=0)
    with contextlib.suppress(OSError):
        while filler.write(b'0' * 4096):
            pass
    try_all(disk, safe, ['No space left on device'])
    filler.close()
    # Logs are still open on the disk itself.
    read_only = disk.with_name('read_only')
    read_only.mkdir()
    mount = ('mount', '--bind', str(disk), str(read_only))
    subprocess.run(mount, check=True)
    mount = ('mount', '-o', 'remount,bind,ro', str(read_only))
    subprocess.run(mount, check=True)
    try_all(read_only, safe, ['Read-only file system', 'cannot be written'])


@pytest.mark.slow
def test_a_full_or_read_only_disk_keeps_what_was_there(tmp_path):
    allowed = (
        shutil.which('unshare')
        and not subprocess.run(
            [*NAMESPACE, 'mount', '-t', 'tmpfs', 'tmpfs', str(tmp_path)],
            capture_output=True,
        ).returncode
    )
    if not allowed:
        pytest.skip('this machine does not let a test mount a disk')
    folders = [tmp_path / 'disk', tmp_path / 'safe']
    for folder in folders:
        folder.mkdir()
    done = subprocess.run(
        [*NAMESPACE, sys.executable, __file__, *map(str, folders)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]
    assert done.stdout.count('ok ') == 20


if __name__ == '__main__':
    main(*map(Path, sys.argv[1:]))
