"""The work directory of a training: its checkpoints, and who may write."""

from __future__ import annotations

import errno
import logging
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from zipfile import ZipFile

from filelock import FileLock, Timeout
from mmengine.config import Config
from mmengine.logging import print_log

from .errors import describe

#: How long to wait for a lock. The data workers of a process that was killed
#: hold its lock until they notice, which takes torch 5 seconds.
LOCK_SECONDS = 15.0

# Answers of file systems of clusters that know no locks.
_NO_LOCKS = (errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP)

#: The variable that holds the rank of a process, by launcher.
_RANK = dict(
    none='',
    pytorch='RANK',
    slurm='SLURM_PROCID',
    mpi='OMPI_COMM_WORLD_RANK',
)


class Found(NamedTuple):
    """The checkpoint that a training resumes from.

    Attributes:
        path (str | None): The checkpoint. None if there is none.
        notes (list[str]): What was wrong with newer ones.
    """

    path: str | None
    notes: list[str]


def checkpoints_of(cfg: Config) -> list[Path]:
    """List the checkpoints that a training can be resumed from.

    Args:
        cfg (Config): Config of the training, with ``work_dir``.

    Returns:
        list[Path]: Files such as ``epoch_3.pth`` or ``iter_500.pth``, newest
        first.
    """
    hook = (cfg.get('default_hooks') or {}).get('checkpoint') or {}
    names = [hook['filename_tmpl']] if hook.get('filename_tmpl') else []
    names += ['epoch_{}.pth', 'iter_{}.pth']
    if not hook.get('by_epoch', True):
        names.reverse()
    folder = _checkpoint_dir(cfg, hook)
    files = list(folder.iterdir()) if folder.is_dir() else []
    found: dict[Path, int] = {}
    for name in names:
        before, _, after = name.partition('{}')
        pattern = f'{re.escape(before)}([0-9]+){re.escape(after)}'
        steps = {f: re.fullmatch(pattern, f.name) for f in files}
        numbers = {f: int(step[1]) for f, step in steps.items() if step}
        found.update(sorted(numbers.items(), key=lambda i: -i[1]))
    return list(found)


def _checkpoint_dir(cfg: Config, hook: Any) -> Path:
    work_dir = Path(cfg.work_dir)
    if not hook.get('out_dir'):
        return work_dir
    # CheckpointHook adds the name of the work directory.
    return Path(hook['out_dir'], work_dir.name)


def newest_checkpoint(cfg: Config) -> Found:
    """Find the newest whole checkpoint of a training.

    This is the one that ``last_checkpoint`` names. If that file is missing or
    cut, or if it names a checkpoint that is missing or cut, it is the newest
    whole one.

    Args:
        cfg (Config): Config of the training, with ``work_dir``.

    Returns:
        Found: The checkpoint, if there is any.

    Raises:
        ValueError: If there are checkpoints, but no whole one.
    """
    paths, notes = checkpoints_of(cfg), []
    last = Path(cfg.work_dir, 'last_checkpoint')
    if last.is_file():
        text = last.read_text(encoding='utf-8', errors='replace').strip()
        if '://' in text:
            return Found(text, [])
        # First the own ones: the work directory may be a copy, or may have
        # been moved.
        named = [path for path in paths if path.name == Path(text).name]
        named += [Path(text)] if text and Path(text).is_file() else []
        if not named:
            notes.append(f'{last} names no checkpoint: {text!r}')
        paths = named[:1] + [path for path in paths if path not in named]
    elif paths:
        notes.append(f'there is no {last}')
    for path in paths:
        problem = what_is_cut(path)
        if not problem:
            return Found(str(path), notes)
        notes.append(f'{path} is no whole checkpoint: {problem}')
    if paths:
        raise ValueError(
            f'--resume: {"; ".join(notes)}. Restore a checkpoint, or remove '
            'these files to start anew'
        )
    return Found(None, notes)


def what_is_cut(path: Path) -> str:
    """Say why a file is no whole checkpoint. Nothing in it is executed.

    Args:
        path (Path): A file of ``torch.save``, which is a ZIP archive.

    Returns:
        str: The problem, or '' if there is none.
    """
    try:
        with ZipFile(path) as archive:
            broken = archive.testzip()  # compares the check sum of each part
    except Exception as error:  # damage of one byte can raise any kind
        return describe(error)
    return f'{broken} is damaged' if broken else ''


def check_nothing_is_overwritten(cfg: Config) -> None:
    """Refuse to write over the checkpoints of another training.

    Args:
        cfg (Config): Config of the training, with ``work_dir``, ``resume``
            and ``load_from``.

    Raises:
        ValueError: If the work directory has checkpoints, and the training
            does not go on from one of them.
    """
    old = checkpoints_of(cfg)
    if not old:
        return
    start = cfg.get('load_from') if cfg.get('resume') else None
    if start and Path(start).resolve().parent == old[0].resolve().parent:
        return
    raise ValueError(
        f'{old[0].parent} has the checkpoints of another training, such as '
        f'{old[0].name}. Continue it with --resume, choose another '
        '--work-dir, or remove them'
    )


@contextmanager
def hold_work_dir(cfg: Config) -> Iterator[None]:
    """Keep other trainings out of a work directory.

    The system frees the lock when a process and its data workers have died.

    Args:
        cfg (Config): Config of the training, with ``work_dir`` and
            ``launcher``. Only the first process of a distributed training
            takes the lock. A file system without locks gives a warning.

    Raises:
        ValueError: If another training runs in the work directory.
    """
    if int(os.environ.get(_RANK[cfg.get('launcher', 'none')], 0)) != 0:
        yield
        return
    folder = Path(cfg.work_dir)
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / '.training.lock', timeout=LOCK_SECONDS)
    try:
        lock.acquire()
    except Timeout:
        raise ValueError(
            f'another training runs in {folder}: wait for its end, or choose '
            'another --work-dir'
        ) from None
    except (OSError, NotImplementedError) as error:
        if isinstance(error, OSError) and error.errno not in _NO_LOCKS:
            raise
        print_log(
            f'{folder}: this file system has no locks, so mmda cannot see '
            f'whether another training runs here ({describe(error)})',
            logger='current',
            level=logging.WARNING,
        )
    try:
        yield
    finally:
        lock.release()
