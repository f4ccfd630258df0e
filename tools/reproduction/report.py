"""A table with our values beside the paper's: Markdown and CSV."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator, Mapping, Sequence

from mmda.report.comparison_report import (
    arrow,
    interval_text,
    markdown_row,
    p_text,
)

from .summary import Summary
from .table import Cell, Panel, Table

#: Panel's name -> cells.
Summaries = Mapping[str, Mapping[tuple[int, int], Summary]]
COLUMNS = (
    'part',
    'row',
    'column',
    'training',
    'metric',
    'mean',
    'sd',
    'seeds',
    'paper',
    'against',
    'gain',
    'paper_gain',
    'p',
    'p_holm',
    'p_paired',
    'p_paired_holm',
    'values',
    'left_out',
)


def to_markdown(
    table: Table, found: Summaries, seeds: int, notes: Sequence[str] = ()
) -> str:
    """Write a table as Markdown, in the paper's order.

    Args:
        table (Table): The table.
        found (Mapping): Panel's name -> cells.
        seeds (int): That were asked for.
        notes (Sequence[str]): To stand above it all.

    Returns:
        str: A table and its tests for each panel, then the reading aid.
    """
    lines = [f'# {table.title}', '', *[f'**{note}**\n' for note in notes]]
    for panel in table.panels:
        cells = found[panel.name]
        lines += [f'## {panel.title}', '', *_grid(panel, cells, seeds), '']
        tests = list(_tests(panel, cells))
        if tests:
            lines += [*tests, '']
        left_out = list(_left_out(panel, cells))
        if left_out:
            lines += ['Left out:', '', *left_out, '']
    lines += [
        f'- {table.unit}: mean ± standard deviation over the seeds, of '
        f'{seeds} asked for (fewer: n in brackets); below it the paper.',
        '- Gain over the cell named under "against". * p < 0.05 by the '
        "paper's independent two-sample t-test, for single classes after "
        "Holm's correction over the classes. The paired test uses that a seed "
        'draws the same images for both.',
        '- n/a: not run, or undefined.',
    ]
    return '\n'.join(lines) + '\n'


def cell_text(
    cell: Cell | None, summary: Summary | None, seeds: int, between: str
) -> str:
    """Write a cell: our value, and the paper's.

    Args:
        cell (Cell, optional): None: a dash.
        summary (Summary, optional): What we have.
        seeds (int): That were asked for.
        between (str): Stands between the two.

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
    spread = summary.deviation
    text = f'{summary.mean:.1f}'
    if not math.isnan(spread):
        text += f' ± {spread:.1f}'
    text += _change(summary.gain, summary.significant)
    if len(summary.values) < seeds:
        text += f' [n = {len(summary.values)}]'
    return text


def _change(gain: float, significant: bool) -> str:
    if math.isnan(gain):
        return ''
    return f' ({arrow(gain)}{"*" if significant else ""})'


def _grid(
    panel: Panel, cells: Mapping[tuple[int, int], Summary], seeds: int
) -> Iterator[str]:
    yield markdown_row(['', *panel.columns])
    yield markdown_row(['---', *['---:'] * len(panel.columns)])
    for row, name in enumerate(panel.rows):
        yield markdown_row(
            [
                name,
                *[
                    cell_text(
                        panel.cells.get((row, column)),
                        cells.get((row, column)),
                        seeds,
                        '<br>',
                    )
                    for column in range(len(panel.columns))
                ],
            ]
        )


def _tests(
    panel: Panel, cells: Mapping[tuple[int, int], Summary]
) -> Iterator[str]:
    rows = [
        (place, cell)
        for place, cell in panel.cells.items()
        if cell.against is not None
        and cell.recipe is not None
        and not math.isnan(cells[place].gain)
    ]
    if not rows:
        return
    yield markdown_row(
        [
            'cell',
            'against',
            'gain',
            '95 %',
            'p (Holm)',
            'paired 95 %',
            'paired p (Holm)',
            'paper',
        ]
    )
    yield markdown_row(['---', '---', *['---:'] * 6])
    for place, cell in rows:
        summary = cells[place]
        assert cell.against is not None
        yield markdown_row(
            [
                place_name(panel, place),
                place_name(panel, cell.against),
                f'{summary.gain:+.2f}',
                interval_text(summary.independent, 2),
                p_text(summary.independent),
                interval_text(summary.paired, 2),
                p_text(summary.paired),
                _signed(summary.paper_gain),
            ]
        )


def place_name(panel: Panel, place: tuple[int, int]) -> str:
    """Name a cell.

    Args:
        panel (Panel): Its panel.
        place (tuple[int, int]): Row and column.

    Returns:
        str: Row and column; the row alone where there is one column.
    """
    row, column = panel.rows[place[0]], panel.columns[place[1]]
    return row if len(panel.columns) == 1 else f'{row}, {column}'


def _left_out(
    panel: Panel, cells: Mapping[tuple[int, int], Summary]
) -> Iterator[str]:
    """List the seeds that are not averaged, once for each training."""
    told: set[str] = set()
    for place, cell in panel.cells.items():
        if cell.recipe is None:
            continue
        for seed, why in cells[place].left_out.items():
            named = 'diverged' in why
            where = '' if named else f', {place_name(panel, place)}'
            line = f'- {cell.recipe} seed {seed}{where}: {why}'
            if line not in told:
                told.add(line)
                yield line


def to_csv(table: Table, found: Summaries) -> str:
    """Write a table as CSV, one line per cell.

    Args:
        table (Table): The table.
        found (Mapping): Panel's name -> cells.

    Returns:
        str: With the columns ``COLUMNS``; what is not there is empty.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator='\n')
    writer.writerow(COLUMNS)
    for panel in table.panels:
        for place, cell in panel.cells.items():
            summary = found[panel.name][place]
            against = cell.against
            writer.writerow(
                [
                    panel.name,
                    panel.rows[place[0]],
                    panel.columns[place[1]],
                    cell.recipe or '',
                    _metric_name(cell),
                    _number(summary.mean),
                    _number(summary.deviation),
                    len(summary.values),
                    '' if cell.paper is None else cell.paper,
                    '' if against is None else place_name(panel, against),
                    _number(summary.gain),
                    _number(summary.paper_gain),
                    _number(summary.independent.p),
                    _number(summary.independent.p_holm),
                    _number(summary.paired.p),
                    _number(summary.paired.p_holm),
                    _by_seed(summary.values),
                    ' '.join(str(seed) for seed in summary.left_out),
                ]
            )
    return text.getvalue()


def _metric_name(cell: Cell) -> str:
    keys = cell.metric.keys
    if len(keys) == 1:
        return keys[0]
    return f'{cell.metric.reduce}({" ".join(keys)})'


def _by_seed(values: Mapping[int, float]) -> str:
    return ' '.join(f'{seed}:{value:.4f}' for seed, value in values.items())


def _number(value: float) -> str:
    return '' if math.isnan(value) else f'{value:.6g}'


def _signed(value: float) -> str:
    return '' if math.isnan(value) else f'{value:+.1f}'
