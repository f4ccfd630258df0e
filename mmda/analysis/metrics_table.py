"""Metrics of a run as a table: classes in rows, sources in columns."""

from __future__ import annotations

import math
from collections.abc import Mapping

from prettytable import PrettyTable


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
        -> value; 'mean' stands among the classes.

    Examples:
        >>> split_metrics({'auc/mean': 1., 'auc/A/mean': 2.}, 'auc')
        ({'mean': 1.0}, {'A': {'mean': 2.0}})
    """
    start = prefix + '/'
    named = {k[len(start) :]: v for k, v in metrics.items() if start in k}
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
    table = PrettyTable(['class', 'all', *per_source])
    table.align = 'r'
    table.align['class'] = 'l'
    names = [name for name in overall if name != 'mean']
    for name in [*names, 'mean']:
        row = [overall.get(name)]
        row += [values.get(name) for values in per_source.values()]
        is_last = bool(names) and name == names[-1]
        table.add_row([name, *map(_cell, row)], divider=is_last)
    return str(table)


def _cell(value: float | None) -> str:
    if value is None:
        return '-'
    return 'n/a' if math.isnan(value) else f'{value:.2f}'
