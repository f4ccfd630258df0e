"""Arguments and options that several commands have."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.registry import init_default_scope

from mmda.apis.arguments import KeyValueAction
from mmda.apis.config import check_model, load_config, set_work_dir

CHECKPOINT_HELP = 'checkpoint, or a work directory: its best checkpoint'


def build_parser(
    description: str, examples: str, command: str | None = None
) -> argparse.ArgumentParser:
    """Start a parser whose help ends with examples.

    Args:
        description (str): One sentence: what the command does.
        examples (str): Command lines that work.
        command (str, optional): Name of the command, for the usage line.
            Defaults to the name of the script that runs.

    Returns:
        argparse.ArgumentParser: The parser. The command adds its arguments.
    """
    parser = argparse.ArgumentParser(
        prog=f'mmda {command}' if command else None,
        description=description,
        epilog=f'examples:\n{examples}',
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        '--debug',
        action='store_true',
        help='show the traceback of an error',
    )
    return parser


def add_config(parser: argparse.ArgumentParser) -> None:
    """Add the argument ``config``."""
    parser.add_argument(
        'config', help='config file, or package::path such as mmda::da/x.py'
    )


def add_config_options(parser: argparse.ArgumentParser) -> None:
    """Add the option ``--cfg-options``."""
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=KeyValueAction,
        metavar='KEY=VALUE',
        help='change entries of the config; write a list as key="[a,b]" or '
        'key=a,b, and a list of tuples as key="[(a,b),(c,d)]", without white '
        'space',
    )


def add_run_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that training and testing share."""
    parser.add_argument(
        '--work-dir',
        help='folder of logs and results (default: `work_dir` of the config, '
        'else ./work_dirs/<name of the config>)',
    )
    add_config_options(parser)
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
    # torch before 2.0 passes the first spelling, later versions the second.
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0)


def add_unsafe_load(parser: argparse.ArgumentParser) -> None:
    """Add the option ``--unsafe-load``."""
    parser.add_argument(
        '--unsafe-load',
        action='store_true',
        help='also load checkpoints and predictions that are more than data. '
        'Such a file can run any code on this machine: trust its author',
    )


def check_checkpoint(path: str, option: str) -> None:
    """Check that a checkpoint exists. An address with ``://`` passes.

    Args:
        path (str): Path or address.
        option (str): Name of the argument, for the message.

    Raises:
        FileNotFoundError: If there is no such file.
    """
    if '://' not in path and not Path(path).is_file():
        raise FileNotFoundError(f'{option}: there is no checkpoint {path}')


def find_checkpoint(path: str) -> str:
    """Find the checkpoint that a command line names.

    Args:
        path (str): Path or address of a checkpoint, or a work directory.

    Returns:
        str: Path or address. In a work directory, the best checkpoint.

    Raises:
        FileNotFoundError: If there is no such file, or if the directory has
            no best checkpoint.
        ValueError: If the directory has several best checkpoints.
    """
    if '://' in path or not Path(path).is_dir():
        check_checkpoint(path, 'checkpoint')
        return path
    best = sorted(Path(path).glob('best_*.pth'))
    if len(best) == 1:
        return str(best[0])
    others = ', '.join(file.name for file in sorted(Path(path).glob('*.pth')))
    text = (
        f'checkpoint: {path} has {len(best)} files best_*.pth, expected one. '
        f'Name one of its checkpoints: {others or "there is none"}'
    )
    raise ValueError(text) if best else FileNotFoundError(text)


def open_config(
    name: str, options: dict[str, Any] | None = None, read_spaces: bool = True
) -> Config:
    """Load a config, and make its scope the default scope.

    Args:
        name (str): Path, or ``package::path``.
        options (dict[str, Any], optional): ``--cfg-options``.
        read_spaces (bool): See :func:`~mmda.apis.config.load_config`.

    Returns:
        Config: The config.
    """
    cfg = load_config(name, options, read_spaces)
    init_default_scope(cfg.get('default_scope', 'mmpretrain'))
    return cfg


def load_run_config(args: argparse.Namespace) -> Config:
    """Load the config of a training or a test.

    Args:
        args (argparse.Namespace): The arguments, see
            :func:`add_run_options`.

    Returns:
        Config: The config, with ``launcher`` and ``work_dir``.
    """
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    cfg = load_config(args.config, args.cfg_options)
    check_model(cfg, args.config)
    cfg.launcher = args.launcher
    set_work_dir(cfg, args.config, args.work_dir)
    return cfg
