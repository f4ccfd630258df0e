"""The command that chooses thresholds and checks the calibration."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Sequence

from prettytable import PrettyTable

from mmda.apis.cli import check_checkpoint

from ..report.checkpoint_record import checkpoint_record, other_checkpoint
from ..report.predictions import Predictions, load_predictions
from ..report.thresholds import (
    METHODS,
    choose_thresholds,
    draw_reliability,
    threshold_path,
)
from .common import (
    build_parser,
    classes_of,
    open_config,
    run_tool,
    say,
    write_json,
)

EXAMPLES = """\
  # predictions of the validation images, not of the test images:
  python tools/test.py CONFIG CKPT --split val --out val.pkl
  python tools/analysis_tools/thresholds.py CONFIG CKPT val.pkl \\
      --method sensitivity --sensitivity 0.95"""


def make_parser() -> argparse.ArgumentParser:
    """Make the parser of the command.

    Returns:
        argparse.ArgumentParser: The parser.
    """
    parser = build_parser(
        'Choose a decision threshold per class and measure the calibration, '
        'on annotated entries. The result lies beside the checkpoint, where '
        'tools/predict.py finds it.',
        EXAMPLES,
    )
    parser.add_argument('config', help='config file, or package::path')
    parser.add_argument('checkpoint', help='checkpoint the file belongs to')
    parser.add_argument('predictions', help='its predictions (pickle)')
    parser.add_argument(
        '--method',
        choices=METHODS,
        default='youden',
        help='which threshold is used (default: youden); all are stored',
    )
    parser.add_argument(
        '--sensitivity',
        type=float,
        default=0.9,
        help='share of positives that the method of that name finds '
        '(default: 0.9)',
    )
    parser.add_argument(
        '--bins', type=int, default=10, help='of the calibration (default: 10)'
    )
    return parser


def run(args: argparse.Namespace) -> None:
    """Choose, print a table and write the files.

    Args:
        args (argparse.Namespace): The arguments.
    """
    if args.bins < 1:
        raise ValueError(f'--bins {args.bins}: expected 1 or more')
    check_checkpoint(args.checkpoint, 'checkpoint')
    classes = classes_of(open_config(args.config))
    predictions = load_predictions(args.predictions, classes)
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
    """Refuse predictions of another model; return what the file keeps."""
    run = predictions.run or {}
    other = other_checkpoint(run, checkpoint)
    if other:
        raise ValueError(
            f'{predictions.name} holds predictions of another model: {other}'
        )
    split = run.get('split')
    if not run.get('digest'):
        say(
            f'{predictions.name} does not say which checkpoint it is of; '
            'tools/test.py --out writes that too',
            logging.WARNING,
        )
    if split not in (None, 'val'):
        say(
            f'{predictions.name} holds {split} images; thresholds are chosen '
            'on validation images (tools/test.py --split val), else the '
            f'{split} is flattered',
            logging.WARNING,
        )
    return dict(checkpoint_record(checkpoint), split=split)


def _table(found: dict) -> str:
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
    """Run the command.

    Args:
        argv (Sequence[str], optional): The arguments. Defaults to those of
            this process.
    """
    run_tool(make_parser(), argv, run)
