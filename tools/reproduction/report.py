"""A table with our values beside the paper's, as Markdown and CSV."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence

from mmda.report.comparison import Test
from mmda.report.comparison_report import (
    arrow,
    interval_text,
    p_text,
)

from .gap import ClosedGap, closed_gaps
from .summary import Summary
from .table import Cell, Panel, Place, Table

#: Name of a panel -> place -> cell.
Summaries = Mapping[str, Mapping[Place, Summary]]
_TESTS = (
    *('cell', 'against', 'gain', '95 %', 'p (Holm)', 'paired 95 %'),
    *('paired p (Holm)', 'paper'),
)
_GAPS = 'gap closed|part|95 %|gain|paired p|full labels gain|seeds'.split('|')


def to_markdown(
    table: Table, found: Summaries, seeds: int, notes: Sequence[str] = ()
) -> str:
    """Write a table as Markdown, in the order of the paper.

    Args:
        table (Table): The table.
        found (Mapping): Name of a panel -> its cells.
        seeds (int): Number of seeds that the user asked for.
        notes (Sequence[str]): Lines above the table.

    Returns:
        str: For each panel its cells and its tests, then a legend.
    """
    lines = [f'# {table.title}', '', *[f'**{note}**\n' for note in notes]]
    for panel in table.panels:
        cells = found[panel.name]
        head = ['', *panel.columns]
        lines += [f'## {panel.title}', '']
        lines += _table(head, _rows(panel, cells, seeds), 1)
        tests = [*_tests(panel, cells)]
        end = None if any(row[-1] for row in tests) else -1  # no paper
        lines += _table(_TESTS[:end], (row[:end] for row in tests), 2)
        lines += _table(_GAPS, map(_gap, closed_gaps(panel, cells)), 1)
        left_out = [*dict.fromkeys(_left_out(panel, cells))]
        if left_out:
            lines += ['Left out:', '', *left_out, '']
    in_paper = any(
        cell.paper is not None
        for panel in table.panels
        for cell in panel.cells.values()
    )
    lines += [
        f'- {table.unit}: our mean ± standard deviation over {seeds} seeds '
        '(over n seeds where it says [n])'
        f'{", then the value of the paper" if in_paper else ""}.',
        '- Brackets: gain over the cell in the column "against".',
        "- *: p < 0.05 by the paper's independent two-sample t-test. The "
        "p-values of single classes have Holm's correction over the classes.",
        '- The paired test uses that both trainings of one seed draw the same '
        'images.',
        '- n/a: not run, or undefined.',
    ]
    if any(panel.gaps for panel in table.panels):
        lines.append(
            '- Gap closed: gain over partial labels in % of what full labels '
            "gain. The interval is Fieller's, paired over seeds. n/a: the "
            'gain of full labels is not significant.'
        )
    return '\n'.join(lines) + '\n'


def _table(
    head: Sequence[str], rows: Iterable[Sequence[str]], left: int
) -> list[str]:
    """Write a Markdown table whose first columns are aligned to the left."""
    lines = [markdown_row(row) for row in rows]
    if not lines:
        return []
    rule = ['---'] * left + ['---:'] * (len(head) - left)
    return [markdown_row(head), markdown_row(rule), *lines, '']


def cell_text(
    cell: Cell | None, summary: Summary | None, seeds: int, between: str
) -> str:
    """Write a cell: our value, and the paper's.

    Args:
        cell (Cell, optional): The cell. None gives a dash.
        summary (Summary, optional): What the seeds say about the cell.
        seeds (int): Number of seeds that the user asked for.
        between (str): Text between the two values.

    Returns:
        str: Such as '95.4 ± 0.3 (↓ 0.7*) paper 95.4 (↓ 0.7)'.
    """
    if cell is None or summary is None:
        return '–'
    parts = []
    if cell.recipe is not None:
        parts.append(_ours(summary, seeds))
    if cell.paper is not None:
        gain = _change(summary.paper_gain, False)
        parts.append(f'paper {cell.paper:.1f}{gain}')
    return between.join(parts)


def _ours(summary: Summary, seeds: int) -> str:
    if math.isnan(summary.mean):
        return 'n/a'
    text = f'{summary.mean:.1f}'
    if not math.isnan(summary.deviation):
        text += f' ± {summary.deviation:.1f}'
    text += _change(summary.gain, summary.significant)
    if len(summary.values) < seeds:
        text += f' [n = {len(summary.values)}]'
    return text


def _change(gain: float, significant: bool) -> str:
    if math.isnan(gain):
        return ''
    return f' ({arrow(gain)}{"*" if significant else ""})'


def _rows(
    panel: Panel, cells: Mapping[Place, Summary], seeds: int
) -> Iterator[list[str]]:
    for row, name in enumerate(panel.rows):
        places = [(row, column) for column in range(len(panel.columns))]
        yield [
            name,
            *[
                cell_text(panel.cells.get(p), cells.get(p), seeds, '<br>')
                for p in places
            ],
        ]


def _tests(
    panel: Panel, cells: Mapping[Place, Summary]
) -> Iterator[list[str]]:
    for place, cell in panel.cells.items():
        summary = cells[place]
        if cell.against is None or math.isnan(summary.gain):
            continue
        yield [
            place_name(panel, place),
            place_name(panel, cell.against),
            f'{summary.gain:+.2f}',
            interval_text(summary.independent, 2),
            p_text(summary.independent),
            interval_text(summary.paired, 2),
            p_text(summary.paired),
            _number(summary.paper_gain, '+.1f'),
        ]


def _gap(gap: ClosedGap) -> list[str]:
    closed, low, high = (
        'n/a' if math.isnan(v) else f'{v:.0f} %'
        for v in (gap.closed, gap.low, gap.high)
    )
    return [
        f'{gap.name}, {gap.column}',
        closed,
        'n/a' if math.isnan(gap.low) else f'[{low}, {high}]',
        f'{gap.gain:+.2f}',
        p_text(Test(p=gap.p)),
        f'{gap.gap:+.2f}',
        str(gap.seeds),
    ]


def place_name(panel: Panel, place: Place | None) -> str:
    """Name a cell.

    Args:
        panel (Panel): The panel of the cell.
        place (tuple[int, int], optional): Row and column.

    Returns:
        str: Names of row and column. The name of the row alone if there is
        one column. '' without a place.
    """
    if place is None:
        return ''
    row, column = panel.rows[place[0]], panel.columns[place[1]]
    return row if len(panel.columns) == 1 else f'{row}, {column}'


def _left_out(panel: Panel, cells: Mapping[Place, Summary]) -> Iterator[str]:
    """Name the seeds that are not part of a mean."""
    for place, cell in panel.cells.items():
        for seed, why in cells[place].left_out.items():
            # A training diverges as a whole, a metric of one cell is NaN.
            whole = why.startswith('diverged')
            where = '' if whole else f', {place_name(panel, place)}'
            yield f'- {cell.recipe} seed {seed}{where}: {why}'


def to_csv(table: Table, found: Summaries) -> str:
    """Write a table as CSV with one line per cell.

    Args:
        table (Table): The table.
        found (Mapping): Name of a panel -> its cells.

    Returns:
        str: A header and the lines. A value that does not exist is empty.
    """
    text = io.StringIO()
    lines = [
        _line(panel, place, cell, found[panel.name][place])
        for panel in table.panels
        for place, cell in panel.cells.items()
    ]
    writer = csv.DictWriter(text, list(lines[0]), lineterminator='\n')
    writer.writeheader()
    writer.writerows(lines)
    return text.getvalue()


def _line(
    panel: Panel, place: Place, cell: Cell, summary: Summary
) -> dict[str, object]:
    keys = cell.metric.keys
    metric = f'{cell.metric.reduce}({" ".join(keys)})'
    values = summary.values.items()
    return {
        'part': panel.name,
        'row': panel.rows[place[0]],
        'column': panel.columns[place[1]],
        'training': cell.recipe or '',
        'metric': keys[0] if len(keys) == 1 else metric,
        'mean': _number(summary.mean),
        'sd': _number(summary.deviation),
        'seeds': len(values),
        'paper': '' if cell.paper is None else cell.paper,
        'against': place_name(panel, cell.against),
        'gain': _number(summary.gain),
        'paper_gain': _number(summary.paper_gain),
        'p': _number(summary.independent.p),
        'p_holm': _number(summary.independent.p_holm),
        'p_paired': _number(summary.paired.p),
        'p_paired_holm': _number(summary.paired.p_holm),
        'values': ' '.join(f'{seed}:{value:.4f}' for seed, value in values),
        'left_out': ' '.join(map(str, summary.left_out)),
    }


def _number(value: float, form: str = '.6g') -> str:
    return '' if math.isnan(value) else f'{value:{form}}'


def markdown_row(cells: Sequence[str]) -> str:
    """Return a row of a Markdown table whose heads may repeat.

    Args:
        cells (Sequence[str]): The cells.

    Returns:
        str: Without a line break.

    Examples:
        >>> markdown_row(['a', 'b'])
        '| a | b |'
    """
    return '| ' + ' | '.join(cells) + ' |'
