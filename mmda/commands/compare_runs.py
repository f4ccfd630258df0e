"""Compare two models on the same images, class by class."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from mmda.apis.arguments import MAX_SEED, whole
from mmda.apis.config import classes_of
from mmda.files import write_text

from .common import (
    add_unsafe_load,
    build_parser,
    open_config,
    run_tool,
    say,
    write_json,
)

EXAMPLES = """\
  mmda test CONFIG A.pth --out A.npz   (and B.pth to B.npz)
  mmda compare_runs A.npz B.npz \\
      --config configs/da/digits.py --out-dir comparison
  mmda compare_runs A1.npz B1.npz \\
      --config CONFIG --seeds-a A2.npz A3.npz --seeds-b B2.npz B3.npz"""


def make_parser() -> argparse.ArgumentParser:
    """Make the parser of the command."""
    parser = build_parser(
        'Compare two models on the same images, class by class: paired '
        'DeLong test, paired bootstrap by patient, t-test over seeds. '
        "Holm's method corrects the p-values over the classes.",
        EXAMPLES,
        'compare_runs',
    )
    add = parser.add_argument
    add('a', help='predictions of the first model (.npz)')
    add('b', help='predictions of the second model')
    add(
        '--seeds-a',
        nargs='+',
        default=[],
        metavar='NPZ',
        help='predictions of the first model trained with other seeds',
    )
    add(
        '--seeds-b',
        nargs='+',
        default=[],
        metavar='NPZ',
        help='predictions of the second model trained with other seeds',
    )
    add(
        '--config',
        help='config to take class names from (default: names of the file)',
    )
    add(
        '--classes',
        nargs='+',
        metavar='NAME',
        help='class names, in place of --config',
    )
    add(
        '--names',
        nargs=2,
        metavar=('A', 'B'),
        help='names of the models (default: the names of the files)',
    )
    add(
        '--resamples',
        type=whole(0, 1_000_000),
        default=2000,
        help='resamples of the bootstrap, 0 for no bootstrap (default: 2000)',
    )
    add(
        '--seed',
        type=whole(0, MAX_SEED),
        default=0,
        help='seed of the bootstrap (default: 0)',
    )
    add(
        '--out-dir',
        default='comparison',
        help='folder of comparison.md, .json, forest.png and .pdf',
    )
    add_unsafe_load(parser)
    return parser


def run(args: argparse.Namespace) -> None:
    """Compare, print the table and write the files."""
    from mmengine.utils import ProgressBar

    from mmda.report.comparison import compare
    from mmda.report.comparison_report import draw_forest, to_json, to_markdown
    from mmda.report.prediction_files import load_predictions

    classes = args.classes
    if classes is None and args.config:
        classes = classes_of(open_config(args.config))
        if classes is None:
            raise ValueError(
                f'{args.config} names no classes: expected --classes'
            )
    first, second = (
        [load_predictions(path, classes, args.unsafe_load) for path in paths]
        for paths in ([args.a, *args.seeds_a], [args.b, *args.seeds_b])
    )
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
    write_text(folder / 'comparison.md', table)
    draw_forest(found, names, folder / 'forest.png')
    say(f'table, JSON and forest plot lie in {folder}')


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command."""
    run_tool(make_parser(), argv, run)
