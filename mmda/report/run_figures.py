"""The figures of one run: its curves, and the metric of each class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mmda.evaluation.metrics.metric_keys import key_part, measure_of, title_of

from .figure import COLORS, SMALL, new_figure
from .run_summary import MEANS, split_groups, split_intervals, split_metrics

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Scalars of the log that are no loss and no validation.
DIAGNOSTICS = (
    'annotated_fraction',
    'unannotated_answer',
    'above_tau_fraction',
)
#: Two curves share a linear axis if their sizes differ by a smaller factor.
_LINEAR = 20.0
_STYLES = ('-', '--', ':', '-.')
_MARKS = 'Dos^vP*'
#: Points of one curve; a longer curve is averaged over windows.
_POINTS = 200

Curves = dict[str, np.ndarray]
#: Label, scope that begins the keys, and class -> value.
Line = tuple[str, str, dict[str, float]]


def training_figure(scalars: Mapping[str, Any], monitor: str) -> Figure | None:
    """Draw the terms of the loss, the diagnostics and the metric over time.

    A term that is 0 all the time has no curve: a line of text names it. Terms
    of very different sizes get a logarithmic axis.

    Args:
        scalars (Mapping[str, Sequence[float]]): History of each scalar of the
            run, by key such as ``train/loss_bce`` and ``val/auc/mean``.
        monitor (str): Validation metric to draw, in %.

    Returns:
        Figure | None: A panel for each kind of curve that the run has; None
        without a curve.
    """
    history = {
        key: np.asarray(values, dtype=float)
        for key, values in sorted(scalars.items())
        if len(values)
    }
    train = {
        key.removeprefix('train/'): values
        for key, values in history.items()
        if key.startswith('train/')
    }
    losses = {k: v for k, v in train.items() if 'loss_' in k}
    if not losses and 'loss' in train:  # the one term of a stock loss
        losses = {'loss': train['loss']}
    # The name of a decode head begins its keys: decode.annotated_fraction
    diagnostics = {
        k: v for k, v in train.items() if k.rpartition('.')[2] in DIAGNOSTICS
    }
    metric = {
        title_of(monitor): values
        for key, values in history.items()
        if key == f'val/{monitor}'
    }
    panels = [
        ('term of the loss', 'iteration', losses),
        ('fraction or probability', 'iteration', diagnostics),
        (f'{title_of(monitor)} in %', 'validation', metric),
    ]
    panels = [panel for panel in panels if panel[2]]
    if not panels:
        return None
    figure = new_figure(3.3 * len(panels), 2.8)
    for axes, (ylabel, xlabel, curves) in zip(
        figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True
    ):
        _draw_curves(axes, curves)
        axes.set_xlabel(xlabel, fontsize=SMALL + 1)
        axes.set_ylabel(ylabel, fontsize=SMALL + 1)
    return figure


def _draw_curves(axes: Axes, curves: Curves) -> None:
    from matplotlib.ticker import MaxNLocator

    idle = [name for name, values in curves.items() if not np.any(values)]
    shown = {k: v for k, v in curves.items() if k not in idle}
    if _differ(shown):
        axes.set_yscale('log')
    for index, (name, values) in enumerate(shown.items()):
        places, means = _smooth(values)
        axes.plot(
            places,
            means,
            color=COLORS[index % len(COLORS)],
            linestyle=_STYLES[index % len(_STYLES)],
            linewidth=1.3,
            # A single value, or a gap on both sides, is no line.
            marker='o' if len(places) < 15 else None,
            markersize=3,
            label=name.replace('_', ' '),
        )
    # There is no iteration 1.5.
    whole = MaxNLocator(6, integer=True, min_n_ticks=1, steps=[1, 2, 5, 10])
    axes.xaxis.set_major_locator(whole)
    axes.tick_params(labelsize=SMALL)
    axes.grid(alpha=0.3)
    if len(shown) > 1:
        axes.legend(fontsize=SMALL - (len(shown) > 4), framealpha=0.7)
    if idle:
        names = ', '.join(name.replace('_', ' ') for name in idle)
        axes.set_title(f'always 0: {names}', fontsize=SMALL, wrap=True)


def _differ(curves: Curves) -> bool:
    """Tell whether a linear axis would press a curve onto 0."""
    sizes = [
        np.median(positive)
        for values in curves.values()
        if len(positive := values[values > 0])
    ]
    no_negative = not any((values < 0).any() for values in curves.values())
    return no_negative and len(sizes) > 1 and max(sizes) > _LINEAR * min(sizes)


def _smooth(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends and the means of at most ``_POINTS`` windows."""
    if len(values) <= _POINTS:
        return np.arange(1, len(values) + 1), values
    windows = np.array_split(values, _POINTS)
    ends = np.cumsum([len(window) for window in windows])
    # The mean of a window of NaN is NaN, without a warning.
    known = [window[~np.isnan(window)] for window in windows]
    return ends, np.array([w.mean() if len(w) else np.nan for w in known])


