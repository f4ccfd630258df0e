"""Draw the learning curves of several runs."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from glob import glob
from pathlib import Path

from .common import build_parser, run_tool, say

EXAMPLES = """\
  python tools/analysis_tools/learning_curves.py \\
      'recipe=runs/assemble/seed_*' 'no ramp-up=runs/no_ramp/seed_*' \\
      --keys unannotated_answer auc/mean --out curves.png"""


def make_parser() -> argparse.ArgumentParser:
    """Make the parser of the command.

    Returns:
        argparse.ArgumentParser: The parser.
    """
    parser = build_parser(
        'Draw values of training logs over iterations: the mean and the '
        'standard deviation over the runs of each name.',
        EXAMPLES,
        'learning_curves',
    )
    add = parser.add_argument
    add(
        'runs',
        nargs='+',
        metavar='NAME=DIR',
        help='work directory, or a pattern that matches the directories of '
        'several seeds',
    )
    add(
        '--keys',
        nargs='+',
        default=['unannotated_answer', 'auc/mean'],
        help='scalars of the log (default: unannotated_answer auc/mean)',
    )
    add(
        '--out',
        default='learning_curves.png',
        help='figure to write, with a PDF beside it (default: '
        'learning_curves.png)',
    )
    return parser


def run(args: argparse.Namespace) -> None:
    """Draw, and print the first and the last value of each curve.

    Args:
        args (argparse.Namespace): The arguments.
    """
    from prettytable import PrettyTable

    from mmda.report.learning_curves import draw_learning_curves

    runs = dict(_find(text) for text in args.runs)
    drawn = draw_learning_curves(runs, args.keys, Path(args.out))
    table = PrettyTable(['runs', 'key', 'seeds', 'first', 'last'])
    table.align = 'l'
    for (name, key), data in drawn.items():
        ends = [
            f'{row["mean"]:.3f} +- {row["std"]:.3f} (iteration {step})'
            for step, row in data.iloc[[0, -1]].iterrows()
        ]
        table.add_row([name, key, len(runs[name]), *ends])
    say(f'learning curves\n{table}\nfigure: {args.out}')


def _find(text: str) -> tuple[str, list[Path]]:
    """Read NAME=DIR, where DIR may be a pattern; sort the folders."""
    name, given, pattern = text.partition('=')
    if not (name and given and pattern):
        raise ValueError(f'{text!r}: expected NAME=DIR')
    folders = [Path(p) for p in sorted(glob(pattern)) if Path(p).is_dir()]
    if not folders:
        raise FileNotFoundError(f'there is no folder {pattern} (of {name})')
    return name, folders


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command.

    Args:
        argv (Sequence[str], optional): The arguments. Defaults to the
            arguments of this process.
    """
    run_tool(make_parser(), argv, run)


if __name__ == '__main__':
    main()
