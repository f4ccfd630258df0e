"""A table as a figure: our values with their spread, the paper's beside."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from mmda.analysis.figure import (
    COLORS,
    COLUMN_WIDTH,
    PAGE_WIDTH,
    SMALL,
    new_figure,
    save_figure,
)

from .report import Summaries
from .summary import Summary
from .table import Cell, Panel, Table

_PER_LINE = 4


def draw_table(table: Table, found: Summaries, path: Path) -> None:
    """Draw each metric of each panel over its trainings.

    Args:
        table (Table): The table.
        found (Mapping): Panel's name -> cells.
        path (Path): PNG to write; a PDF lies beside it.
    """
    facets = [
        (title, points)
        for panel in table.panels
        for title, points in _facets(panel, found[panel.name])
    ]
    across = min(_PER_LINE, len(facets))
    down = math.ceil(len(facets) / across)
    most = max(len(points) for _, points in facets)
    height = 1.3 + 0.04 * most + 0.5 * (most > 2)
    width = max(COLUMN_WIDTH, PAGE_WIDTH * across / _PER_LINE)
    figure = new_figure(width, 0.5 + height * down)
    grid = figure.subplots(down, across, squeeze=False)
    for axes in grid.flat[len(facets) :]:
        axes.set_visible(False)
    for axes, (title, points) in zip(grid.flat, facets, strict=False):
        _draw(axes, title, points)
    handles, labels = grid.flat[0].get_legend_handles_labels()
    figure.legend(
        handles, labels, loc='outside upper right', ncols=2, fontsize=SMALL
    )
    figure.supylabel(table.unit, fontsize=SMALL)
    save_figure(figure, path)


def _facets(
    panel: Panel, cells: Mapping[tuple[int, int], Summary]
) -> Iterator[tuple[str, list[tuple[str, Cell, Summary]]]]:
    """Yield each metric's name and its value for each training of ours."""
    metrics, trainings = panel.rows, panel.columns
    if panel.recipes_in_rows:
        metrics, trainings = trainings, metrics
    for number, metric in enumerate(metrics):
        points = []
        for index, training in enumerate(trainings):
            place = (number, index)
            if panel.recipes_in_rows:
                place = (index, number)
            cell = panel.cells.get(place)
            if cell is not None and cell.recipe is not None:
                points.append((training, cell, cells[place]))
        if points:
            yield f'{panel.title}: {metric}', points


def _draw(
    axes: Axes, title: str, points: list[tuple[str, Cell, Summary]]
) -> None:
    places = np.arange(len(points))
    means = [summary.mean for _, _, summary in points]
    spread = [np.nan_to_num(s.deviation) for _, _, s in points]
    axes.errorbar(
        places - 0.12,
        means,
        spread,
        fmt='o',
        color=COLORS[0],
        markersize=4,
        capsize=2,
        linewidth=1,
        label='ours, mean ± sd',
    )
    for place, (_, _, summary) in zip(places, points, strict=True):
        values = list(summary.values.values())
        axes.plot([place - 0.12] * len(values), values, '.', color='0.6', ms=2)
    paper = [math.nan if c.paper is None else c.paper for _, c, _ in points]
    if not np.isnan(paper).all():
        axes.plot(
            places + 0.12,
            paper,
            'D',
            mfc='none',
            color=COLORS[1],
            markersize=4,
            label='paper',
        )
    axes.set_title(title, fontsize=SMALL)
    axes.set_xticks(
        places,
        [name for name, _, _ in points],
        rotation=35 if len(points) > 2 else 0,
        ha='right' if len(points) > 2 else 'center',
        rotation_mode='anchor',
        fontsize=SMALL - 1,
    )
    axes.set_xlim(-0.6, len(points) - 0.4)
    axes.tick_params(axis='y', labelsize=SMALL)
    axes.grid(axis='y', alpha=0.3)
