"""Start a command of mmda: ``mmda <command>``, or a launcher in ``tools/``.

This module lies beside the package on purpose. Python runs
``mmda/__init__.py`` before any module of the package, and ``import mmda``
registers all components, which imports torch and the hosts (seconds). Where
this module starts a command, ``mmda/__init__.py`` leaves the registration to
the command, which first reads its arguments. So ``--help`` and a wrong
argument answer at once.
"""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import runpy
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

#: Whether a command was started here. Then the command calls
#: ``mmda.register_all()`` after it has read its arguments.
starts_a_command = False

#: Commands that are a script below ``tools``, which the package carries.
SCRIPTS = {
    'make_toy': ('dataset_converters/make_toy.py', 'Draw small data sets.'),
    'reproduce': ('reproduce.py', 'Run a table of the paper over seeds.'),
}


def main(
    command: str | None = None, argv: Sequence[str] | None = None
) -> None:
    """Run a command.

    Args:
        command (str, optional): Name of a module in ``mmda/commands``, such
            as 'train', or of one of :data:`SCRIPTS`. Defaults to the first
            argument. ``label-report`` stands for ``label_report``.
        argv (Sequence[str], optional): The arguments. Defaults to the
            arguments of this process.
    """
    global starts_a_command
    starts_a_command = True
    try:
        importlib.import_module('mmda')
    except ImportError as error:
        sys.exit(f'mmda: error: {error}')
    if command is None:
        command, *argv = _choose(sys.argv[1:] if argv is None else argv)
    command = command.replace('-', '_')
    if command in SCRIPTS:
        _run_script(command, sys.argv[1:] if argv is None else argv)
    else:
        _load(command).main(argv)


def _run_script(command: str, argv: Sequence[str]) -> None:
    root = Path(importlib.import_module('mmda').__file__ or '').parent
    tools = root / '.mim' / 'tools'
    # In a checkout that is not installed, they lie beside the package.
    tools = tools if tools.is_dir() else root.parent / 'tools'
    script = tools / SCRIPTS[command][0]
    # As `python SCRIPT` does. Processes that the script starts need it too.
    sys.path.insert(0, str(script.parent))
    sys.argv = [f'mmda {command}', *argv]
    runpy.run_path(str(script), run_name='__main__')


def _choose(argv: Sequence[str]) -> Sequence[str]:
    """Check the name of the command; show the list of commands on demand."""
    parser = argparse.ArgumentParser(
        prog='mmda',
        description='Train one model on datasets with different, incomplete '
        'label sets.',
        epilog='`mmda COMMAND --help` shows the arguments of a command.',
    )
    listed = parser.add_subparsers(
        dest='command', title='commands', metavar='COMMAND'
    )
    commands = importlib.import_module('mmda.commands')
    for module in pkgutil.iter_modules(commands.__path__):
        if module.name != 'common':
            text = _load(module.name).__doc__ or ''
            listed.add_parser(module.name, help=text.partition('\n')[0])
    for name, (_, text) in SCRIPTS.items():
        listed.add_parser(name, help=text)
    first = [word.replace('-', '_') for word in argv[:1] if word[:1] != '-']
    if parser.parse_args(first or argv[:1]).command is None:
        parser.print_help()
        parser.exit()
    return argv


def _load(command: str) -> Any:
    return importlib.import_module(f'mmda.commands.{command}')
