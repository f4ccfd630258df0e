"""The command that counts how often classes meet in one image."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from mmengine.utils import ProgressBar

from mmda.apis.arguments import whole
from mmda.commands.common import (
    add_config,
    add_config_options,
    build_parser,
    open_config,
    run_tool,
    say,
)
from mmda.structures import nearest

from .class_counts import (
    build_sources,
    count_cooccurrence,
    draw_cooccurrence,
    joint_presence,
    write_cooccurrence,
)

EXAMPLES = """\
  python tools/reproduce.py cooccurrence \\
      configs/da/cityscapes_bus_19way.py
  python tools/reproduce.py cooccurrence \\
      configs/da/cityscapes_bus_19way.py --split val --highlight bus \\
      --cfg-options data_root=data/toy/cityscapes"""


def make_parser() -> argparse.ArgumentParser:
    """Make the parser of the command."""
    parser = build_parser(
        'Count, for every class of a segmentation dataset, the images that '
        'show the class (Dc) and the other classes in these images (Nc). '
        'Write Nc/Dc as CSV and as a bar chart (Fig. 7 of the paper). Every '
        'image of every source of the split counts once, with all classes '
        'that its source knows.',
        EXAMPLES,
        'reproduce cooccurrence',
    )
    add_config(parser)
    add = parser.add_argument
    add('--split', choices=('train', 'val', 'test'), default='train')
    add(
        '--min-pixels',
        type=whole(1),
        default=1,
        help='a class with fewer pixels counts as absent (default: 1)',
    )
    add('--highlight', help='class to draw in another colour')
    add(
        '--out-dir',
        default='cooccurrence',
        help='folder of cooccurrence.csv, .png and .pdf',
    )
    add_config_options(parser)
    return parser


def run(args: argparse.Namespace) -> None:
    """Count, and write the files."""
    cfg = open_config(args.config, args.cfg_options)
    loader = cfg.get(f'{args.split}_dataloader')
    if loader is None:
        raise ValueError(f'{args.config} has no {args.split}_dataloader')
    sources = build_sources(loader.dataset)
    known = [name for source in sources for name in source.classes]
    if args.highlight and args.highlight not in known:
        raise ValueError(
            f'--highlight: no class {args.highlight!r}'
            f'{nearest(args.highlight, known)}'
        )
    bar = ProgressBar(sum(len(source.dataset) for source in sources))
    presence, classes = joint_presence(sources, args.min_pixels, bar.update)
    counts = count_cooccurrence(presence)
    own = [c for c in classes if any(c not in s.classes for s in sources)]
    if own:
        say(f'\nonly some sources know these classes: {own}')
    folder = Path(args.out_dir)
    write_cooccurrence(counts, classes, folder / 'cooccurrence.csv')
    draw_cooccurrence(
        counts, classes, folder / 'cooccurrence.png', args.highlight
    )
    say(f'\ncooccurrence.csv, .png and .pdf lie in {folder}')


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command."""
    run_tool(make_parser(), argv, run)
