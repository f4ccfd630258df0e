"""The command that compares gains with similarities and frequencies."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mmda.apis.arguments import real
from mmda.commands.common import (
    build_parser,
    run_tool,
    say,
    write_json,
)
from mmda.files import json_values, read_json, replacing

from .gain_figures import draw_distribution, draw_gain_vs_similarity
from .gains import class_distribution, correlate, read_gains

if TYPE_CHECKING:
    import pandas as pd

EXAMPLES = """\
  # gains.csv has the columns class (the added class) and auc (in %)
  python tools/reproduce.py gain_vs_similarity gains.csv --baseline 69.1 \\
      --similarity relations/features.csv --of Nodule
  # the training positives of each class above its gain
  python tools/reproduce.py gain_vs_similarity \\
      --labels label_report/label_report.json \\
      --comparison comparison/comparison.json"""


def make_parser() -> argparse.ArgumentParser:
    """Make the parser of the command."""
    parser = build_parser(
        'Draw the gain of each added class over its similarity to the class '
        'of interest, with the Pearson correlation. Or draw the training '
        'positives of each class above its gain.',
        EXAMPLES,
        'reproduce gain_vs_similarity',
    )
    parser.add_argument(
        'gains',
        nargs='?',
        help='CSV with class, gain (or auc) and similarity',
    )
    parser.add_argument(
        '--baseline',
        type=real(0, 100),
        help='AUC in %% without any added class; needed if the CSV has auc',
    )
    parser.add_argument(
        '--similarity',
        metavar='CSV',
        help='similarities of class_relations.py instead of the column',
    )
    parser.add_argument('--of', metavar='CLASS', help='class of interest')
    parser.add_argument('--labels', metavar='JSON', help='label_report.json')
    parser.add_argument('--comparison', metavar='JSON', help='comparison.json')
    parser.add_argument('--out-dir', default='gain_vs_similarity')
    return parser


def run(args: argparse.Namespace) -> None:
    """Correlate, draw and write."""
    if not args.gains and not (args.labels and args.comparison):
        raise ValueError(
            'expected a CSV of gains, or --labels and --comparison'
        )
    folder = Path(args.out_dir)
    folder.mkdir(parents=True, exist_ok=True)
    if args.gains:
        table = read_gains(args.gains, args.similarity, args.of, args.baseline)
        found = correlate(
            table['similarity'].to_numpy(float), table['gain'].to_numpy(float)
        )
        said = found.note or f'r = {found.r:.3f}, p = {found.p:.3g}'
        say(
            f'{table.to_string(index=False, na_rep="n/a")}\n'
            f'Pearson over {found.num} classes: {said}'
        )
        _write_table(table, folder / 'gain_vs_similarity.csv')
        write_json(folder / 'correlation.json', json_values(found._asdict()))
        draw_gain_vs_similarity(
            table, found, folder / 'gain_vs_similarity.png'
        )
    if args.labels and args.comparison:
        table = class_distribution(
            read_json(args.labels), read_json(args.comparison)
        )
        say(table.to_string(index=False, na_rep='n/a'))
        _write_table(table, folder / 'class_distribution.csv')
        draw_distribution(table, folder / 'class_distribution.png')
    say(f'tables and figures lie in {folder}')


def _write_table(table: pd.DataFrame, path: Path) -> None:
    with replacing(path) as part:
        table.to_csv(part, index=False)


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command."""
    run_tool(make_parser(), argv, run)
