"""The argument ``sources``: configs, or tables of labels."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

from mmda.apis.config import find_config
from mmda.walk import find_outermost, is_partial_config

#: Options that are arguments of CSVLabelDataset. --cfg-options cannot give a
#: name with white space.
TABLE_OPTIONS = ('image_column', 'patient_column', 'label_column')


def add_sources(parser: argparse.ArgumentParser) -> None:
    """Add ``sources``, and the options that say how to read a table."""
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
    options = args.cfg_options or {}
    # Images lie below the folder of their table. Two hospitals may use the
    # same relative paths.
    root, file = os.path.split(path)
    if 'data_root' in options:
        root, file = '', path
    table = dict(
        type='CSVLabelDataset',
        data_root=root,
        ann_file=file,
        check_first=False,
        allow_outside=True,
    )
    given = {name: getattr(args, name) for name in TABLE_OPTIONS}
    table.update({n: v for n, v in given.items() if v is not None})
    return {**table, **options}


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
