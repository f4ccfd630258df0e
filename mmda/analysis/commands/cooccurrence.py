"""The command that counts how often classes meet in an image."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mmengine.registry import DATASETS
from mmengine.utils import ProgressBar

from mmda.structures import nearest

from ..cooccurrence import (
    count_cooccurrence,
    draw_cooccurrence,
    find_presence,
    write_cooccurrence,
)
from .common import (
    add_config_options,
    build_parser,
    open_config,
    run_tool,
    say,
)

EXAMPLES = """\
  python tools/analysis_tools/cooccurrence.py \\
      configs/da/cityscapes_bus_19way.py
  python tools/analysis_tools/cooccurrence.py \\
      configs/da/cityscapes_bus_19way.py --split val --highlight bus \\
      --cfg-options data_root=data/toy/cityscapes"""


def make_parser() -> argparse.ArgumentParser:
    """Make the parser of the command.

    Returns:
        argparse.ArgumentParser: The parser.
    """
    parser = build_parser(
        'Count, for every class of a segmentation dataset, the images that '
        'have it (Dc) and the other classes in them (Nc); write Nc/Dc as CSV '
        'and as a bar chart (Fig. 7 of the paper).',
        EXAMPLES,
    )
    parser.add_argument('config', help='config with the dataset')
    parser.add_argument(
        '--split', choices=('train', 'val', 'test'), default='train'
    )
    parser.add_argument(
        '--min-pixels',
        type=int,
        default=1,
        help='a class with fewer pixels counts as absent (default: 1)',
    )
    parser.add_argument('--highlight', help='class to set off')
    parser.add_argument(
        '--out-dir',
        default='cooccurrence',
        help='folder of cooccurrence.csv, .png and .pdf',
    )
    add_config_options(parser)
    return parser


def source_config(node: Mapping[str, Any]) -> dict[str, Any]:
    """Return the config of the (first) source inside of wrappers.

    Args:
        node (Mapping): Config of a dataset.

    Returns:
        dict: With an empty pipeline.

    Examples:
        >>> source_config(dict(datasets=[dict(dataset=dict(type='A'))]))
        {'type': 'A', 'pipeline': []}
    """
    while 'datasets' in node or 'dataset' in node:
        node = node['datasets'][0] if 'datasets' in node else node['dataset']
    return {**node, 'pipeline': []}


def run(args: argparse.Namespace) -> None:
    """Count, and write the files.

    Args:
        args (argparse.Namespace): The arguments.
    """
    cfg = open_config(args.config, args.cfg_options)
    loader = cfg.get(f'{args.split}_dataloader')
    if loader is None:
        raise ValueError(f'{args.config} has no {args.split}_dataloader')
    dataset = DATASETS.build(source_config(loader.dataset))
    if 'label_map' not in dataset.metainfo:
        raise ValueError(
            f'{args.config}: {type(dataset).__name__} has no label maps; '
            'expected a dataset of segmentation'
        )
    classes = dataset.metainfo['classes']
    if args.highlight and args.highlight not in classes:
        raise ValueError(
            f'--highlight: no class {args.highlight!r}'
            f'{nearest(args.highlight, classes)}'
        )
    bar = ProgressBar(len(dataset))
    counts = count_cooccurrence(
        find_presence(dataset, args.min_pixels, bar.update)
    )
    folder = Path(args.out_dir)
    write_cooccurrence(counts, classes, folder / 'cooccurrence.csv')
    draw_cooccurrence(
        counts, classes, folder / 'cooccurrence.png', args.highlight
    )
    say(f'\ncooccurrence.csv, .png and .pdf lie in {folder}')


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command.

    Args:
        argv (Sequence[str], optional): The arguments. Defaults to those of
            this process.
    """
    run_tool(make_parser(), argv, run)
