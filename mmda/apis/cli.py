"""What the training and the test command have in common."""

import argparse
import logging
import os
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import torch
import torch.distributed as torch_dist
from mmengine.config import Config, ConfigDict, DictAction
from mmengine.device import get_device
from mmengine.dist import is_distributed
from mmengine.logging import print_log
from mmengine.registry import RUNNERS
from mmengine.runner import Runner

from .config import find_config

T = TypeVar('T')


def build_parser(description: str, examples: str) -> argparse.ArgumentParser:
    """Start the parser of a command, with the arguments both of them have.

    Args:
        description (str): One sentence: what the command does.
        examples (str): Command lines that work, shown by ``--help``.

    Returns:
        argparse.ArgumentParser: The parser, for the command to add to.
    """
    parser = argparse.ArgumentParser(
        description=description,
        epilog=f'examples:\n{examples}',
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        'config', help='config file, or package::path such as mmda::da/x.py'
    )
    parser.add_argument(
        '--work-dir',
        help='folder of logs and results (default: `work_dir` of the config, '
        'else ./work_dirs/<name of the config>)',
    )
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        metavar='KEY=VALUE',
        help='change entries of the config, before everything else is set; a '
        'list is written key="[a,b]" or key=a,b, a list of tuples '
        'key="[(a,b),(c,d)]", without white space',
    )
    parser.add_argument(
        '--amp', action='store_true', help='use automatic mixed precision'
    )
    parser.add_argument(
        '--no-pin-memory',
        action='store_true',
        help='do not load into pinned memory',
    )
    parser.add_argument(
        '--launcher',
        choices=['none', 'pytorch', 'slurm', 'mpi'],
        default='none',
        help='what started the processes of this run (default: none)',
    )
    # The first spelling is torch's own from before 2.0, the second from after.
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0)
    return parser


def parse_checked(
    parser: argparse.ArgumentParser,
    argv: Sequence[str] | None,
    check: Callable[[argparse.Namespace], None],
) -> argparse.Namespace:
    """Parse a command line; what is wrong with it ends in a usage error.

    Args:
        parser (argparse.ArgumentParser): The parser.
        argv (Sequence[str], optional): The arguments, or None for those of
            this process.
        check (Callable): Raises ``ValueError`` or ``FileNotFoundError`` on
            arguments that cannot work.

    Returns:
        argparse.Namespace: The arguments.
    """
    args = parser.parse_args(argv)
    try:
        find_config(args.config)
        check(args)
    except (ValueError, FileNotFoundError) as error:
        parser.error(str(error))
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    return args


def check_checkpoint(path: str, option: str) -> None:
    """Check that a checkpoint is there; an address is left to the loader.

    Args:
        path (str): Path, or address with ``://``.
        option (str): The argument it was given by, for the message.

    Raises:
        FileNotFoundError: If a path does not exist.
    """
    if '://' not in path and not Path(path).is_file():
        raise FileNotFoundError(f'{option}: there is no checkpoint {path}')


def check_device(name: str) -> None:
    """Check that a device can be used.

    Args:
        name (str): Such as 'cpu' or 'cuda:0'.

    Raises:
        ValueError: If there is no such device.

    Examples:
        >>> check_device('cpu')
    """
    try:
        torch.empty(0, device=name)
    # The last is torch's word where it was built without CUDA.
    except (RuntimeError, NotImplementedError, AssertionError) as error:
        reason = str(error).strip().splitlines() or ['']
        raise ValueError(
            f'device {name!r} cannot be used: {reason[0]}; cpu always can'
        ) from error


def set_work_dir(cfg: Config, config: str, work_dir: str | None) -> None:
    """Set ``cfg.work_dir``: command line, else config, else by its name.

    Args:
        cfg (Config): The config, changed in place.
        config (str): The config argument of the command line.
        work_dir (str, optional): The ``--work-dir`` of the command line.
    """
    if work_dir is not None:
        cfg.work_dir = work_dir
    elif cfg.get('work_dir') is None:
        name = Path(config.rpartition('::')[2]).stem
        cfg.work_dir = os.path.join('.', 'work_dirs', name)


def set_dataloader_defaults(
    cfg: Config,
    fields: Sequence[str],
    *,
    pin_memory: bool = True,
    persistent_workers: bool = True,
) -> None:
    """Fill in what the dataloaders of a config leave open.

    Classification configs count on batches that are stacked while they are
    loaded; segmentation configs keep their images apart, since sizes differ.

    Args:
        cfg (Config): The config, changed in place.
        fields (Sequence[str]): Keys of dataloaders; absent ones and None are
            left out.
        pin_memory (bool): Whether pinned memory is wanted. It is never used
            where there is no accelerator to copy to. Defaults to True.
        persistent_workers (bool): Whether workers may outlive an epoch. Only
            a dataloader with workers has any. Defaults to True.
    """
    pins = pin_memory and get_device() not in ('cpu', 'mps')
    for field in fields:
        loader = cfg.get(field)
        if not isinstance(loader, dict):
            continue
        if cfg.get('default_scope') == 'mmpretrain':
            loader.setdefault('collate_fn', dict(type='default_collate'))
        persists = persistent_workers and loader.get('num_workers', 0) > 0
        for key, possible in (
            ('pin_memory', pins),
            ('persistent_workers', persists),
        ):
            loader[key] = possible and loader.get(key, True)


def build_runner(cfg: Config) -> Runner:
    """Build the runner of a config, over gloo where there is only the CPU.

    Args:
        cfg (Config): The config, complete.

    Returns:
        Runner: The runner, or what ``cfg.runner_type`` names.

    Raises:
        ValueError: If several processes without an accelerator were started
            by anything but torchrun.
    """
    if cfg.launcher != 'none' and get_device() == 'cpu':
        _init_cpu_group(cfg)
    if 'runner_type' in cfg:
        return RUNNERS.build(cfg)
    return Runner.from_cfg(cfg)


def _init_cpu_group(cfg: Config) -> None:
    if cfg.launcher != 'pytorch':
        raise ValueError(
            f'--launcher {cfg.launcher} needs an accelerator, and there is '
            'none: start the processes with torchrun and --launcher pytorch'
        )
    env_cfg = cfg.setdefault('env_cfg', ConfigDict())
    dist_cfg = env_cfg.setdefault('dist_cfg', ConfigDict())
    dist_cfg.backend = 'gloo'
    # The runner would hand the rank to the wrapper as the number of a GPU.
    wrapper = cfg.get('model_wrapper_cfg') or ConfigDict(
        type='MMDistributedDataParallel',
        broadcast_buffers=False,
        find_unused_parameters=cfg.get('find_unused_parameters', False),
    )
    wrapper.device_ids = None
    cfg.model_wrapper_cfg = wrapper
    # mmengine selects a GPU before it starts a group, whatever the backend;
    # a group that is there already it takes as it is.
    if not is_distributed():
        options: dict[str, Any] = {}
        if dist_cfg.get('timeout') is not None:
            options['timeout'] = timedelta(seconds=dist_cfg.timeout)
        torch_dist.init_process_group(backend='gloo', **options)


def run_logged(step: Callable[[], T]) -> T:
    """Run a step; the reason why it fails is in the log file as well.

    Args:
        step (Callable): Called without arguments.

    Returns:
        T: What it returns.

    Raises:
        Exception: Whatever it raises, unchanged.
    """
    try:
        return step()
    except Exception as error:
        print_log(
            f'{type(error).__name__}: {error}',
            logger='current',
            level=logging.ERROR,
        )
        raise
