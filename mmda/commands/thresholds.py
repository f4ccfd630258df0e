"""Choose decision thresholds and measure the calibration."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from mmda.apis.arguments import real, whole
from mmda.apis.config import classes_of

from .common import (
    CHECKPOINT_HELP,
    add_config,
    add_unsafe_load,
    build_parser,
    open_config,
    run_tool,
    say,
    write_json,
)

if TYPE_CHECKING:
    from mmda.report.predictions import Predictions

EXAMPLES = """\
  # predictions of the validation images, not of the test images:
  mmda test CONFIG CKPT --split val --out val.npz
  mmda thresholds CONFIG CKPT val.npz \\
      --method sensitivity --sensitivity 0.95"""


def make_parser() -> argparse.ArgumentParser:
    """Make the parser of the command."""
    parser = build_parser(
        'Choose a decision threshold per class and measure the calibration, '
        'on annotated entries. The command writes the result beside the '
        'checkpoint, where mmda predict finds it.',
        EXAMPLES,
        'thresholds',
    )
    add_config(parser)
    add = parser.add_argument
    add('checkpoint', help=CHECKPOINT_HELP)
    add('predictions', help='predictions of this checkpoint (.npz)')
    add(
        '--method',
        choices=('youden', 'sensitivity', 'f1'),
        default='youden',
        help='threshold that the inferencer uses (default: youden); the file '
        'holds the others, too',
    )
    add(
        '--sensitivity',
        type=real(0, 1),
        default=0.9,
        help='share of the positives that the method "sensitivity" finds '
        '(default: 0.9)',
    )
    add(
        '--bins',
        type=whole(1, 1000),
        default=10,
        help='bins of the calibration (default: 10)',
    )
    add_unsafe_load(parser)
    return parser


def run(args: argparse.Namespace) -> None:
    """Choose, print a table and write the files."""
    from mmda.report.prediction_files import load_predictions
    from mmda.report.thresholds import (
        choose_thresholds,
        draw_reliability,
        threshold_path,
    )

    classes = classes_of(open_config(args.config))
    predictions = load_predictions(args.predictions, classes, args.unsafe_load)
    record = _check_origin(predictions, args.checkpoint)
    found = choose_thresholds(
        predictions, args.method, args.sensitivity, args.bins
    )
    found = {**record, **found}
    path = threshold_path(args.checkpoint)
    write_json(path, found)
    figure = path.with_name(path.stem + '.reliability.png')
    draw_reliability(predictions, figure, args.bins)
    say(f'thresholds by {args.method}\n{_table(found)}')
    say(f'thresholds: {path}; reliability diagram: {figure}')


def _check_origin(predictions: Predictions, checkpoint: str) -> dict:
    """Refuse predictions of another model; return the record to keep."""
    from mmda.report.checkpoint_record import (
        checkpoint_record,
        other_checkpoint,
    )

    run = predictions.run or {}
    other = other_checkpoint(run, checkpoint)
    if other:
        raise ValueError(
            f'{predictions.name} holds predictions of another model: {other}'
        )
    split = run.get('split')
    if not run.get('digest'):
        say(
            f'{predictions.name} does not name its checkpoint; a file that '
            'mmda test --out writes names it',
            logging.WARNING,
        )
    if split not in (None, 'val'):
        say(
            f'{predictions.name} holds {split} images. Choose thresholds on '
            'validation images (mmda test --split val). Otherwise the '
            f'results on the {split} images look too good',
            logging.WARNING,
        )
    return dict(checkpoint_record(checkpoint), split=split)


def _table(found: dict) -> str:
    from prettytable import PrettyTable

    names = ('threshold', 'sensitivity', 'specificity', 'f1')
    table = PrettyTable(['class', *names, 'ECE', 'note'])
    table.align = 'r'
    table.align['class'] = table.align['note'] = 'l'
    for name, entry in found['classes'].items():
        chosen = entry['methods'][found['method']]
        values = [*(chosen[key] for key in names), entry['ece']]
        cells = ['n/a' if v is None else f'{v:.3f}' for v in values]
        table.add_row([name, *cells, entry['note']])
    return str(table)


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command."""
    run_tool(make_parser(), argv, run)
