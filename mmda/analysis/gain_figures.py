"""Figures of gains: against similarities, and below frequencies."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import NullFormatter

from .figure import (
    COLORS,
    COLUMN_WIDTH,
    PAGE_WIDTH,
    SMALL,
    new_figure,
    save_figure,
)
from .gain_similarity import Correlation


def draw_gain_vs_similarity(
    table: pd.DataFrame, found: Correlation, path: str | Path
) -> None:
    """Draw gains against similarities, with the line of least squares.

    Args:
        table (DataFrame): From :func:`read_gains`.
        found (Correlation): Of its columns.
        path (str | Path): PNG to write; a PDF lies beside it.
    """
    figure = new_figure(COLUMN_WIDTH, 3.0)
    axes = figure.subplots()
    axes.axhline(0, color='0.6', linewidth=0.8)
    table = table.dropna()
    x, y = table['similarity'].to_numpy(), table['gain'].to_numpy()
    axes.plot(x, y, 'o', color=COLORS[0], markersize=4)
    if not math.isnan(found.r):
        slope, offset = np.polyfit(x, y, 1)
        ends = np.array([x.min(), x.max()])
        axes.plot(ends, slope * ends + offset, color=COLORS[1], linewidth=1)
    if len(x):
        _name_points(axes, table['class'].astype(str).tolist(), x, y)
    text = (
        f'n/a: {found.note}'
        if found.note
        else (f'r = {found.r:.3f}, p = {found.p:.3g}, n = {found.num}')
    )
    axes.set_title(f'Pearson {text}', fontsize=SMALL)
    axes.set_xlabel(
        'cosine similarity to the class of interest', fontsize=SMALL
    )
    axes.set_ylabel('gain in AUC (points)', fontsize=SMALL)
    axes.tick_params(labelsize=SMALL)
    save_figure(figure, path)


# Where a name may stand beside its point, in points of lettering: the offset
# and the side of the name that is fixed.
_PLACES = (
    (5, 0, 'left'),
    (-5, 0, 'right'),
    (0, 7, 'center'),
    (0, -7, 'center'),
    (4, 7, 'left'),
    (-4, 7, 'right'),
    (4, -7, 'left'),
    (-4, -7, 'right'),
)
_START = {'left': 0.0, 'center': -0.5, 'right': -1.0}


def _name_points(
    axes: Axes, names: Sequence[str], x: np.ndarray, y: np.ndarray
) -> None:
    """Write each name beside its point, off other names and points."""
    width, height = 190.0, 150.0  # of the axes, in points
    places = np.column_stack(
        [
            (values - values.min()) / max(np.ptp(values), 1e-9) * size
            for values, size in ((x, width), (y, height))
        ]
    )
    boxes = [(px - 2, py - 2, px + 2, py + 2) for px, py in places]
    for name, point, (px, py) in zip(
        names, zip(x, y, strict=True), places, strict=True
    ):
        long = 3.3 * len(name)
        tried: list[tuple[int, int, tuple]] = []
        for dx, dy, side in _PLACES:
            left = px + dx + _START[side] * long
            box = (left, py + dy - 3, left + long, py + dy + 3)
            hits = sum(_overlap(box, other) for other in boxes)
            outside = box[0] < -8 or box[2] > width + 8
            tried.append((hits + outside, len(tried), box))
        _, best, box = min(tried)
        boxes.append(box)
        dx, dy, side = _PLACES[best]
        axes.annotate(
            name,
            point,
            (dx, dy),
            textcoords='offset points',
            fontsize=5.5,
            va='center',
            ha=side,
        )


def _overlap(a: tuple, b: tuple) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def draw_distribution(table: pd.DataFrame, path: str | Path) -> None:
    """Draw the class distribution above the gains.

    Args:
        table (DataFrame): From :func:`class_distribution`.
        path (str | Path): PNG to write; a PDF lies beside it.
    """
    num = len(table)
    figure = new_figure(min(PAGE_WIDTH, max(COLUMN_WIDTH, 0.34 * num)), 3.4)
    above, below = figure.subplots(2, 1, sharex=True)
    place = np.arange(num)
    above.bar(place, table['positives'].clip(lower=0.8), color='0.6')
    above.set_yscale('log')
    above.set_ylim(bottom=0.7)
    above.yaxis.set_minor_formatter(NullFormatter())
    above.set_ylabel('training positives', fontsize=SMALL)
    colors = [COLORS[0] if s else '0.75' for s in table['significant']]
    below.bar(place, table['gain'].fillna(0), color=colors)
    for x in np.flatnonzero(table['gain'].isna()):
        below.text(x, 0, 'n/a', ha='center', va='bottom', fontsize=SMALL)
    below.axhline(0, color='0.4', linewidth=0.8)
    below.set_ylabel('gain in AUC (points)\nblue: p < 0.05', fontsize=SMALL)
    below.set_xticks(
        place,
        table['class'],
        rotation=60,
        ha='right',
        rotation_mode='anchor',
        fontsize=SMALL,
    )
    for axes in (above, below):
        axes.tick_params(axis='y', labelsize=SMALL)
        axes.grid(axis='y', alpha=0.3)
    save_figure(figure, path)
