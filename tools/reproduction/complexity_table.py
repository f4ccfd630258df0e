"""What models cost, as a table and as plain values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from mmda.report.comparison_report import markdown_row

from .complexity import Cost

_HEADER = (
    'model',
    'parameters',
    'multiply-adds / image',
    'views',
    'step',
    'passes / epoch',
    'epoch / first',
)


def complexity_markdown(costs: Sequence[Cost]) -> str:
    """Write the costs of models as a Markdown table.

    Args:
        costs (Sequence[Cost]): The first is what the epochs are compared
            with.

    Returns:
        str: A row per model; '-' where a model was not trained.

    Examples:
        >>> print(complexity_markdown([Cost('a', 6974756, 2864952832)]))
        | model | parameters | multiply-adds / image | views | step | ...
        |---|---:|---:|---:|---:|---:|---:|
        | a | 6.97 M (6,974,756) | 2.865 G | 1 | - | 1 | - |
    """
    lines = [
        markdown_row(_HEADER),
        '|---|' + '---:|' * (len(_HEADER) - 1),
    ]
    for cost, ratio in zip(costs, epoch_ratios(costs), strict=True):
        cells = (
            cost.name,
            f'{_short(cost.parameters, 2)} ({cost.parameters:,})',
            _short(cost.multiply_adds, 3),
            str(cost.views),
            _or_dash(cost.step_seconds, '{:.3f} s'),
            str(cost.passes),
            _or_dash(ratio, '{:.2f}'),
        )
        lines.append(markdown_row(cells))
    return '\n'.join(lines)


def complexity_json(costs: Sequence[Cost], **setting: Any) -> dict[str, Any]:
    """Return the costs as plain values.

    Args:
        costs (Sequence[Cost]): See :func:`complexity_markdown`.
        **setting: What was measured on, such as ``batch_size``.

    Returns:
        dict: ``setting`` and ``models``.
    """
    models = [
        {**asdict(cost), 'epoch_ratio': ratio}
        for cost, ratio in zip(costs, epoch_ratios(costs), strict=True)
    ]
    return dict(setting=setting, models=models)


def epoch_ratios(costs: Sequence[Cost]) -> list[float | None]:
    """Compare the time in which each question is asked once.

    Args:
        costs (Sequence[Cost]): The first is the unit.

    Returns:
        list[float | None]: Time over the first's; None where one of both was
        not trained.

    Examples:
        >>> epoch_ratios([Cost('a', 1, 1, step_seconds=2.0),
        ...               Cost('b', 1, 1, step_seconds=1.0, passes=7)])
        [1.0, 3.5]
    """
    unit = costs[0].epoch_seconds
    return [
        cost.epoch_seconds / unit
        if unit is not None and cost.epoch_seconds is not None
        else None
        for cost in costs
    ]


def _short(number: int, digits: int) -> str:
    for unit, letter in ((1e9, 'G'), (1e6, 'M'), (1e3, 'k')):
        if number >= unit:
            return f'{number / unit:.{digits}f} {letter}'
    return str(number)


def _or_dash(value: float | None, form: str) -> str:
    return '-' if value is None else form.format(value)
