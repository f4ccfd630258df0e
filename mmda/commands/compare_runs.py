"""The command that compares two models on the same images."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from mmengine.utils import ProgressBar

from ..report.comparison import compare
from ..report.comparison_report import draw_forest, to_json, to_markdown
from ..report.predictions import load_predictions
from .common import (
    build_parser,
    classes_of,
    open_config,
    run_tool,
    say,
    write_json,
)

EXAMPLES = """\
  python tools/test.py CONFIG A.pth --out A.pkl   (and B.pth to B.pkl)
  python tools/analysis_tools/compare_runs.py A.pkl B.pkl \\
      --config configs/da/digits.py --out-dir comparison
  python tools/analysis_tools/compare_runs.py A1.pkl B1.pkl \\
      --config CONFIG --seeds-a A2.pkl A3.pkl --seeds-b B2.pkl B3.pkl"""


def make_parser() -> argparse.ArgumentParser:
    """Make the parser of the command.

    Returns:
        argparse.ArgumentParser: The parser.
    """
    parser = build_parser(
        'Compare two models on the same images, class by class: paired '
        'DeLong test, paired bootstrap by patient, t-test over seeds, with '
        "Holm's correction over the classes.",
        EXAMPLES,
    )
    parser.add_argument('a', help='predictions of the first model (pickle)')
    parser.add_argument('b', help='predictions of the second model')
    parser.add_argument(
        '--seeds-a',
        nargs='+',
        default=[],
        metavar='PKL',
        help='predictions of the first model trained with other seeds',
    )
    parser.add_argument(
        '--seeds-b',
        nargs='+',
        default=[],
        metavar='PKL',
        help='the same of the second model',
    )
    parser.add_argument(
        '--config', help='config to take class names from (default: indices)'
    )
    parser.add_argument(
        '--classes',
        nargs='+',
        metavar='NAME',
        help='class names, in place of --config',
    )
    parser.add_argument(
        '--names',
        nargs=2,
        metavar=('A', 'B'),
        help='names of the models (default: those of the files)',
    )
    parser.add_argument(
        '--resamples',
        type=int,
        default=2000,
        help='of the bootstrap, 0 for none (default: 2000)',
    )
    parser.add_argument(
        '--seed', type=int, default=0, help='of the bootstrap (default: 0)'
    )
    parser.add_argument(
        '--out-dir',
        default='comparison',
        help='folder of comparison.md, .json, forest.png and .pdf',
    )
    return parser


def run(args: argparse.Namespace) -> None:
    """Compare, print the table and write the files.

    Args:
        args (argparse.Namespace): The arguments.
    """
    if args.resamples < 0:
        raise ValueError(f'--resamples {args.resamples}: expected 0 or more')
    classes = args.classes
    if classes is None and args.config:
        classes = classes_of(open_config(args.config))
        if classes is None:
            raise ValueError(
                f'{args.config} names no classes: expected --classes'
            )
    first = [load_predictions(p, classes) for p in [args.a, *args.seeds_a]]
    second = [load_predictions(p, classes) for p in [args.b, *args.seeds_b]]
    names = args.names or [Path(args.a).stem, Path(args.b).stem]
    if names[0] == names[1]:
        names = [args.a, args.b]
    progress = ProgressBar(args.resamples).update if args.resamples else None
    found = compare(first, second, args.resamples, args.seed, progress)
    table = to_markdown(found, names)
    say('\n' + table)
    if not found.named:
        say('classes are indices: --config or --classes gives them names')
    folder = Path(args.out_dir)
    write_json(folder / 'comparison.json', to_json(found, names))
    (folder / 'comparison.md').write_text(table, encoding='utf-8')
    draw_forest(found, names, folder / 'forest.png')
    say(f'table, JSON and forest plot lie in {folder}')


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command.

    Args:
        argv (Sequence[str], optional): The arguments. Defaults to those of
            this process.
    """
    run_tool(make_parser(), argv, run)
