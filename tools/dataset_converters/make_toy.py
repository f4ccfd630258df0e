"""Write miniature data sets in the real layout, to try a config end to end."""

from __future__ import annotations

import argparse
import os.path as osp
from collections.abc import Sequence

from toy_chest import make_chestxray14, make_chexpert_table
from toy_csv import make_tables

from mmda.apis.arguments import MAX_SEED, whole
from mmda.commands.common import build_parser, run_tool, say

EXAMPLES = """\
  mmda make_toy my_csv data/my_csv
  mmda train data/my_csv/my_csv.py
  mmda make_toy chestxray_chexpert data/toy
  mmda train configs/da/chestxray_chexpert.py --dry-run \\
      --cfg-options data_root=data/toy
  mmda make_toy cityscapes data
  mmda train configs/da/cityscapes_bus_19way_light.py"""


def refuse_existing(root: str) -> None:
    """Keep what may be a real data set from being overwritten."""
    if osp.exists(root):
        raise FileExistsError(
            f'{root} is already there and may hold real images; remove it or '
            'choose another folder'
        )


def chestxray_chexpert(args: argparse.Namespace) -> None:
    """Write ``DIR/ChestXray14`` and ``DIR/CheXpert``."""
    roots = [osp.join(args.dir, name) for name in ('ChestXray14', 'CheXpert')]
    for root in roots:
        refuse_existing(root)
    make_chestxray14(roots[0], args.images, args.size, args.seed)
    make_chexpert_table(roots[1], 'train', args.images, args.size, args.seed)
    valid = max(8, args.images // 10)
    make_chexpert_table(roots[1], 'valid', valid, args.size, args.seed)
    say(
        f'wrote {args.images} images to {roots[0]}, {args.images} + {valid} '
        f'to {roots[1]}'
    )


def my_csv(args: argparse.Namespace) -> None:
    """Write the tables of ``configs/da/my_csv.py``, and a light config."""
    root = args.dir.rstrip('/')
    refuse_existing(root)
    make_tables(root, args.images, args.size, args.seed)
    say(
        f'wrote three tables of {args.images} images to {root}; to train: '
        f'mmda train {root}/my_csv.py'
    )


def cityscapes(args: argparse.Namespace) -> None:
    """Write ``DIR/cityscapes``."""
    # It needs mmseg, and mmseg needs the compiled operators of mmcv.
    from toy_street import make_cityscapes

    root = osp.join(args.dir, 'cityscapes')
    refuse_existing(root)
    make_cityscapes(root, args.images, args.size, args.seed)
    say(
        f'wrote {args.images} training and {args.images // 2} validation '
        f'images to {root}'
    )


def make_parser() -> argparse.ArgumentParser:
    """Make the parser of the command."""
    parser = build_parser(__doc__ or '', EXAMPLES, 'make_toy')
    commands = parser.add_subparsers(dest='what', required=True)
    chest = commands.add_parser(
        'chestxray_chexpert',
        help='ChestX-ray14 and CheXpert',
        description='Write DIR/ChestXray14 and DIR/CheXpert.',
    )
    chest.set_defaults(make=chestxray_chexpert)
    street = commands.add_parser(
        'cityscapes',
        help='Cityscapes, all 19 classes',
        description='Write DIR/cityscapes: leftImg8bit and gtFine, each with '
        'train and val.',
    )
    street.set_defaults(make=cityscapes)
    tables = commands.add_parser(
        'my_csv',
        help='tables of three hospitals, for configs/da/my_csv.py',
        description='Write tables and images of three hospitals to DIR, and '
        'DIR/my_csv.py: the shipped config with a small network.',
    )
    tables.set_defaults(make=my_csv)
    # Every class needs some images.
    for command, least, images, size in (
        (chest, 40, 200, 64),
        (tables, 40, 200, 64),
        (street, 2, 80, 128),
    ):
        command.add_argument('dir', help='folder to write to')
        command.add_argument(
            '--images',
            type=whole(least, 100_000),
            default=images,
            help=f'per data set (default: {images})',
        )
        command.add_argument(
            '--size',
            type=whole(8, 4096),
            default=size,
            help=f'height in pixels (default: {size})',
        )
        command.add_argument(
            '--seed',
            type=whole(0, MAX_SEED),
            default=0,
            help='(default: 0)',
        )
    return parser


def main(argv: Sequence[str] | None = None) -> None:
    """Write the data set named on the command line."""
    run_tool(make_parser(), argv, lambda args: args.make(args))


if __name__ == '__main__':
    main()
