"""The command that draws how much of each gap to full labels is closed."""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

import pandas as pd

from mmda.commands.common import build_parser, run_tool, say
from mmda.report.figure import (
    COLORS,
    PAGE_WIDTH,
    SMALL,
    new_figure,
    save_figure,
)

from .gap import ClosedGap

EXAMPLES = """\
  python tools/reproduce.py closed_gaps \\
      work_dirs/reproduce/real/table_gaps.csv \\
      work_dirs/reproduce/camvid/table_gaps.csv"""
# Type of each column; all numbers may be NaN.
_COLUMNS = {
    field.name: str if field.type == 'str' else float
    for field in fields(ClosedGap)
}


def make_parser() -> argparse.ArgumentParser:
    """Make the parser of the command."""
    parser = build_parser(
        'Draw how much of each gap between partial and full labels is '
        'closed, with its interval. A table that declares gaps writes the '
        'files table..._gaps.csv.',
        EXAMPLES,
        'reproduce closed_gaps',
    )
    parser.add_argument('files', nargs='+', metavar='CSV')
    parser.add_argument(
        '--out',
        default='closed_gaps.png',
        help='PNG to write, with a PDF beside it (default: closed_gaps.png)',
    )
    return parser


def read_gaps(files: Sequence[str | Path]) -> pd.DataFrame:
    """Read gaps that tables wrote.

    Args:
        files (Sequence[str | Path]): CSV files.

    Returns:
        DataFrame: The columns of :class:`ClosedGap`, and ``label``.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If a file is no CSV, if a column is missing or has another
            type, or if no file has a gap.
    """
    tables = []
    for file in files:
        if not Path(file).is_file():
            raise FileNotFoundError(f'there is no file {file}')
        try:
            table = pd.read_csv(file, dtype=_COLUMNS)
        except ValueError as error:
            raise ValueError(f'{file}: {error}') from error
        missing = sorted(set(_COLUMNS) - set(table))
        if missing:
            raise ValueError(
                f'{file}: no column {missing}, expected {[*_COLUMNS]}: a file '
                'table..._gaps.csv of a table that declares gaps'
            )
        tables.append(table[[*_COLUMNS]])
    table = pd.concat(tables, ignore_index=True)
    if table.empty:
        raise ValueError(f'no gap in {", ".join(map(str, files))}')
    table['label'] = [
        textwrap.fill(gap.title, 40) + '\n' + gap.column
        for gap in table.itertuples()
    ]
    return table


def draw_closed_gaps(table: pd.DataFrame, path: str | Path) -> None:
    """Draw a line for each gap: the closed part and its 95 % interval.

    The axis ends at -50 % and 200 %, so it cuts off long intervals. It is
    longer only where a closed part lies beyond.

    Args:
        table (DataFrame): From :func:`read_gaps`. A NaN in ``closed`` says
            that the gap is not significant.
        path (str | Path): PNG to write, with a PDF of the same name.
    """
    labels = list(dict.fromkeys(table['label']))
    names = list(dict.fromkeys(table['name']))
    # The names of one setting lie beside each other within their row.
    shift = {n: 0.22 * (k - (len(names) - 1) / 2) for k, n in enumerate(names)}
    figure = new_figure(PAGE_WIDTH, 0.9 + 0.5 * len(labels))
    axes = figure.subplots()
    for end in (0, 100):
        axes.axvline(end, color='0.6', linewidth=0.8)
    shown = set()
    for gap in table.itertuples():
        y = labels.index(gap.label) + shift[gap.name]
        exists = gap.closed == gap.closed
        text = f'{gap.gain:+.1f} of {gap.gap:.1f} points'
        axes.text(
            1.01,
            y,
            text if exists else 'no significant gap',
            va='center',
            fontsize=SMALL - 1,
            transform=axes.get_yaxis_transform(),
        )
        if not exists:
            continue
        color = COLORS[names.index(gap.name)]
        if gap.low == gap.low:
            axes.plot([gap.low, gap.high], [y, y], color=color, linewidth=1.5)
        name = None if gap.name in shown else f'gap of {gap.name}'
        shown.add(gap.name)
        axes.plot(gap.closed, y, 'o', color=color, markersize=4, label=name)
    axes.set_yticks(range(len(labels)), labels, fontsize=SMALL)
    axes.set_ylim(len(labels) - 0.5, -0.5)
    left, right = axes.get_xlim()
    low, high = table['closed'].min(), table['closed'].max()
    axes.set_xlim(
        max(left, min(-50, low - 10)), min(right, max(200, high + 10))
    )
    axes.tick_params(axis='x', labelsize=SMALL)
    axes.set_xlabel(
        'closed part of the gap in % (0: BCE on partial labels, 100: BCE on '
        'full labels, with the same views)',
        fontsize=SMALL,
    )
    if shown:
        figure.legend(
            loc='outside upper right', ncols=len(names), fontsize=SMALL
        )
    save_figure(figure, path)


def run(args: argparse.Namespace) -> None:
    """Read, draw and write."""
    table = read_gaps(args.files)
    draw_closed_gaps(table, args.out)
    say(f'{len(table)} gaps: {args.out}; .pdf lies beside it')


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command."""
    run_tool(make_parser(), argv, run, register=False)
