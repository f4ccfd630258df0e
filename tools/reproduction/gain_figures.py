"""Figures of gains: against similarities, and below frequencies."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from mmda.report.figure import (
    COLORS,
    COLUMN_WIDTH,
    PAGE_WIDTH,
    SMALL,
    new_figure,
    save_figure,
)

from .gains import Correlation


def draw_gain_vs_similarity(
    table: pd.DataFrame, found: Correlation, path: str | Path
) -> None:
    """Draw gains against similarities, with the line of least squares.

    Args:
        table (DataFrame): From :func:`read_gains`.
        found (Correlation): Of its columns.
        path (str | Path): PNG to write, with a PDF of the same name.
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
    if len(x):
        _name_points(axes, table['class'].astype(str).tolist(), x, y)
    save_figure(figure, path)


# Directions in which a name may stand off its point, the side of the name that
# is fixed, and the distances that are tried, in points of lettering.
_SIDES = (
    (1, 0, 'left'),
    (-1, 0, 'right'),
    (0, 1, 'center'),
    (0, -1, 'center'),
    (0.8, 1, 'left'),
    (-0.8, 1, 'right'),
    (0.8, -1, 'left'),
    (-0.8, -1, 'right'),
)
_DISTANCES = (6, 13, 20, 28, 36, 45)
_START = {'left': 0.0, 'center': -0.5, 'right': -1.0}


def _name_points(
    axes: Axes, names: Sequence[str], x: np.ndarray, y: np.ndarray
) -> None:
    """Write each name near its point, off other names and points."""
    axes.margins(0.12)
    figure = axes.get_figure()
    assert isinstance(figure, Figure)
    figure.draw_without_rendering()  # now the axes have their final size
    scale = 72 / figure.dpi
    places = axes.transData.transform(np.column_stack([x, y])) * scale
    frame = np.array(axes.bbox.extents) * scale
    boxes = [(px - 2.5, py - 2.5, px + 2.5, py + 2.5) for px, py in places]
    # The crowded ones last: they find a place farther off.
    apart = np.linalg.norm(places[:, None] - places[None], axis=2)
    crowd = (apart < 25).sum(axis=1)
    for index in np.argsort(crowd, kind='stable'):
        px, py = places[index]
        long = 3.4 * len(names[index])
        tried: list[tuple] = []
        for distance in _DISTANCES:
            for dx, dy, side in _SIDES:
                shift = (dx * distance, dy * distance)
                left = px + shift[0] + _START[side] * long
                middle = py + shift[1]
                box = (left, middle - 3.2, left + long, middle + 3.2)
                hits = sum(_overlap(box, other) for other in boxes)
                hits += 3 * (not _inside(box, frame))
                tried.append((hits, len(tried), box, shift, side))
        hits, _, box, shift, side = min(tried, key=lambda found: found[:2])
        boxes.append(box)
        far = max(map(abs, shift)) > _DISTANCES[0]
        axes.annotate(
            names[index],
            (x[index], y[index]),
            shift,
            textcoords='offset points',
            fontsize=5.5,
            va='center',
            ha=side,
            arrowprops=dict(arrowstyle='-', color='0.6', lw=0.4)
            if far
            else None,
        )


def _inside(box: tuple, frame: np.ndarray) -> bool:
    return bool(
        frame[0] < box[0]
        and frame[1] < box[1]
        and box[2] < frame[2]
        and box[3] < frame[3]
    )


def _overlap(a: tuple, b: tuple) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def draw_distribution(table: pd.DataFrame, path: str | Path) -> None:
    """Draw the class distribution above the gains.

    Args:
        table (DataFrame): From :func:`class_distribution`.
        path (str | Path): PNG to write, with a PDF of the same name.
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
