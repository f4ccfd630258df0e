"""Figures of one run: the course of the training, the metric per class."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from mmengine.logging import MessageHub

from .figure import COLORS, new_figure, save_figure
from .metrics_table import MEANS, split_intervals, split_metrics

DIAGNOSTICS = (
    'annotated_fraction',
    'unannotated_answer',
    'above_tau_fraction',
)


def draw_training(hub: MessageHub, monitor: str, path: Path) -> None:
    """Draw the terms of the loss, the diagnostics and the metric.

    Args:
        hub (MessageHub): Of the run; holds the history of all scalars.
        monitor (str): The validation metric to draw, in %.
        path (Path): PNG to write, a PDF beside it; the folder is made.
    """
    scalars = hub.log_scalars
    terms = {
        key[len('train/') :]: scalars[key].data[0]
        for key in sorted(scalars)
        if key.startswith('train/') and 'loss_' in key
    }
    shown = {
        key[len('train/') :]: scalars[key].data[0]
        for key in sorted(scalars)
        # A decode head's name stands before it: decode.annotated_fraction
        if key.startswith('train/')
        and key[len('train/') :].rpartition('.')[2] in DIAGNOSTICS
    }
    metric = {}
    if f'val/{monitor}' in scalars:
        metric[monitor] = scalars[f'val/{monitor}'].data[0]
    panels = [
        ('loss term', 'iteration', terms),
        ('fraction, probability', 'iteration', shown),
        (f'{monitor} in %', 'validation', metric),
    ]
    figure = new_figure(3.3 * len(panels), 2.6)
    for axes, (ylabel, xlabel, curves) in zip(
        figure.subplots(1, len(panels)), panels, strict=True
    ):
        for color, (name, values) in zip(COLORS, curves.items(), strict=False):
            kept = _smooth(np.asarray(values, dtype=float))
            axes.plot(*kept, color=color, label=name.replace('_', ' '))
        axes.set(xlabel=xlabel, ylabel=ylabel)
        axes.grid(alpha=0.3)
        if curves:
            axes.legend(fontsize=7)
    save_figure(figure, path)


def draw_auc(metrics: Mapping[str, float], prefix: str, path: Path) -> None:
    """Draw the metric of each class, over all images and per source.

    Args:
        metrics (Mapping[str, float]): See ``split_metrics``, in %.
        prefix (str): Prefix of the keys to use.
        path (Path): PNG to write, a PDF beside it; the folder is made.
    """
    overall, per_source = split_metrics(metrics, prefix)
    mean = overall.get('mean', float('nan'))
    overall = {k: v for k, v in overall.items() if k not in MEANS}
    names = list(overall)
    rows = np.arange(len(names))
    figure = new_figure(4.5, 1.2 + 0.22 * len(names))
    axes = figure.subplots()
    axes.axvline(mean, color='0.6', linewidth=1, label=f'mean {mean:.1f}')
    for color, (source, values) in zip(
        COLORS[1:], per_source.items(), strict=False
    ):
        points = [values.get(name, np.nan) for name in names]
        axes.plot(points, rows, 'o', mfc='none', color=color, label=source)
    axes.plot(list(overall.values()), rows, 'D', color=COLORS[0], label='all')
    intervals = split_intervals(metrics, prefix)
    for row, name in enumerate(names):
        if name in intervals:
            axes.plot(intervals[name], [row] * 2, color=COLORS[0])
    axes.set_yticks(rows, names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_xlabel(f'{prefix} in %')
    axes.grid(axis='x', alpha=0.3)
    figure.legend(loc='outside upper center', ncols=2, fontsize=7)
    save_figure(figure, path)


def _smooth(values: np.ndarray, points: int = 200) -> tuple:
    """Return positions and means of at most ``points`` equal windows."""
    if len(values) <= points:
        return np.arange(1, len(values) + 1), values
    windows = np.array_split(values, points)
    ends = np.cumsum([len(window) for window in windows])
    return ends, np.array([np.nanmean(window) for window in windows])
