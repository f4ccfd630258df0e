"""Complete a config for a run, and build the runner."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, TypeVar

import torch.distributed as torch_dist
from mmengine.config import Config, ConfigDict
from mmengine.device import get_device
from mmengine.dist import is_distributed
from mmengine.hooks import LoggerHook
from mmengine.logging import MMLogger
from mmengine.registry import RUNNERS
from mmengine.runner import Runner

from .run_config import RunConfig

T = TypeVar('T')
#: Hooks that mmengine registers without a config. None drops them there.
HOST_HOOKS = (
    'runtime_info',
    'timer',
    'sampler_seed',
    'logger',
    'param_scheduler',
    'checkpoint',
)


def set_dataloader_defaults(
    cfg: Config,
    fields: Sequence[str],
    *,
    pin_memory: bool = True,
    persistent_workers: bool = True,
) -> None:
    """Set what the dataloaders of a config do not say.

    A classification model takes batches that the dataloader has stacked. A
    segmentation model takes lists of images, because their sizes differ.

    Args:
        cfg (Config): The config, changed in place.
        fields (Sequence[str]): Keys of dataloaders. A key that is absent or
            None is skipped.
        pin_memory (bool): Whether to use pinned memory. It is used only where
            there is an accelerator. Defaults to True.
        persistent_workers (bool): Whether workers live longer than one epoch.
            This needs ``num_workers > 0``. Defaults to True.
    """
    pins = pin_memory and get_device() not in ('cpu', 'mps')
    for field in fields:
        loader = cfg.get(field)
        if not isinstance(loader, dict):
            continue
        if cfg.get('default_scope') == 'mmpretrain':
            loader.setdefault('collate_fn', dict(type='default_collate'))
        persists = persistent_workers and loader.get('num_workers', 0) > 0
        loader['pin_memory'] = pins and loader.get('pin_memory', True)
        loader['persistent_workers'] = persists and loader.get(
            'persistent_workers', True
        )


def build_runner(cfg: Config) -> Runner:
    """Build the runner of a config. Without an accelerator, ranks use gloo.

    Args:
        cfg (Config): The complete config.

    Returns:
        Runner: The runner, of the class ``cfg.runner_type`` if that is given.

    Raises:
        ValueError: If several processes start without an accelerator and
            without torchrun.
    """
    if cfg.launcher != 'none' and get_device() == 'cpu':
        _init_cpu_group(cfg)
    drop_hooks(cfg)
    log_often(cfg)
    cfg = RunConfig.of(cfg)
    if 'runner_type' in cfg:
        return RUNNERS.build(cfg)
    return Runner.from_cfg(cfg)


def drop_hooks(cfg: Config) -> None:
    """Drop the default hooks that are None.

    mmengine itself drops only its own hooks (``HOST_HOOKS``).

    Args:
        cfg (Config): The config, changed in place.
    """
    hooks = cfg.get('default_hooks') or {}
    for name, hook in list(hooks.items()):
        if hook is None and name not in HOST_HOOKS:
            del hooks[name]


def log_often(cfg: Config) -> None:
    """Let the stock logger write a line at least every 30 seconds.

    Args:
        cfg (Config): The config, changed in place.
    """
    hooks = cfg.get('default_hooks') or {}
    logger = hooks.setdefault('logger', dict(type='LoggerHook'))
    if logger and logger.get('type') in ('LoggerHook', LoggerHook):
        logger['type'] = 'TimedLoggerHook'
    cfg.default_hooks = hooks


def _init_cpu_group(cfg: Config) -> None:
    if cfg.launcher != 'pytorch':
        raise ValueError(
            f'--launcher {cfg.launcher} needs an accelerator, and there is '
            'none: start the processes with torchrun and --launcher pytorch'
        )
    env_cfg = cfg.setdefault('env_cfg', ConfigDict())
    dist_cfg = env_cfg.setdefault('dist_cfg', ConfigDict())
    dist_cfg.backend = 'gloo'
    # By default the runner gives the wrapper a GPU with the number of the
    # rank.
    wrapper = cfg.get('model_wrapper_cfg') or ConfigDict(
        type='MMDistributedDataParallel',
        broadcast_buffers=False,
        find_unused_parameters=cfg.get('find_unused_parameters', False),
    )
    wrapper.device_ids = None
    cfg.model_wrapper_cfg = wrapper
    # mmengine selects a GPU before it starts a group, for every backend. It
    # uses a group that exists already.
    if not is_distributed():
        options: dict[str, Any] = {}
        if dist_cfg.get('timeout') is not None:
            options['timeout'] = timedelta(seconds=dist_cfg.timeout)
        torch_dist.init_process_group(backend='gloo', **options)


def run_logged(step: Callable[[], T]) -> T:
    """Run a step. If it fails, write the traceback to the log file.

    A command shows only the message of a ``ValueError`` on the console.

    Args:
        step (Callable): A function without arguments.

    Returns:
        T: The result of the step.

    Raises:
        Exception: Every exception of the step.
    """
    try:
        return step()
    except Exception as error:
        text = f'{type(error).__name__}: {error}\n{traceback.format_exc()}'
        record = dict(levelno=logging.ERROR, levelname='ERROR', msg=text)
        for handler in MMLogger.get_current_instance().handlers:
            if isinstance(handler, logging.FileHandler):
                handler.handle(logging.makeLogRecord(record))
        raise
