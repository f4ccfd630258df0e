"""The result of one run as a table."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from mmda.evaluation.metrics.metric_keys import key_part, name_of

#: Names of the means, which stand among the classes.
MEANS = ('mean', 'mean_shared', 'mean_of_interest')
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
        -> value. The means stand among the classes. Intervals and groups are
        left out.

    Examples:
        >>> split_metrics({'auc/mean': 1., 'auc/A/mean': 2.}, 'auc')
        ({'mean': 1.0}, {'A': {'mean': 2.0}})
    """
    named = {
        key.removeprefix(f'{prefix}/'): value
        for key, value in metrics.items()
        if key.startswith(f'{prefix}/') and not key.endswith(_ENDS)
    }
    named = {k: v for k, v in named.items() if k.count('/') < 2}
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


def split_groups(
    metrics: Mapping[str, float], prefix: str
) -> dict[str, dict[str, dict[str, float]]]:
    """Find the values of groups of images, such as women and men.

    Args:
        metrics (Mapping[str, float]): Values by key. Keys are
            ``prefix/grouping/group/class``. The largest gap between groups is
            ``prefix/gap/grouping/class``.
        prefix (str): Only keys with this prefix are used.

    Returns:
        dict[str, dict[str, dict[str, float]]]: Grouping -> group -> class ->
        value. ``gap`` and ``num_images`` are left out.

    Examples:
        >>> split_groups({'auc/a': 1., 'auc/sex/F/a': 2.}, 'auc')
        {'sex': {'F': {'a': 2.0}}}
    """
    found: dict[str, dict[str, dict[str, float]]] = {}
    for key, value in metrics.items():
        start, *parts = key.split('/')
        if start != prefix or len(parts) != 3 or key.endswith(_ENDS):
            continue
        grouping, group, name = map(name_of, parts)
        if grouping not in ('gap', 'num_images'):
            groups = found.setdefault(grouping, {})
            groups.setdefault(group, {})[name] = value
    return found


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
    from prettytable import PrettyTable  # not at `import mmda`

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
        row = [value_text(overall.get(name), intervals.get(key_part(name)))]
        for source, values in per_source.items():
            interval = intervals.get(f'{key_part(source)}/{key_part(name)}')
            row.append(value_text(values.get(name), interval))
        is_last = bool(names) and name == names[-1]
        if name in untrained:
            row = ['not trained', *row[1:]]
        table.add_row([name, *row], divider=is_last)
    return str(table)


def value_text(
    value: float | None, interval: tuple[float, float] | None
) -> str:
    """Write a value with its interval.

    Args:
        value (float, optional): In %.
        interval (tuple[float, float], optional): Both ends, in %.

    Returns:
        str: '-' without a value, 'n/a' for NaN.

    Examples:
        >>> value_text(82, (78, 86)), value_text(math.nan, None)
        ('82.00 [78.00, 86.00]', 'n/a')
    """
    if value is None:
        return '-'
    if math.isnan(value):
        return 'n/a'
    if interval is None:
        return f'{value:.2f}'
    return f'{value:.2f} [{interval[0]:.2f}, {interval[1]:.2f}]'
