"""Write miniature data sets in the real layout, to try a config end to end."""

from __future__ import annotations

import argparse
import os.path as osp
from collections.abc import Sequence

from toy_chest import make_chestxray14, make_chexpert_table

from mmda.apis.arguments import MAX_SEED, whole
from mmda.commands.common import build_parser, run_tool, say

EXAMPLES = """\
  python tools/dataset_converters/make_toy.py chestxray_chexpert data/toy
  python tools/train.py configs/da/chestxray_chexpert.py \\
      --cfg-options data_root=data/toy
  python tools/dataset_converters/make_toy.py cityscapes data
  python tools/train.py configs/da/cityscapes_bus_19way_light.py"""


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
    # Every class needs some images.
    for command, least, images, size in (
        (chest, 40, 200, 64),
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
