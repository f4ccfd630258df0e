"""The result of one run: a table and two figures."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from mmengine.logging import MessageHub
from prettytable import PrettyTable

from mmda.evaluation.metrics.metric_keys import key_part, name_of

from .figure import COLORS, SMALL, new_figure, save_figure

#: Names of the means, which stand among the classes.
MEANS = ('mean', 'mean_shared', 'mean_of_interest')
#: Scalars of the log that are no loss and no validation.
DIAGNOSTICS = (
    'annotated_fraction',
    'unannotated_answer',
    'above_tau_fraction',
)
# The bootstrap comes first: DeLong's interval takes images as independent.
_KINDS = ('bootstrap', 'delong')
_ENDS = tuple(f'/{kind}_{end}' for kind in _KINDS for end in ('low', 'high'))


def split_metrics(
    metrics: Mapping[str, float], prefix: str
) -> tuple[dict[str, float], dict[str, dict[str, float]]]:
    """Separate the metrics of all images from the metrics of each source.

    Args:
        metrics (Mapping[str, float]): Values by key. Keys are
            ``prefix/class`` and ``prefix/source/class``.
        prefix (str): Only keys with this prefix are used.

    Returns:
        tuple[dict, dict]: Class -> value over all images, and source -> class
        -> value. The means stand among the classes. Intervals are left out.

    Examples:
        >>> split_metrics({'auc/mean': 1., 'auc/A/mean': 2.}, 'auc')
        ({'mean': 1.0}, {'A': {'mean': 2.0}})
    """
    named = {
        key.removeprefix(f'{prefix}/'): value
        for key, value in metrics.items()
        if key.startswith(f'{prefix}/') and not key.endswith(_ENDS)
    }
    named.pop('num_classes', None)
    sources = [k[: -len('/mean')] for k in named if k.endswith('/mean')]
    per_source: dict[str, dict[str, float]] = {}
    for source in sources:
        begin = source + '/'
        per_source[name_of(source)] = {
            name_of(key[len(begin) :]): named.pop(key)
            for key in list(named)
            if key.startswith(begin)
        }
    return {name_of(key): v for key, v in named.items()}, per_source


def split_intervals(
    metrics: Mapping[str, float], prefix: str
) -> dict[str, tuple[float, float]]:
    """Return the intervals among the metrics.

    Args:
        metrics (Mapping[str, float]): Values by key. The keys of intervals
            are ``prefix/class/bootstrap_low`` and so on, or ``delong``. The
            bootstrap is preferred.
        prefix (str): Only keys with this prefix are used.

    Returns:
        dict[str, tuple[float, float]]: ``class`` or ``source/class``, written
        as in the keys, -> both ends. Undefined intervals are left out.

    Examples:
        >>> split_intervals({'auc/a': 2., 'auc/a/delong_low': 1.,
        ...                  'auc/a/delong_high': 3.}, 'auc')
        {'a': (1.0, 3.0)}
    """
    found: dict[str, tuple[float, float]] = {}
    for kind in _KINDS:
        for key, low in metrics.items():
            name = key.removesuffix(f'/{kind}_low')
            if name == key or not key.startswith(prefix + '/'):
                continue
            high = metrics[f'{name}/{kind}_high']
            if not math.isnan(low):
                found.setdefault(name[len(prefix) + 1 :], (low, high))
    return found


def metrics_table(
    metrics: Mapping[str, float], prefix: str, untrained: Sequence[str] = ()
) -> str:
    """Write metrics as a table for the console.

    Args:
        metrics (Mapping[str, float]): See :func:`split_metrics`.
        prefix (str): Only keys with this prefix are used.
        untrained (Sequence[str]): Classes to mark: no training set their
            weights. Defaults to none.

    Returns:
        str: A row for each class and for each mean. NaN is 'n/a'. A class
        that a source does not annotate is '-'.

    Examples:
        >>> print(metrics_table({'auc/mean': 91.25, 'auc/Mass': 91.25}, 'auc'))
        +-------+-------+
        | class |   all |
        +-------+-------+
        | Mass  | 91.25 |
        +-------+-------+
        | mean  | 91.25 |
        +-------+-------+
    """
    overall, per_source = split_metrics(metrics, prefix)
    if len(per_source) == 1:
        per_source = {}  # its values are the values of all images
    heads = ['class', 'all']
    # Prettytable refuses equal heads.
    heads += [f'{s} (source)' if s in heads else s for s in per_source]
    table = PrettyTable(heads)
    table.align = 'r'
    table.align['class'] = 'l'
    intervals = split_intervals(metrics, prefix)
    names = [name for name in overall if name not in MEANS]
    means = [name for name in MEANS if name == 'mean' or name in overall]
    for name in [*names, *means]:
        row = [_cell(overall.get(name), intervals.get(key_part(name)))]
        for source, values in per_source.items():
            interval = intervals.get(f'{key_part(source)}/{key_part(name)}')
            row.append(_cell(values.get(name), interval))
        is_last = bool(names) and name == names[-1]
        if name in untrained:
            row = ['not trained', *row[1:]]
        table.add_row([name, *row], divider=is_last)
    return str(table)


def _cell(value: float | None, interval: tuple[float, float] | None) -> str:
    if value is None:
        return '-'
    if math.isnan(value):
        return 'n/a'
    if interval is None:
        return f'{value:.2f}'
    return f'{value:.2f} [{interval[0]:.2f}, {interval[1]:.2f}]'


def draw_training(hub: MessageHub, monitor: str, path: Path) -> None:
    """Draw the terms of the loss, the diagnostics and the metric over time.

    Args:
        hub (MessageHub): Holds the history of all scalars of the run.
        monitor (str): Validation metric to draw, in %.
        path (Path): PNG to write, with a PDF of the same name.
            The folder is made.
    """
    history = {
        key: scalar.data[0] for key, scalar in sorted(hub.log_scalars.items())
    }
    train = {
        key.removeprefix('train/'): values
        for key, values in history.items()
        if key.startswith('train/')
    }
    # The name of a decode head begins its keys: decode.annotated_fraction
    diagnostics = {
        k: v for k, v in train.items() if k.rpartition('.')[2] in DIAGNOSTICS
    }
    panels = [
        (
            'loss term',
            'iteration',
            {k: v for k, v in train.items() if 'loss_' in k},
        ),
        ('fraction or probability', 'iteration', diagnostics),
        (
            f'{monitor} in %',
            'validation',
            {k[4:]: v for k, v in history.items() if k == f'val/{monitor}'},
        ),
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
            axes.legend(fontsize=SMALL)
    save_figure(figure, path)


def _smooth(values: np.ndarray, points: int = 200) -> tuple:
    """Return positions and means of at most ``points`` equal windows."""
    if len(values) <= points:
        return np.arange(1, len(values) + 1), values
    windows = np.array_split(values, points)
    ends = np.cumsum([len(window) for window in windows])
    return ends, np.array([np.nanmean(window) for window in windows])


def draw_auc(metrics: Mapping[str, float], prefix: str, path: Path) -> None:
    """Draw the metric of each class, over all images and for each source.

    Args:
        metrics (Mapping[str, float]): See :func:`split_metrics`, in %.
        prefix (str): Only keys with this prefix are used.
        path (Path): PNG to write, with a PDF of the same name.
            The folder is made.
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
        if key_part(name) in intervals:
            ends = intervals[key_part(name)]
            axes.plot(ends, [row] * 2, color=COLORS[0])
    axes.set_yticks(rows, names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_xlabel(f'{prefix} in %')
    axes.grid(axis='x', alpha=0.3)
    figure.legend(loc='outside upper center', ncols=2, fontsize=SMALL)
    save_figure(figure, path)
