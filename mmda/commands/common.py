"""What several commands share. Nothing here imports torch at its top."""

from __future__ import annotations

import argparse
import json
import logging
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from mmengine.config import Config, DictAction
from mmengine.logging import print_log
from mmengine.registry import init_default_scope

import mmda
from mmda.apis.config import find_config, load_config, set_work_dir
from mmda.files import write_text


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
    return argparse.ArgumentParser(
        prog=f'mmda {command}' if command else None,
        description=description,
        epilog=f'examples:\n{examples}',
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def add_config(parser: argparse.ArgumentParser) -> None:
    """Add the argument ``config``.

    Args:
        parser (argparse.ArgumentParser): The parser.
    """
    parser.add_argument(
        'config', help='config file, or package::path such as mmda::da/x.py'
    )


def add_config_options(parser: argparse.ArgumentParser) -> None:
    """Add the option ``--cfg-options``.

    Args:
        parser (argparse.ArgumentParser): The parser.
    """
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        metavar='KEY=VALUE',
        help='change entries of the config; write a list as key="[a,b]" or '
        'key=a,b, and a list of tuples as key="[(a,b),(c,d)]", without white '
        'space',
    )


def add_run_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that training and testing share.

    Args:
        parser (argparse.ArgumentParser): The parser.
    """
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


def open_config(name: str, options: dict[str, Any] | None = None) -> Config:
    """Load a config, and make its scope the default scope.

    Args:
        name (str): Path, or ``package::path``.
        options (dict[str, Any], optional): ``--cfg-options``.

    Returns:
        Config: The config.
    """
    cfg = load_config(name, options)
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
    cfg.launcher = args.launcher
    set_work_dir(cfg, args.config, args.work_dir)
    return cfg


def write_json(path: str | Path, content: Any) -> None:
    """Write a JSON file, and make its folder.

    Args:
        path (str | Path): The file.
        content (Any): Plain values without NaN.

    Raises:
        ValueError: If a value is NaN or infinite.
    """
    text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
    write_text(path, text + '\n')


def say(text: str, level: int = logging.INFO) -> None:
    """Write a line to the console.

    Args:
        text (str): The line.
        level (int): Level of the log. Defaults to INFO.
    """
    print_log(text, level=level)


def run_tool(
    parser: argparse.ArgumentParser,
    argv: Sequence[str] | None,
    step: Callable[[argparse.Namespace], None],
    check: Callable[[argparse.Namespace], None] | None = None,
) -> None:
    """Run a command. A wrong input ends in one line and exit status 2.

    This function checks that ``args.config`` and ``args.checkpoint`` exist,
    if the command has these arguments. It registers the components of mmda
    between the checks and the step.

    Args:
        parser (argparse.ArgumentParser): The parser.
        argv (Sequence[str], optional): The arguments. None stands for the
            arguments of this process.
        step (Callable): Takes the arguments and does the work.
        check (Callable, optional): Takes the arguments, and raises
            ``ValueError`` or ``FileNotFoundError`` if they cannot work. It
            must not import torch.
    """
    args = parser.parse_args(argv)
    try:
        if getattr(args, 'config', None):
            find_config(args.config)
        if getattr(args, 'checkpoint', None):
            check_checkpoint(args.checkpoint, 'checkpoint')
        if check is not None:
            check(args)
        mmda.register_all()
        step(args)
        _leave_process_group()
    except (ValueError, FileNotFoundError) as error:
        parser.error(str(error))


def _leave_process_group() -> None:
    """End all ranks of a distributed run together.

    A rank that exits while another still uses the group can abort it.
    """
    from torch import distributed

    if distributed.is_available() and distributed.is_initialized():
        distributed.barrier()
        distributed.destroy_process_group()
