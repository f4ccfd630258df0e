"""Run a command, and end it in one line if something is wrong."""

from __future__ import annotations

import argparse
import logging
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

from mmengine.logging import MMLogger

import mmda
from mmda.apis.config import find_config
from mmda.apis.errors import explain

from .options import find_checkpoint
from .output import check_output

#: Options whose value is a file or a folder to write.
OUTPUTS = ('out', 'out_dir', 'show_dir', 'work_dir')


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
