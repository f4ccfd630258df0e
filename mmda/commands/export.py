"""Write a trained model as ONNX, TorchScript, torch.export or for the Hub."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from mmda.apis.arguments import whole
from mmda.apis.export.packages import SUFFIXES, check_packages

from .common import (
    CHECKPOINT_HELP,
    add_unsafe_load,
    build_parser,
    run_tool,
    say,
)

EXAMPLES = """\
  mmda export work_dirs/digits model.onnx
  mmda export work_dirs/digits/epoch_7.pth model.pt --format torchscript
  mmda export work_dirs/digits my-model --format hf

The file takes pixels and returns probabilities, and nobody needs mmda to run
it. The command writes it only if it answers as the trained model does."""


def make_parser() -> argparse.ArgumentParser:
    """Make the parser of the command."""
    parser = build_parser(
        'Write a trained model as a file that runs without mmda. An adapter '
        'is folded first.',
        EXAMPLES,
        'export',
    )
    add = parser.add_argument
    add('checkpoint', help=CHECKPOINT_HELP)
    ends = ', '.join(
        f'{end or "a folder"} for {form}' for form, end in SUFFIXES.items()
    )
    add('out', type=Path, help=f'file to write: {ends}')
    add(
        '--format',
        choices=tuple(SUFFIXES),
        default='onnx',
        help='torch-export is a .pt2 file; hf is a folder for the Hugging '
        'Face Hub (default: onnx)',
    )
    add(
        '--thresholds',
        metavar='FILE',
        help='thresholds that mmda thresholds wrote (default: the file beside '
        'the checkpoint, if there is one)',
    )
    add(
        '--size',
        nargs=2,
        type=whole(1),
        metavar=('HEIGHT', 'WIDTH'),
        help='size of the images that the model gets (default: the size that '
        'the test pipeline gives)',
    )
    add_unsafe_load(parser)
    return parser


def check(args: argparse.Namespace) -> None:
    """Check the arguments that can be checked without torch.

    Raises:
        FileNotFoundError: If there are no such thresholds.
        ImportError: If a package of the format is missing.
        ValueError: If the name to write does not fit the format.
    """
    expected = SUFFIXES[args.format]
    if expected and args.out.suffix != expected:
        raise ValueError(
            f'--format {args.format}: out should end in {expected}, found '
            f'{args.out}'
        )
    if not expected and args.out.is_file():
        raise ValueError(f'--format hf writes a folder, {args.out} is a file')
    if args.thresholds and not Path(args.thresholds).is_file():
        raise FileNotFoundError(
            f'--thresholds: there is no file {args.thresholds}'
        )
    check_packages(args.format)


def run(args: argparse.Namespace) -> None:
    """Write the file."""
    from mmda.apis.export import export_model

    found = export_model(
        args.checkpoint,
        args.out,
        args.format,
        args.thresholds,
        args.size,
        args.unsafe_load,
    )
    for name, difference in found.items():
        say(
            f'{name}: its probabilities differ from those of the model by at '
            f'most {difference:.1g}'
        )
    say(f'wrote {args.out}')


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command."""
    run_tool(make_parser(), argv, run, check)
