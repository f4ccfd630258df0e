"""A table as a figure: our values with their spread, and the paper's."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from cycler import cycler
from matplotlib.axes import Axes

from mmda.report.figure import (
    COLORS,
    COLUMN_WIDTH,
    PAGE_WIDTH,
    SMALL,
    new_figure,
    save_figure,
)

from .report import Summaries
from .summary import Summary
from .table import Cell, Panel, Place, Table

_PER_LINE = 4
#: Style of each training of a panel with curves.
_STYLES = cycler(linestyle=['-', '--', ':']) * cycler(color=COLORS)


class _Facet(NamedTuple):
    """One axes of the figure: its title, number of x labels, and drawing."""

    title: str
    labels: int
    draw: Callable[[Axes], None]


def draw_table(table: Table, found: Summaries, path: Path) -> None:
    """Draw each metric of each panel over the trainings.

    If the columns of a panel are numbers of images, each training is a curve
    over these numbers.

    Args:
        table (Table): The table.
        found (Mapping): Name of a panel -> its cells.
        path (Path): PNG to write. A PDF is written beside it.
    """
    names = dict.fromkeys(row for panel in table.panels for row in panel.rows)
    styles = dict(zip(names, _STYLES(), strict=False))
    facets = [
        facet
        for panel in table.panels
        for facet in _facets(panel, found[panel.name], styles)
    ]
    labels = max(facet.labels for facet in facets)
    across = min(_PER_LINE if labels <= 6 else _PER_LINE // 2, len(facets))
    down = math.ceil(len(facets) / across)
    height = 1.3 + 0.04 * labels + 0.5 * (labels > 2)
    width = max(COLUMN_WIDTH, PAGE_WIDTH * across / _PER_LINE)
    if labels > 6:
        width = PAGE_WIDTH
    figure = new_figure(width, 0.5 + height * down)
    grid = figure.subplots(down, across, squeeze=False)
    for axes in grid.flat[len(facets) :]:
        axes.set_visible(False)
    legend: dict[Any, Any] = {}
    for axes, facet in zip(grid.flat, facets, strict=False):
        facet.draw(axes)
        axes.set_title(facet.title, fontsize=SMALL)
        axes.tick_params(axis='y', labelsize=SMALL)
        axes.grid(axis='y', alpha=0.3)
        handles, texts = axes.get_legend_handles_labels()
        legend.update(zip(texts, handles, strict=True))
    figure.legend(
        legend.values(),
        legend.keys(),
        loc='outside upper right',
        ncols=3 if width > COLUMN_WIDTH else 2,
        fontsize=SMALL,
    )
    figure.supylabel(table.unit, fontsize=SMALL)
    save_figure(figure, path)


def _facets(
    panel: Panel, cells: Mapping[Place, Summary], styles: Mapping[str, dict]
) -> Iterator[_Facet]:
    """Yield one facet per metric, or one over the numbers of images."""
    if len(panel.sizes) > 1:
        draw = partial(_draw_curves, panel, cells, styles)
        yield _Facet(panel.title, 0, draw)
        return
    in_rows = panel.recipes_in_rows
    trainings = panel.rows if in_rows else panel.columns
    for number, metric in enumerate(panel.metrics):
        points = []
        for index, training in enumerate(trainings):
            place = (index, number) if in_rows else (number, index)
            cell = panel.cells.get(place)
            if cell is not None and cell.recipe is not None:
                points.append((training, cell, cells[place]))
        if points:
            title = panel.title if panel.sizes else f'{panel.title}: {metric}'
            yield _Facet(title, len(points), partial(_draw_points, points))


def _draw_curves(
    panel: Panel,
    cells: Mapping[Place, Summary],
    styles: Mapping[str, dict],
    axes: Axes,
) -> None:
    for row, name in enumerate(panel.rows):
        # Moved a little, so that no spread hides another one.
        shift = 1.03 ** (row - (len(panel.rows) - 1) / 2)
        places = [size * shift for size in panel.sizes]
        # A dash of the paper is no cell.
        summaries = [
            cells.get((row, column), Summary())
            for column in range(len(panel.sizes))
        ]
        _draw_ours(axes, places, summaries, name, marker='o', **styles[name])
    axes.set_xscale('log')
    names = [str(size) for size in panel.sizes]
    axes.set_xticks(panel.sizes, names, fontsize=SMALL)
    axes.set_xticks([], minor=True)
    axes.set_xlabel('images per source', fontsize=SMALL)


def _draw_points(points: list[tuple[str, Cell, Summary]], axes: Axes) -> None:
    places = np.arange(len(points))
    ours = [summary for _, _, summary in points]
    _draw_ours(
        axes, places - 0.12, ours, 'ours, mean ± sd', fmt='o', color='0.2'
    )
    for place, summary in zip(places, ours, strict=True):
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
    many = len(points) > 2
    axes.set_xticks(
        places,
        [name for name, _, _ in points],
        rotation=35 if many else 0,
        ha='right' if many else 'center',
        rotation_mode='anchor',
        fontsize=SMALL - 1,
    )
    axes.set_xlim(-0.6, len(points) - 0.4)


def _draw_ours(
    axes: Axes,
    places: Sequence[float] | np.ndarray,
    summaries: Sequence[Summary],
    label: str,
    **style: Any,
) -> None:
    means = np.array([summary.mean for summary in summaries])
    spread = np.nan_to_num([summary.deviation for summary in summaries])
    # All values are shares in %: no spread passes 0 or 100.
    below, above = np.minimum(spread, means), np.minimum(spread, 100 - means)
    axes.errorbar(
        places,
        means,
        np.nan_to_num(np.maximum([below, above], 0)),
        label=label,
        markersize=3,
        capsize=2,
        linewidth=1,
        **style,
    )
