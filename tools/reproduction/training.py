"""One run: train, test the best checkpoint, write the result."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from mmengine.config import Config
from mmengine.device import get_device
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmda.apis.runner import build_runner, set_dataloader_defaults
from mmda.apis.seeding import set_seed
from mmda.apis.work_dir import newest_checkpoint

from .recipe_config import load_recipe, move_data, plain_config
from .result import Result, Run, finished, write_result

#: Takes the part of the training that is done, 0 to 1.
Progress = Callable[[float], object]
_STARTED = 'started.txt'


def execute(
    run: Run,
    data_root: str | None = None,
    resume: bool = False,
    progress: Progress | None = None,
) -> Result:
    """Train and test in a new folder, and write the result.

    A training whose answers become NaN or infinite has a result, too: it has
    diverged. Any other error is raised, and then there is no result.

    Args:
        run (Run): The run.
        data_root (str, optional): Folder that takes the place of ``data/``.
        resume (bool): Whether to continue from the last checkpoint of an
            interrupted run of the same config. Defaults to False.
        progress (Callable, optional): Takes the part of the training that is
            done, after each iteration.

    Returns:
        Result: The result. It is also written into the folder of the run.

    Raises:
        RuntimeError: If another process executes this run.
    """
    folder = run.folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(f'{folder}.lock', timeout=0)
    try:
        with lock:
            # Another process may have finished it since it was listed.
            return finished(run) or _execute(run, data_root, resume, progress)
    except Timeout as error:
        raise RuntimeError(f'{run}: another process executes it') from error


def _execute(
    run: Run,
    data_root: str | None,
    resume: bool,
    progress: Progress | None,
) -> Result:
    folder = run.folder
    old = _checkpoint_to_resume(run) if resume else None
    if old is None:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        (folder / _STARTED).write_text(run.content, encoding='utf-8')
    cfg = plain_config(load_recipe(run.recipe, run.quick))
    move_data(cfg, data_root)
    set_seed(cfg, run.seed)
    cfg.launcher = 'none'
    cfg.work_dir = str(folder)
    # Figures and reports take seconds of each run, and there may be hundreds.
    for name, key in (('run_summary', 'figures'), ('label_report', 'figure')):
        if cfg.get('default_hooks', {}).get(name):
            cfg.default_hooks[name][key] = False
    cfg.get('default_hooks', {}).pop('run_report', None)
    loaders = [f'{split}_dataloader' for split in ('train', 'val', 'test')]
    set_dataloader_defaults(cfg, loaders)
    start = time.monotonic()
    result = Result(
        run.content,
        run.seed,
        {},
        0.0,
        resumed=old is not None,
        device=get_device(),
    )
    try:
        checkpoint = _train(cfg, run, old, progress)
        result.metrics = _test(cfg, run, checkpoint)
        result.checkpoint = Path(checkpoint).name
    except FloatingPointError as error:
        result.diverged = str(error)
    result.seconds = round(time.monotonic() - start, 2)
    write_result(folder, result)
    _remove_other_checkpoints(folder, result.checkpoint)
    return result


def _checkpoint_to_resume(run: Run) -> str | None:
    started = run.folder / _STARTED
    if not started.is_file():
        return None
    if started.read_text(encoding='utf-8') != run.content:
        return None
    try:
        return newest_checkpoint(Config(dict(work_dir=str(run.folder)))).path
    except ValueError:  # none is whole
        return None


def _train(
    cfg: Config, run: Run, old: str | None, progress: Progress | None
) -> str:
    """Train, and return the best checkpoint or else the last one."""
    cfg = cfg.copy()
    if old is not None:
        cfg.resume, cfg.load_from = True, old
    runner = _build(cfg, run, 'train')
    if progress is not None:
        runner.register_hook(_ProgressHook(progress))
    runner.train()
    hub = runner.message_hub
    found = hub.get_info('best_ckpt') or hub.get_info('last_ckpt')
    if found is None:
        raise RuntimeError(f'{run}: the training left no checkpoint')
    return found


def _test(cfg: Config, run: Run, checkpoint: str) -> dict[str, float]:
    """Test a checkpoint with a new runner, as tools/test.py does."""
    cfg = cfg.copy()
    cfg.resume, cfg.load_from = False, checkpoint
    metrics = _build(cfg, run, 'test').test()
    return {key: float(value) for key, value in metrics.items()}


def _build(cfg: Config, run: Run, what: str) -> Runner:
    # mmengine keeps the log and the message hub of each name until the
    # process ends.
    name = f'{what}_{run.recipe}_{run.seed}_{time.time_ns()}'
    cfg.experiment_name = name.replace('/', '_').replace(' ', '_')
    return build_runner(cfg)


def _remove_other_checkpoints(folder: Path, kept: str) -> None:
    """Keep the tested checkpoint only."""
    for path in folder.glob('*.pth'):
        if path.name != kept:
            path.unlink()


class _ProgressHook(Hook):
    """Tell after each iteration how much of the training is done."""

    priority = 'LOWEST'

    def __init__(self, progress: Progress) -> None:
        self.progress = progress

    def after_train_iter(self, runner: Runner, *args: Any, **_: Any) -> None:
        """Tell the part that is done."""
        self.progress((runner.iter + 1) / max(runner.max_iters, 1))
