"""The cells of a panel over seeds: mean, spread, tests."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.stats import ttest_rel

from mmda.evaluation.functional import holm
from mmda.report.comparison import Test, seed_test

from .result import Result
from .table import Cell, Metric, Panel

#: Results by the recipe's key, then by seed.
Results = Mapping[tuple[str, str], Mapping[int, Result]]
LEVEL = 0.05


@dataclass
class Summary:
    """What we have for a cell.

    Attributes:
        values (dict[int, float]): Seed -> value in %; neither diverged seeds
            nor undefined values.
        left_out (dict[int, str]): Seed -> why it is not in ``values``.
        gain (float): Over the cell it is compared with, in points; NaN
            without one.
        paper_gain (float): The same in the paper.
        independent (Test): Independent two-sample t-test, as in the paper.
        paired (Test): Paired t-test over the seeds that both have.
    """

    values: dict[int, float] = field(default_factory=dict)
    left_out: dict[int, str] = field(default_factory=dict)
    gain: float = math.nan
    paper_gain: float = math.nan
    independent: Test = field(default_factory=Test)
    paired: Test = field(default_factory=Test)

    @property
    def mean(self) -> float:
        """float: Over the seeds; NaN without any."""
        return float(np.mean([*self.values.values()] or [math.nan]))

    @property
    def deviation(self) -> float:
        """float: Standard deviation (n - 1); NaN with fewer than two."""
        if len(self.values) < 2:
            return math.nan
        return float(np.std([*self.values.values()], ddof=1))

    @property
    def significant(self) -> bool:
        """bool: By the paper's test at 5 %, classes corrected by Holm."""
        p = self.independent.p_holm
        return (self.independent.p if math.isnan(p) else p) < LEVEL


def summarise(
    panel: Panel, results: Results
) -> dict[tuple[int, int], Summary]:
    """Summarise the cells of a panel.

    Args:
        panel (Panel): The panel.
        results (Mapping): Recipe's key -> seed -> result.

    Returns:
        dict[tuple[int, int], Summary]: By row and column.
    """
    found = {
        place: _collect(cell, results) for place, cell in panel.cells.items()
    }
    for place, cell in panel.cells.items():
        if cell.against is not None:
            base = panel.cells[cell.against]
            _compare(found[cell.against], found[place])
            if cell.paper is not None and base.paper is not None:
                found[place].paper_gain = cell.paper - base.paper
    _correct(panel, found)
    return found


def value_of(metric: Metric, metrics: Mapping[str, float]) -> float:
    """Take a value out of the metrics of a test.

    Args:
        metric (Metric): What is wanted.
        metrics (Mapping[str, float]): Of the test.

    Returns:
        float: NaN if one of the values is.

    Raises:
        ValueError: If the test has no such metric.

    Examples:
        >>> value_of(Metric(('a', 'b'), 'min'), dict(a=90., b=80.))
        80.0
    """
    missing = [key for key in metric.keys if key not in metrics]
    if missing:
        raise ValueError(
            f'the test gives no {", ".join(missing)}: found '
            f'{", ".join(sorted(metrics)[:12])}'
        )
    values = np.array([metrics[key] for key in metric.keys])
    return float(values.min() if metric.reduce == 'min' else values.mean())


def _collect(cell: Cell, results: Results) -> Summary:
    summary = Summary()
    if cell.recipe is None:
        return summary
    for seed, result in sorted(results.get(cell.recipe.key, {}).items()):
        if result.diverged:
            summary.left_out[seed] = f'diverged: {result.diverged}'
            continue
        value = value_of(cell.metric, result.metrics)
        if math.isnan(value):
            summary.left_out[seed] = 'the metric is undefined (NaN)'
        else:
            summary.values[seed] = value
    return summary


def _compare(base: Summary, ours: Summary) -> None:
    ours.gain = ours.mean - base.mean
    ours.independent = seed_test(
        np.array([*base.values.values()]), np.array([*ours.values.values()])
    )
    common = [seed for seed in ours.values if seed in base.values]
    ours.paired = paired_seed_test(
        [base.values[seed] for seed in common],
        [ours.values[seed] for seed in common],
    )


def paired_seed_test(first: Sequence[float], second: Sequence[float]) -> Test:
    """Compare two trainings over the seeds that both have.

    A seed decides the draw of the images, the same for both, so that much of
    the spread cancels.

    Args:
        first (Sequence[float]): Values of the first training, by seed.
        second (Sequence[float]): Values of the second, of the same seeds.

    Returns:
        Test: Student's paired t-test; NaN with fewer than two seeds, or if
        all differences are equal.

    Examples:
        >>> round(paired_seed_test([70., 71, 74], [73., 74.5, 76]).p, 4)
        0.0234
    """
    gains = np.subtract(second, first)
    if len(gains) < 2 or np.ptp(gains) < 1e-9:
        return Test()
    result = ttest_rel(second, first)
    interval = result.confidence_interval(0.95)
    return Test(
        float(interval.low), float(interval.high), float(result.pvalue)
    )


def _correct(panel: Panel, found: Mapping[tuple[int, int], Summary]) -> None:
    """Correct over the classes of each pair of trainings; means are alone."""
    families: dict[tuple, list[Summary]] = {}
    for place, cell in panel.cells.items():
        if cell.against is None or cell.metric.is_summary:
            continue
        base = panel.cells[cell.against].recipe
        if cell.recipe is not None and base is not None:
            key = (cell.recipe.key, base.key)
            families.setdefault(key, []).append(found[place])
    for family in families.values():
        for kind in ('independent', 'paired'):
            tests = [getattr(summary, kind) for summary in family]
            adjusted = holm(np.array([test.p for test in tests]))
            for test, p in zip(tests, adjusted, strict=True):
                test.p_holm = float(p)
