"""Metrics of a run as a table: classes in rows, sources in columns."""

from __future__ import annotations

import math
from collections.abc import Mapping

from prettytable import PrettyTable

#: Names of the means among the classes of a table.
MEANS = ('mean', 'mean_shared', 'mean_of_interest')
# The bootstrap by patient first: DeLong's interval is for independent images.
_KINDS = ('bootstrap', 'delong')
_ENDS = ('low', 'high')


def split_metrics(
    metrics: Mapping[str, float], prefix: str
) -> tuple[dict[str, float], dict[str, dict[str, float]]]:
    """Part the flat metrics into those of all images and of each source.

    Args:
        metrics (Mapping[str, float]): Keys ``prefix/class`` and
            ``prefix/source/class``.
        prefix (str): Prefix of the keys to use.

    Returns:
        tuple[dict, dict]: Class -> value over all images, and source -> class
        -> value; 'mean' stands among the classes. Intervals are left out.

    Examples:
        >>> split_metrics({'auc/mean': 1., 'auc/A/mean': 2.}, 'auc')
        ({'mean': 1.0}, {'A': {'mean': 2.0}})
    """
    start = prefix + '/'
    ends = tuple(f'/{kind}_{end}' for kind in _KINDS for end in _ENDS)
    named = {
        key[len(start) :]: value
        for key, value in metrics.items()
        if key.startswith(start) and not key.endswith(ends)
    }
    sources = [k[: -len('/mean')] for k in named if k.endswith('/mean')]
    per_source: dict[str, dict[str, float]] = {}
    for source in sources:
        begin = source + '/'
        per_source[source] = {
            key[len(begin) :]: named.pop(key)
            for key in list(named)
            if key.startswith(begin)
        }
    named.pop('num_classes', None)
    return named, per_source


def split_intervals(
    metrics: Mapping[str, float], prefix: str
) -> dict[str, tuple[float, float]]:
    """Pick the intervals out of the flat metrics.

    Args:
        metrics (Mapping[str, float]): Keys ``prefix/class/delong_low`` and so
            on, or ``bootstrap``, which is preferred where both are there.
        prefix (str): Prefix of the keys to use.

    Returns:
        dict[str, tuple[float, float]]: ``class``, or ``source/class`` -> both
        ends. Undefined intervals are left out.

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


def metrics_table(metrics: Mapping[str, float], prefix: str) -> str:
    """Write metrics as a table for the console.

    Args:
        metrics (Mapping[str, float]): See :func:`split_metrics`.
        prefix (str): Prefix of the keys to use.

    Returns:
        str: One row per class and one of the means; 'n/a' for NaN, '-' for a
        class that a source does not annotate.

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
        per_source = {}  # the same numbers again
    table = PrettyTable(['class', 'all', *per_source])
    table.align = 'r'
    table.align['class'] = 'l'
    intervals = split_intervals(metrics, prefix)
    names = [name for name in overall if name not in MEANS]
    means = [name for name in MEANS if name == 'mean' or name in overall]
    for name in [*names, *means]:
        row = [_cell(overall.get(name), intervals.get(name))]
        for source, values in per_source.items():
            interval = intervals.get(f'{source}/{name}')
            row.append(_cell(values.get(name), interval))
        is_last = bool(names) and name == names[-1]
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
