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

from .plain_config import plain_config
from .recipe_config import load_recipe, move_data
from .result import Result, Run, finished, write_result

#: Told the part of the training that is done, 0 to 1.
Progress = Callable[[float], object]
_STARTED = 'started.txt'


def execute(
    run: Run,
    data_root: str | None = None,
    resume: bool = False,
    progress: Progress | None = None,
) -> Result:
    """Train and test; the folder of the run is made anew.

    A training whose answers become NaN or infinite is a result, too: it has
    diverged. Any other error is raised, and there is no result.

    Args:
        run (Run): What to run.
        data_root (str, optional): In place of ``data/``.
        resume (bool): Whether to go on from the last checkpoint of an
            interrupted run of the same config. Defaults to False.
        progress (Callable, optional): Told how much of the training is done.

    Returns:
        Result: That of the run, also written into its folder.

    Raises:
        RuntimeError: If another process is at this run.
    """
    folder = run.folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(f'{folder}.lock', timeout=0)
    try:
        with lock:
            # Another process may have finished it since it was listed.
            return finished(run) or _execute(run, data_root, resume, progress)
    except Timeout as error:
        raise RuntimeError(f'{run}: another process is at it') from error


def _execute(
    run: Run,
    data_root: str | None,
    resume: bool,
    progress: Progress | None,
) -> Result:
    folder = run.folder
    resume = resume and _can_resume(run)
    if not resume:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        (folder / _STARTED).write_text(run.content, encoding='utf-8')
    cfg = plain_config(load_recipe(run.recipe, run.quick))
    move_data(cfg, data_root)
    set_seed(cfg, run.seed)
    cfg.launcher = 'none'
    cfg.work_dir = str(folder)
    # Seconds for each run, of which there may be hundreds.
    for name, key in (('run_summary', 'figures'), ('label_report', 'figure')):
        if cfg.get('default_hooks', {}).get(name):
            cfg.default_hooks[name][key] = False
    loaders = [f'{split}_dataloader' for split in ('train', 'val', 'test')]
    set_dataloader_defaults(cfg, loaders)
    start = time.monotonic()
    result = Result(
        run.content, run.seed, {}, 0.0, resumed=resume, device=get_device()
    )
    try:
        checkpoint = _train(cfg, run, resume, progress)
        result.metrics = _test(cfg, run, checkpoint)
        result.checkpoint = Path(checkpoint).name
    except FloatingPointError as error:
        result.diverged = str(error)
    result.seconds = round(time.monotonic() - start, 2)
    write_result(folder, result)
    _remove_other_checkpoints(folder, result.checkpoint)
    return result


def _can_resume(run: Run) -> bool:
    started = run.folder / _STARTED
    return (
        started.is_file()
        and started.read_text(encoding='utf-8') == run.content
        and (run.folder / 'last_checkpoint').is_file()
    )


def _train(
    cfg: Config, run: Run, resume: bool, progress: Progress | None
) -> str:
    """Train and return the best checkpoint, or the last."""
    cfg = cfg.copy()
    if resume:
        cfg.resume, cfg.load_from = True, None
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
    """Test a checkpoint as tools/test.py does, by a runner of its own."""
    cfg = cfg.copy()
    cfg.resume, cfg.load_from = False, checkpoint
    metrics = _build(cfg, run, 'test').test()
    return {key: float(value) for key, value in metrics.items()}


def _build(cfg: Config, run: Run, what: str) -> Runner:
    # mmengine keeps logs and message hubs by this name, for the process.
    name = f'{what}_{run.recipe}_{run.seed}_{time.time_ns()}'
    cfg.experiment_name = name.replace('/', '_').replace(' ', '_')
    return build_runner(cfg)


def _remove_other_checkpoints(folder: Path, kept: str) -> None:
    """Leave the checkpoint that was tested: the rest is not needed again."""
    for path in folder.glob('*.pth'):
        if path.name != kept:
            path.unlink()


class _ProgressHook(Hook):
    """Tell every few seconds how much of the training is done."""

    priority = 'LOWEST'
    _interval = 5.0

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self._last = time.monotonic()

    def after_train_iter(self, runner: Runner, *args: Any, **_: Any) -> None:
        """Tell it, unless it was told just now."""
        now = time.monotonic()
        if now - self._last > self._interval:
            self._last = now
            self.progress((runner.iter + 1) / max(runner.max_iters, 1))
