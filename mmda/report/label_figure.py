"""Which source annotates which class: a picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from .figure import COLUMN_WIDTH, SMALL, new_figure, save_figure


def draw_availability(report: dict, path: str | Path) -> None:
    """Draw the annotated share and the positives of each class and source.

    Args:
        report (dict): From :func:`~mmda.report.label_report.label_report`.
        path (str | Path): PNG to write; a PDF lies beside it.
    """
    columns = [
        (split, name, counts)
        for split, content in report['splits'].items()
        for name, counts in content['sources'].items()
    ]
    classes = report['classes']
    shares = np.array(
        [
            [
                1 - counts['classes'][name]['unannotated'] / counts['images']
                for _, _, counts in columns
            ]
            for name in classes
        ]
    )
    width = max(COLUMN_WIDTH, 1.6 + 0.55 * len(columns))
    figure = new_figure(width, 1.3 + 0.2 * len(classes))
    axes = figure.subplots()
    image = axes.imshow(shares, vmin=0, vmax=1, cmap='Blues', aspect='auto')
    for x, (_, _, counts) in enumerate(columns):
        for y, name in enumerate(classes):
            _draw_cell(axes, x, y, counts['classes'][name], shares[y, x])
    labels = [f'{split}\n{name}' for split, name, _ in columns]
    axes.set_xticks(
        range(len(columns)),
        labels,
        fontsize=SMALL,
        rotation=0 if len(columns) < 5 else 60,
    )
    axes.set_yticks(range(len(classes)), classes, fontsize=SMALL)
    axes.set_xticks(np.arange(len(columns) + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(len(classes) + 1) - 0.5, minor=True)
    axes.grid(which='minor', color='white', linewidth=1)
    axes.tick_params(which='both', length=0)
    bar = figure.colorbar(image, ax=axes, shrink=0.8, pad=0.02)
    bar.set_label('annotated share; number: positives', fontsize=SMALL)
    bar.ax.tick_params(labelsize=SMALL)
    save_figure(figure, path)


def _draw_cell(axes: Axes, x: int, y: int, count: dict, share: float) -> None:
    if share == 0:
        axes.add_patch(
            Rectangle(
                (x - 0.5, y - 0.5),
                1,
                1,
                fill=False,
                hatch='////',
                edgecolor='0.8',
                linewidth=0,
            )
        )
        return
    positives = count['positives']
    axes.text(
        x,
        y,
        _short(positives),
        ha='center',
        va='center',
        fontsize=SMALL,
        color='white' if share > 0.6 else 'black',
        weight='bold' if positives == 0 else 'normal',
    )


def _short(number: int) -> str:
    """Write a count in at most four characters, as far as possible."""
    for limit, unit in ((10_000_000, 'M'), (10_000, 'k')):
        if number >= limit:
            return f'{number / (limit / 10):.0f}{unit}'
    return str(number)