def class_figure(metrics: Mapping[str, float], prefix: str) -> Figure:
    """Draw the metric of each class, over all images and for each source.

    A row holds the value over all images, and below it a value for each
    source that annotates the class, so that no mark hides another one.

    Args:
        metrics (Mapping[str, float]): See
            :func:`~mmda.report.run_summary.split_metrics`, in %.
        prefix (str): Only keys with this prefix are used.

    Returns:
        Figure: A row for each class, with the intervals of the metrics.
    """
    overall, per_source = split_metrics(metrics, prefix)
    if len(per_source) == 1:
        per_source = {}  # its values are the values of all images
    mean = overall.get('mean', float('nan'))
    groups: list[Line] = [('all', '', overall)]
    groups += [(s, f'{key_part(s)}/', v) for s, v in per_source.items()]
    return _draw_rows(metrics, prefix, groups, mean)


def group_figure(
    metrics: Mapping[str, float], prefix: str, grouping: str
) -> Figure:
    """Draw the metric of each class within each group of images.

    Args:
        metrics (Mapping[str, float]): See
            :func:`~mmda.report.run_summary.split_groups`, in %.
        prefix (str): Only keys with this prefix are used.
        grouping (str): Such as 'sex'.

    Returns:
        Figure: A row for each class, with the intervals. A group that is too
        small for a class has no mark there.
    """
    found = split_groups(metrics, prefix)[grouping]
    begin = f'{key_part(grouping)}/'
    groups = [(g, f'{begin}{key_part(g)}/', v) for g, v in found.items()]
    return _draw_rows(metrics, prefix, groups)


def _draw_rows(
    metrics: Mapping[str, float],
    prefix: str,
    groups: Sequence[Line],
    mean: float | None = None,
) -> Figure:
    names = [name for name in groups[0][2] if name not in MEANS]
    num_lines = len(groups)
    figure = new_figure(5, 1.2 + (0.14 + 0.08 * num_lines) * len(names))
    axes = figure.subplots()
    if mean is not None:
        axes.axvline(mean, color='0.6', linewidth=1, label=f'mean {mean:.2f}')
    intervals = split_intervals(metrics, prefix)
    for line, (label, scope, values) in enumerate(groups):
        heights = np.arange(len(names)) + 0.7 * (line + 0.5) / num_lines - 0.35
        color = COLORS[line % len(COLORS)]
        for place, name in zip(heights, names, strict=True):
            ends = intervals.get(scope + key_part(name), (np.nan, np.nan))
            axes.plot(ends, [place] * 2, color=color, linewidth=1.2)
        axes.plot(
            [values.get(name, np.nan) for name in names],
            heights,
            _MARKS[line % len(_MARKS)],
            color=color,
            markersize=4 if line else 5,
            mfc='white' if line else color,
            label=label,
            zorder=3,
        )
    _label_rows(axes, names)
    axes.set_xlabel(f'{measure_of(prefix)} in %', fontsize=SMALL)
    figure.legend(loc='outside upper center', ncols=3, fontsize=SMALL)
    return figure


def _label_rows(axes: Axes, names: Sequence[str]) -> None:
    rows = np.arange(len(names))
    axes.set_yticks(rows, names, fontsize=SMALL)
    axes.set_yticks(rows[:-1] + 0.5, minor=True)
    axes.tick_params(axis='y', which='both', length=0)
    axes.tick_params(axis='x', labelsize=SMALL)
    axes.set_ylim(len(names) - 0.5, -0.5)
    left, right = axes.get_xlim()
    axes.set_xlim(left, min(right, 100.8))  # no share is above 100 %
    axes.grid(axis='x', alpha=0.3)
    axes.grid(axis='y', which='minor', alpha=0.3)
