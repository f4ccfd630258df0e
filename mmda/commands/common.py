"""What several commands share. Nothing here imports torch at its top."""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from mmengine.config import Config
from mmengine.logging import MMLogger, print_log
from mmengine.registry import init_default_scope

import mmda
from mmda.apis.arguments import KeyValueAction
from mmda.apis.config import (
    check_model,
    find_config,
    load_config,
    set_work_dir,
)
from mmda.apis.errors import explain
from mmda.files import write_text
from mmda.walk import find_outermost, is_partial_config

#: Options whose value is a file or a folder to write.
OUTPUTS = ('out', 'out_dir', 'show_dir', 'work_dir')

#: Options that are arguments of CSVLabelDataset. --cfg-options cannot give a
#: name with white space.
TABLE_OPTIONS = ('image_column', 'patient_column', 'label_column')

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
        action=KeyValueAction,
        metavar='KEY=VALUE',
        help='change entries of the config; write a list as key="[a,b]" or '
        'key=a,b, and a list of tuples as key="[(a,b),(c,d)]", without white '
        'space',
    )


def add_sources(parser: argparse.ArgumentParser) -> None:
    """Add the argument ``sources``, and options that say how to read a table.

    Args:
        parser (argparse.ArgumentParser): The parser.
    """
    parser.add_argument(
        'sources',
        nargs='+',
        help='configs; or tables as CSVLabelDataset reads them (then '
        '--cfg-options gives its arguments, or those of another `type`)',
    )
    for name in TABLE_OPTIONS:
        option = '--' + name.replace('_', '-')
        parser.add_argument(
            option, metavar='NAME', help=f'`{name}` of a table'
        )


def check_sources(args: argparse.Namespace) -> None:
    """Check that the sources exist.

    Args:
        args (argparse.Namespace): The arguments, see :func:`add_sources`.

    Raises:
        FileNotFoundError: If a config or a table is missing.
    """
    for source in args.sources:
        if is_config(source):
            find_config(source)
        elif not Path(source).is_file():
            raise FileNotFoundError(f'there is no table {source}')


def is_config(source: str) -> bool:
    """Say whether a source is a config, and no table.

    Args:
        source (str): One of ``args.sources``.

    Returns:
        bool: Whether it is a config.
    """
    return source.endswith('.py') or '::' in source


def table_config(path: str, args: argparse.Namespace) -> dict[str, Any]:
    """Write the config of the dataset that reads a table.

    Args:
        path (str): The table.
        args (argparse.Namespace): The arguments, see :func:`add_sources` and
            :func:`add_config_options`.

    Returns:
        dict: The config.
    """
    table = dict(
        type='CSVLabelDataset',
        ann_file=path,
        check_first=False,
        allow_outside=True,
    )
    given = {name: getattr(args, name) for name in TABLE_OPTIONS}
    table.update({n: v for n, v in given.items() if v is not None})
    return {**table, **(args.cfg_options or {})}


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


def add_unsafe_load(parser: argparse.ArgumentParser) -> None:
    """Add the option ``--unsafe-load``.

    Args:
        parser (argparse.ArgumentParser): The parser.
    """
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


def choose_part(dataset: Any, part: tuple[str, str] | None = None) -> None:
    """Let the outer wrappers of a config take one part of their source.

    Args:
        dataset (dict): A dataset of the config, changed in place.
        part (tuple[str, str], optional): Name and file of ``mmda split``.
            Defaults to None, all images. The ``part``, ``num_samples`` and
            ``indices`` of the config do not count.
    """
    for node in find_outermost(dataset, is_partial_config):
        for key in ('part', 'part_of', 'num_samples', 'indices'):
            node.pop(key, None)
        if part is not None:
            node['part'] = part


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


def check_output(path: str | Path, option: str) -> None:
    """Check that a file or a folder can be written, before the work begins.

    Args:
        path (str | Path): The file or folder. It need not exist.
        option (str): Name of the argument, for the message.

    Raises:
        ValueError: If the path is empty.
        OSError: If the path cannot be written.
    """
    if not str(path).strip():
        raise ValueError(f'{option}: found an empty name')
    place = Path(path).absolute()
    while not place.exists():
        place = place.parent
    is_blocked = place != Path(path).absolute() and not place.is_dir()
    if is_blocked or not os.access(place, os.W_OK):
        reason = 'is no folder' if is_blocked else 'cannot be written'
        raise PermissionError(f'{option} {path}: {place} {reason}')


