"""Turn a trained adapter model into a stock model with the same answers."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from mmda.files import replacing

from .common import (
    CHECKPOINT_HELP,
    add_unsafe_load,
    build_parser,
    run_tool,
    say,
)

EXAMPLES = """\
  mmda fold \\
      work_dirs/digits/best_auc_mean_epoch_7.pth folded/digits.pth

This writes folded/digits.pth and folded/digits.py. They have stock parts only,
so mmpretrain (or mmseg) loads them without mmda."""

# Begins each config that this command writes, so that it may replace it.
MARK = b'# Written by mmda fold.\n'


def make_parser() -> argparse.ArgumentParser:
    """Make the parser of the command."""
    parser = build_parser(
        'Fold the dynamic adapter of a checkpoint into a plain linear layer '
        'or a 1x1 convolution. The answers stay the same.',
        EXAMPLES,
        'fold',
    )
    add = parser.add_argument
    add('checkpoint', help=CHECKPOINT_HELP)
    add('out', type=Path, help='.pth file to write')
    add_unsafe_load(parser)
    return parser


def check(args: argparse.Namespace) -> None:
    """Check the arguments that can be checked without torch.

    Raises:
        ValueError: If the name to write does not end in .pth, or if a file
            of the training would be replaced.
    """
    if args.out.suffix != '.pth':
        raise ValueError(f'out should end in .pth, found {args.out}')
    settings = args.out.with_suffix('.py')
    if args.out.resolve() == Path(args.checkpoint).resolve():
        raise ValueError(f'out {args.out} is the checkpoint itself')
    if settings.is_file() and not settings.read_bytes().startswith(MARK):
        raise ValueError(
            f'out {args.out} would replace {settings}, which mmda fold did '
            'not write: expected another name'
        )


def run(args: argparse.Namespace) -> None:
    """Write the folded checkpoint and its config."""
    from mmengine.runner import save_checkpoint

    from mmda.apis.fold_checkpoint import fold_checkpoint
    from mmda.engine.checkpoint import load_checkpoint

    config, folded = fold_checkpoint(
        load_checkpoint(args.checkpoint, unsafe_load=args.unsafe_load),
        args.checkpoint,
        args.unsafe_load,
    )
    settings = args.out.with_suffix('.py')
    with replacing(args.out) as weights, replacing(settings) as text:
        save_checkpoint(folded, str(weights))
        text.write_bytes(MARK + config.pretty_text.encode())
    say(f'wrote {args.out} and {settings}')


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command."""
    run_tool(make_parser(), argv, run, check)
