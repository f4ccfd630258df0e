"""Reliability diagrams: answers against frequencies."""

from __future__ import annotations

import math
from pathlib import Path

from mmda.evaluation.functional import reliability

from .figure import COLORS, PAGE_WIDTH, SMALL, new_figure, save_figure
from .predictions import Predictions


def draw_reliability(
    predictions: Predictions, path: str | Path, num_bins: int = 10
) -> None:
    """Draw a reliability diagram per class and one of all entries.

    Args:
        predictions (Predictions): Of N images.
        path (str | Path): PNG to write; a PDF lies beside it.
        num_bins (int): Bins of equal width. Defaults to 10.
    """
    panels = [('all classes', predictions.score, predictions.target)]
    panels += [
        (name, predictions.score[:, i], predictions.target[:, i])
        for i, name in enumerate(predictions.classes)
    ]
    columns = min(4, len(panels))
    rows = math.ceil(len(panels) / columns)
    figure = new_figure(PAGE_WIDTH * columns / 4, 1.9 * rows + 0.3)
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes in grid[len(panels) :]:
        axes.set_axis_off()
    for axes, (name, score, target) in zip(grid, panels, strict=False):
        found = reliability(score, target, num_bins)
        axes.plot([0, 1], [0, 1], color='0.6', linewidth=0.8)
        total = max(1, found.num.sum())
        centers = [(i + 0.5) / num_bins for i in range(num_bins)]
        axes.bar(centers, found.num / total, 0.9 / num_bins, color='0.85')
        shown = found.num > 0
        axes.plot(
            found.confidence[shown],
            found.frequency[shown],
            'o-',
            color=COLORS[0],
            markersize=3,
            linewidth=1,
        )
        ece = 'n/a' if math.isnan(found.ece) else f'{found.ece:.3f}'
        axes.set_title(
            f'{name}\nECE {ece}, n = {found.num.sum():,}', fontsize=SMALL
        )
        axes.set(
            xlim=(0, 1), ylim=(0, 1), xticks=[0, 0.5, 1], yticks=[0, 0.5, 1]
        )
        axes.tick_params(labelsize=SMALL)
    figure.supxlabel('mean answer (grey: share of entries)', fontsize=SMALL)
    figure.supylabel('frequency of positives', fontsize=SMALL)
    save_figure(figure, path)