@contextmanager
def naming(folder: str) -> Iterator[None]:
    """Let an error that names no file, such as of a full disk, name a folder.

    Args:
        folder (str): Folder that the block writes to.
    """
    try:
        yield
    except OSError as error:
        if error.errno and error.filename is None:
            error.filename = folder
        raise


class Stopped(KeyboardInterrupt):
    """SIGTERM: another program ends this one. Files are closed, as always."""


def run_tool(
    parser: argparse.ArgumentParser,
    argv: Sequence[str] | None,
    step: Callable[[argparse.Namespace], None],
    check: Callable[[argparse.Namespace], None] | None = None,
    register: bool = True,
    resume: Callable[[Sequence[str]], str] | None = None,
) -> None:
    """Run a command. Every error ends in one line.

    The exit status is 2 if an input is wrong, and 1 for a fault of the code.
    It is 130 after Ctrl-C and 143 after SIGTERM. With ``--debug``, an error
    is raised, with its traceback.

    This function checks that ``args.config`` and ``args.checkpoint`` exist,
    and that the outputs can be written, if the command has these arguments.
    It registers the components of mmda between the checks and the step.

    Args:
        parser (argparse.ArgumentParser): The parser, from
            :func:`build_parser`.
        argv (Sequence[str], optional): The arguments. None stands for the
            arguments of this process.
        step (Callable): Takes the arguments and does the work.
        check (Callable, optional): Takes the arguments, and raises
            ``ValueError`` or ``FileNotFoundError`` if they cannot work. It
            must not import torch.
        register (bool): Whether the step needs the components of mmda. They
            take seconds to import. Defaults to True.
        resume (Callable, optional): Takes the words of the command line, and
            returns the command that goes on after an interruption.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    args = parser.parse_args(words)
    try:
        _check_files(args)
        if check is not None:
            check(args)
        with _stoppable(getattr(args, 'launcher', 'none') == 'none'):
            if register:
                mmda.register_all()
            step(args)
            _leave_process_group()
    except KeyboardInterrupt as error:
        if args.debug:
            raise
        stopped = isinstance(error, Stopped)
        text = 'stopped by SIGTERM' if stopped else 'interrupted'
        if resume is not None:
            text += f'; to go on: {resume(words)}'
        _end(parser, text, 143 if stopped else 130)
    except Exception as error:
        if args.debug:
            raise
        found = explain(error)
        text = f'error: {found.text}'
        if not found.is_complete:
            text += f' (--debug shows the traceback{_log_file()})'
        _end(parser, text, 2 if found.is_input else 1)


def _check_files(args: argparse.Namespace) -> None:
    if getattr(args, 'config', None):
        find_config(args.config)
    if getattr(args, 'checkpoint', None):
        args.checkpoint = find_checkpoint(args.checkpoint)
    for name in OUTPUTS:
        path = getattr(args, name, None)
        if path is not None:
            check_output(path, '--' + name.replace('_', '-'))


@contextmanager
def _stoppable(is_alone: bool) -> Iterator[None]:
    """Raise ``Stopped`` at SIGTERM, so that files are closed.

    A rank that waits for other ranks cannot raise: it ends as ever.
    """

    def stop(number: int, frame: FrameType | None) -> NoReturn:
        raise Stopped

    # Python lets only the main thread choose.
    if not is_alone or threading.current_thread() != threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _log_file() -> str:
    """Name the log file of the run, which holds the traceback."""
    for handler in MMLogger.get_current_instance().handlers:
        if isinstance(handler, logging.FileHandler):
            return f', and so does {handler.baseFilename}'
    return ''


def _end(parser: argparse.ArgumentParser, text: str, status: int) -> NoReturn:
    sys.stdout.flush()
    line = f'{parser.prog}: {text}'
    if sys.stderr.isatty():
        from rich.console import Console
        from rich.text import Text

        style = 'bold red' if text.startswith('error') else 'yellow'
        Console(stderr=True).print(Text(line, style), soft_wrap=True)
        parser.exit(status)
    parser.exit(status, f'{line}\n')


def _leave_process_group() -> None:
    """End all ranks of a distributed run together.

    A rank that exits while another still uses the group can abort it.
    """
    if 'torch' not in sys.modules:
        return
    from torch import distributed

    if distributed.is_available() and distributed.is_initialized():
        distributed.barrier()
        distributed.destroy_process_group()
