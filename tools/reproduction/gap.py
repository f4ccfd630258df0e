"""How much of the gap between partial and full labels a training closes."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from scipy.stats import t as student

from .summary import Summary, paired_seed_test
from .table import Panel, Place


@dataclass(frozen=True)
class ClosedGap:
    """A gap between two trainings, and how much of it a third one closes.

    Attributes:
        part (str): Name of the panel.
        title (str): Title of the panel.
        name (str): Name of the gap in the panel.
        column (str): The metric, or the number of images.
        seeds (int): Number of seeds that all three trainings have.
        gap (float): Mean of the upper end minus the mean of the lower end, in
            points.
        gain (float): Mean of the training minus the mean of the lower end, in
            points.
        p (float): p-value of the paired t-test of the gain. NaN if there was
            no test.
        closed (float): Gain in % of the gap. NaN if the gap is not
            significant.
        low (float): Lower end of the 95 % interval of ``closed``.
        high (float): Upper end of the interval.
    """

    part: str
    title: str
    name: str
    column: str
    seeds: int
    gap: float
    gain: float
    p: float
    closed: float
    low: float
    high: float


def closed_part(
    ours: Sequence[float], lower: Sequence[float], upper: Sequence[float]
) -> tuple[float, float, float]:
    r"""Return the closed part of a gap, with Fieller's interval.

    .. math:: 100 \cdot (ours - lower) / (upper - lower)

    of the means over the seeds. The interval holds each part r for which the
    paired t-test of gain and r times gap is not significant at 5 %. So it
    holds 0 if and only if the gain is not significant. A bootstrap of few
    seeds gives too short intervals: with three seeds, its 95 % interval is
    the range of the three parts.

    Source: Fieller, "Some problems in interval estimation", Journal of the
    Royal Statistical Society B 16 (1954).

    Args:
        ours (Sequence[float]): A value of each seed.
        lower (Sequence[float]): A value of each seed.
        upper (Sequence[float]): A value of each seed.

    Returns:
        tuple[float, float, float]: The part in %, and the ends of its 95 %
        interval. All are NaN if the gap is not significantly above 0. With
        one seed, the ends are NaN.

    Examples:
        >>> ours, lower, upper = [89, 90, 89], [88, 88, 87], [90, 91, 90]
        >>> [round(value, 1) for value in closed_part(ours, lower, upper)]
        [62.5, 18.9, 75.6]
        >>> closed_part([89., 90.], [88., 91.], [90., 90.])
        (nan, nan, nan)
    """
    gains, gaps = np.subtract(ours, lower), np.subtract(upper, lower)
    gain, gap, number = gains.mean(), gaps.mean(), len(gaps)
    nothing = math.nan, math.nan, math.nan
    if not gap > 0:
        return nothing
    closed = float(100 * gain / gap)
    if number == 1:
        return closed, math.nan, math.nan
    # The parts r with (gain - r gap)^2 <= t^2 var(gains - r gaps) / number,
    # which is square r^2 - 2 linear r + constant <= 0.
    spread = student.ppf(0.975, number - 1) ** 2 / number
    of_gain, of_both, _, of_gap = (spread * np.cov(gains, gaps)).flat
    square = gap**2 - of_gap
    if not square > 0:
        return nothing
    linear, constant = gain * gap - of_both, gain**2 - of_gain
    width = math.sqrt(max(linear**2 - square * constant, 0))
    return (
        closed,
        float(100 * (linear - width) / square),
        float(100 * (linear + width) / square),
    )


def closed_gaps(
    panel: Panel, cells: Mapping[Place, Summary]
) -> list[ClosedGap]:
    """Measure the gaps that a panel declares.

    Args:
        panel (Panel): The panel.
        cells (Mapping): Its cells.

    Returns:
        list[ClosedGap]: One for each declared gap and each metric that sums
        up classes. A gap is left out if no seed has all three trainings, or
        if the paper has a dash for one of them.
    """
    found = []
    for name, trainings in panel.gaps.items():
        for metric, column in enumerate(panel.metrics):
            places = [panel.place(t, metric) for t in trainings]
            shown = [panel.cells.get(place) for place in places]
            if not all(cell and cell.metric.is_summary for cell in shown):
                continue
            values = [cells[place].values for place in places]
            seeds = sorted(set(values[0]) & set(values[1]) & set(values[2]))
            if seeds:
                ours, lower, upper = ([v[s] for s in seeds] for v in values)
                found.append(
                    ClosedGap(
                        panel.name,
                        panel.title,
                        name,
                        column,
                        len(seeds),
                        float(np.mean(upper) - np.mean(lower)),
                        float(np.mean(ours) - np.mean(lower)),
                        paired_seed_test(lower, ours).p,
                        *closed_part(ours, lower, upper),
                    )
                )
    return found


def gaps_to_csv(gaps: Sequence[ClosedGap]) -> str:
    """Write gaps as CSV.

    Args:
        gaps (Sequence[ClosedGap]): The gaps, at least one.

    Returns:
        str: A header, and a line for each gap. NaN is empty.
    """
    text = io.StringIO()
    lines = [asdict(gap) for gap in gaps]
    writer = csv.DictWriter(text, list(lines[0]), lineterminator='\n')
    writer.writeheader()
    for line in lines:
        writer.writerow({k: '' if v != v else v for k, v in line.items()})
    return text.getvalue()
