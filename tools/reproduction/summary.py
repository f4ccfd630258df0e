"""The cells of a panel over seeds: mean, spread, tests."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.stats import ttest_rel

from mmda.report.comparison import Test, correct, seed_test

from .result import Result
from .table import Cell, Metric, Panel, Place

#: Key of a recipe -> seed -> result.
Results = Mapping[tuple[str, str], Mapping[int, Result]]
LEVEL = 0.05


@dataclass
class Summary:
    """What the seeds say about a cell.

    Attributes:
        values (dict[int, float]): Seed -> value in %. It holds neither
            diverged seeds nor undefined values.
        left_out (dict[int, str]): Seed -> why ``values`` does not hold it.
        gain (float): Mean of the cell minus the mean of the cell that it is
            compared with, in points. NaN without such a cell.
        paper_gain (float): The gain in the paper. NaN where the paper lacks
            one of the two values.
        independent (Test): Independent two-sample t-test, as in the paper.
        paired (Test): Paired t-test over the seeds that both cells have.
    """

    values: dict[int, float] = field(default_factory=dict)
    left_out: dict[int, str] = field(default_factory=dict)
    gain: float = math.nan
    paper_gain: float = math.nan
    independent: Test = field(default_factory=Test)
    paired: Test = field(default_factory=Test)

    @property
    def mean(self) -> float:
        """float: Mean over the seeds. NaN without any seed."""
        return float(np.mean([*self.values.values()] or [math.nan]))

    @property
    def deviation(self) -> float:
        """float: Standard deviation (n - 1). NaN with fewer than two seeds."""
        if len(self.values) < 2:
            return math.nan
        return float(np.std([*self.values.values()], ddof=1))

    @property
    def significant(self) -> bool:
        """bool: Whether the independent test is significant at 5 %.

        The p-value of a single class is the one after Holm's correction.
        """
        p = self.independent.p_holm
        return (self.independent.p if math.isnan(p) else p) < LEVEL


def summarise(panel: Panel, results: Results) -> dict[Place, Summary]:
    """Summarise the cells of a panel.

    Args:
        panel (Panel): The panel.
        results (Mapping): Key of a recipe -> seed -> result.

    Returns:
        dict[tuple[int, int], Summary]: The summaries by row and column.
    """
    found = {
        place: _collect(cell, results) for place, cell in panel.cells.items()
    }
    # Holm's correction is over the classes of one pair of trainings. A mean
    # over classes is a single test.
    families: dict[tuple, list[Summary]] = defaultdict(list)
    for place, cell in panel.cells.items():
        if cell.against is None:
            continue
        base = panel.cells[cell.against]
        _compare(found[cell.against], found[place])
        if cell.paper is not None and base.paper is not None:
            found[place].paper_gain = cell.paper - base.paper
        if cell.recipe and base.recipe and not cell.metric.is_summary:
            families[cell.recipe.key, base.recipe.key].append(found[place])
    for family in families.values():
        correct([s.independent for s in family])
        correct([s.paired for s in family])
    return found


def value_of(metric: Metric, metrics: Mapping[str, float]) -> float:
    """Take the value of a cell out of the metrics of a test.

    Args:
        metric (Metric): The value that the cell shows.
        metrics (Mapping[str, float]): The metrics of the test.

    Returns:
        float: The value. NaN if one of its metrics is NaN.

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

    With one seed, both trainings draw the same images. The test removes the
    spread that this draw causes.

    Args:
        first (Sequence[float]): Values of the first training, by seed.
        second (Sequence[float]): Values of the second training, by the same
            seeds.

    Returns:
        Test: Student's paired t-test. NaN with fewer than two seeds, or if
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
