"""Figures of one run: the course of the training, the metric per class."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from mmengine.logging import MessageHub

from .metrics_table import split_metrics

# Okabe and Ito's palette: told apart by all kinds of colour vision.
COLORS = ('#0072B2', '#D55E00', '#009E73', '#CC79A7', '#E69F00', '#56B4E9')
DIAGNOSTICS = ('annotated_fraction', 'unannotated_answer', 'above_tau_fraction')


def new_figure(width: float, height: float) -> Figure:
    """Return a figure that needs no display and no global state.

    Args:
        width (float): In inches.
        height (float): In inches.

    Returns:
        Figure: With a canvas that writes PNG and PDF.
    """
    figure = Figure(figsize=(width, height), layout='constrained', dpi=150)
    FigureCanvasAgg(figure)
    return figure


def draw_training(hub: MessageHub, monitor: str, path: Path) -> None:
    """Draw the terms of the loss, the diagnostics and the metric.

    Args:
        hub (MessageHub): Of the run; holds the history of all scalars.
        monitor (str): The validation metric to draw, in %.
        path (Path): PNG to write; its folder is made.
    """
    scalars = hub.log_scalars
    terms = {
        key[len('train/') :]: scalars[key].data[0]
        for key in sorted(scalars)
        if key.startswith('train/') and 'loss_' in key
    }
    shown = {
        key: scalars[f'train/{key}'].data[0]
        for key in DIAGNOSTICS
        if f'train/{key}' in scalars
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
    _save(figure, path)


def draw_auc(metrics: Mapping[str, float], prefix: str, path: Path) -> None:
    """Draw the metric of each class, over all images and per source.

    Args:
        metrics (Mapping[str, float]): See ``split_metrics``, in %.
        prefix (str): Prefix of the keys to use.
        path (Path): PNG to write; its folder is made.
    """
    overall, per_source = split_metrics(metrics, prefix)
    mean = overall.pop('mean', float('nan'))
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
    axes.plot(
        list(overall.values()), rows, 'D', color=COLORS[0], label='all'
    )
    axes.set_yticks(rows, names)
    axes.invert_yaxis()
    axes.set_xlabel(f'{prefix} in %')
    axes.grid(axis='x', alpha=0.3)
    figure.legend(loc='outside upper center', ncols=2, fontsize=7)
    _save(figure, path)


def _smooth(values: np.ndarray, points: int = 200) -> tuple:
    """Return positions and means of at most ``points`` equal windows."""
    if len(values) <= points:
        return np.arange(1, len(values) + 1), values
    windows = np.array_split(values, points)
    ends = np.cumsum([len(window) for window in windows])
    return ends, np.array([np.nanmean(window) for window in windows])


def _save(figure: Figure, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)
