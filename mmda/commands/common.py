"""What the analysis tools share."""

from __future__ import annotations

import argparse
import json
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from mmengine.config import Config, DictAction
from mmengine.logging import print_log
from mmengine.registry import init_default_scope

from mmda.apis.config import load_config


def build_parser(description: str, examples: str) -> argparse.ArgumentParser:
    """Start a parser whose help ends with examples.

    Args:
        description (str): What the tool does.
        examples (str): Command lines that work.

    Returns:
        argparse.ArgumentParser: The parser, for the tool to add to.
    """
    return argparse.ArgumentParser(
        description=description,
        epilog=f'examples:\n{examples}',
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def add_config_options(parser: argparse.ArgumentParser) -> None:
    """Add ``--cfg-options``, as the training command has it.

    Args:
        parser (argparse.ArgumentParser): The parser.
    """
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        metavar='KEY=VALUE',
        help='change entries of the config',
    )


def open_config(name: str, options: dict[str, Any] | None = None) -> Config:
    """Load a config and make its scope the default one.

    Args:
        name (str): Path, or ``package::path``.
        options (dict[str, Any], optional): Changes of the command line.

    Returns:
        Config: The config.
    """
    cfg = load_config(name, options)
    init_default_scope(cfg.get('default_scope', 'mmpretrain'))
    return cfg


def classes_of(cfg: Config) -> tuple[str, ...] | None:
    """Find the label space of a config.

    Args:
        cfg (Config): The config.

    Returns:
        tuple[str, ...] | None: That of the head, else of the first dataset
        that names its classes, None where there is none.

    Examples:
        >>> classes_of(Config(dict(model=dict(head=dict(classes=['a'])))))
        ('a',)
    """
    head = (cfg.get('model') or {}).get('head') or {}
    if head.get('classes'):
        return tuple(head['classes'])
    for key in ('test', 'val', 'train'):
        node = (cfg.get(f'{key}_dataloader') or {}).get('dataset') or {}
        while node.get('datasets') or node.get('dataset'):
            if node.get('classes'):
                break
            node = (
                node['datasets'][0] if 'datasets' in node else node['dataset']
            )
        if node.get('classes'):
            return tuple(node['classes'])
    return None


def read_json(path: str | Path) -> Any:
    """Read a JSON file.

    Args:
        path (str | Path): The file.

    Returns:
        Any: What it holds.

    Raises:
        FileNotFoundError: If it is not there.
        ValueError: If it is not JSON.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f'there is no file {path}')
    try:
        return json.loads(path.read_text(encoding='utf-8'))
    except ValueError as error:
        raise ValueError(f'{path} is not JSON: {error}') from error


def write_json(path: str | Path, content: Any) -> None:
    """Write a JSON file; its folder is made.

    Args:
        path (str | Path): The file.
        content (Any): Plain values, without NaN.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
    path.write_text(text + '\n', encoding='utf-8')


def say(text: str, level: int = logging.INFO) -> None:
    """Write a result to the console.

    Args:
        text (str): The result.
        level (int): Of the log. Defaults to INFO.
    """
    print_log(text, level=level)


def run_tool(
    parser: argparse.ArgumentParser,
    argv: Sequence[str] | None,
    step: Callable[[argparse.Namespace], None],
) -> None:
    """Run a tool; what is wrong with its input ends in one line.

    Args:
        parser (argparse.ArgumentParser): The parser.
        argv (Sequence[str], optional): The arguments, or None for those of
            this process.
        step (Callable): Takes the arguments.
    """
    args = parser.parse_args(argv)
    try:
        step(args)
    except (ValueError, FileNotFoundError) as error:
        parser.error(str(error))
