"""How much of the gap between partial and full labels a training closes."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from mmda.evaluation.functional import percentile_interval

from .summary import Summary, paired_seed_test
from .table import Panel, Place

RESAMPLES = 10_000


@dataclass(frozen=True)
class ClosedGap:
    """A gap between two trainings, and how much of it a third one closes.

    Attributes:
        part (str): Name of the panel.
        name (str): Name of the gap in the panel.
        column (str): The metric, or the number of images.
        seeds (int): Number of seeds that all three trainings have.
        gap (float): Mean of the upper end minus the mean of the lower end, in
            points.
        gain (float): Mean of the training minus the mean of the lower end, in
            points.
        p (float): p-value of the paired t-test of the gain. NaN if there was
            no test.
        closed (float): Gain in % of the gap. NaN if the seeds show no gap.
        low (float): Lower end of the 95 % interval of ``closed``.
        high (float): Upper end of the interval.
    """

    part: str
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
    r"""Return the closed part of a gap, with a bootstrap interval.

    .. math:: 100 \cdot (ours - lower) / (upper - lower)

    of the means over the seeds. The bootstrap draws seeds. It keeps the three
    values of a seed together, because they have the same images.

    Args:
        ours (Sequence[float]): A value of each seed.
        lower (Sequence[float]): A value of each seed.
        upper (Sequence[float]): A value of each seed.

    Returns:
        tuple[float, float, float]: The part in %, and the ends of its 95 %
        interval. All are NaN if the 95 % interval of the gap reaches down to
        0: there is nothing to close. With one seed, the ends are NaN.

    Examples:
        >>> closed_part([89., 90.], [88., 88.], [90., 91.])
        (60.0, 50.0, 66.66666666666667)
        >>> closed_part([89., 90.], [88., 91.], [90., 90.])
        (nan, nan, nan)
    """
    values = np.array([ours, lower, upper], dtype=float)
    number = values.shape[1]
    generator = np.random.default_rng(0)
    drawn = generator.integers(number, size=(RESAMPLES, number))
    means = values[:, drawn].mean(axis=2)  # (3, seeds) -> (3, R)
    gaps = means[2] - means[1]
    if not percentile_interval(gaps)[0] > 0:
        return math.nan, math.nan, math.nan
    ours_mean, lower_mean, upper_mean = values.mean(axis=1)
    closed = float(100 * (ours_mean - lower_mean) / (upper_mean - lower_mean))
    if number == 1:
        return closed, math.nan, math.nan
    gaps[gaps <= 0] = math.nan  # a few resamples without a gap
    low, high = percentile_interval(100 * (means[0] - means[1]) / gaps)
    return closed, float(low), float(high)


def closed_gaps(
    panel: Panel, cells: Mapping[Place, Summary]
) -> list[ClosedGap]:
    """Measure the gaps that a panel declares.

    Args:
        panel (Panel): The panel.
        cells (Mapping): Its cells.

    Returns:
        list[ClosedGap]: One for each declared gap and each metric that sums
        up classes. A gap without a seed that all three trainings have is left
        out.
    """
    found = []
    for name, trainings in panel.gaps.items():
        for metric, column in enumerate(panel.metrics):
            places = [panel.place(t, metric) for t in trainings]
            if not panel.cells[places[0]].metric.is_summary:
                continue
            values = [cells[place].values for place in places]
            seeds = sorted(set(values[0]) & set(values[1]) & set(values[2]))
            if seeds:
                ours, lower, upper = ([v[s] for s in seeds] for v in values)
                found.append(
                    ClosedGap(
                        panel.name,
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
