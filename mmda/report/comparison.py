"""Two models on the same images: gains per class, with tests."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np

from mmda.evaluation.functional import (
    bootstrap_p_value,
    delong_paired,
    holm,
    mean_of_defined,
    number_clusters,
    per_group,
    percentile_interval,
    ranked_auc,
    resample,
    why_undefined,
)

from .predictions import Predictions, match_predictions

NAN = float('nan')


@dataclass
class Test:
    """One test of "no difference".

    Attributes:
        low (float): Lower end of the 95 % interval of the gain, in points.
        high (float): Upper end of the interval.
        p (float): Two-sided p-value; NaN where there was no test.
        p_holm (float): p-value after Holm's correction over the classes; NaN
            where there was no correction.
    """

    # pytest must not collect this class as a test case.
    __test__ = False

    low: float = NAN
    high: float = NAN
    p: float = NAN
    p_holm: float = NAN


@dataclass
class Row:
    """The comparison of one class, or of the mean over the classes.

    Attributes:
        name (str): Class, or 'mean'.
        positives (int): Annotated positives; 0 for the mean.
        negatives (int): Annotated negatives; 0 for the mean.
        auc_a (float): AUC of the first model in %, mean over its seeds.
        auc_b (float): AUC of the second model in %, mean over its seeds.
        sd_a (float): Standard deviation of the first model over its seeds;
            NaN with one seed.
        sd_b (float): Standard deviation of the second model over its seeds.
        delong (Test): DeLong's paired test with the first seed of each model.
        bootstrap (Test): Paired bootstrap of patients with the first seed of
            each model.
        seeds (Test): Independent two-sample t-test over the seeds.
        note (str): Why a value is undefined, or ''.
    """

    name: str
    positives: int = 0
    negatives: int = 0
    auc_a: float = NAN
    auc_b: float = NAN
    sd_a: float = NAN
    sd_b: float = NAN
    delong: Test = field(default_factory=Test)
    bootstrap: Test = field(default_factory=Test)
    seeds: Test = field(default_factory=Test)
    note: str = ''

    @property
    def gain(self) -> float:
        """float: ``auc_b - auc_a``, in points."""
        return self.auc_b - self.auc_a


@dataclass
class Comparison:
    """All rows of a comparison.

    Attributes:
        rows (list[Row]): The classes in their order, and the mean last.
        num_images (int): Images that both models tested.
        num_patients (int): Groups that the bootstrap draws: patients, and
            images whose patient is unknown.
        num_seeds (tuple[int, int]): Seeds of the first and second model.
        resamples (int): Resamples of the bootstrap.
        named (bool): False if the names of the classes are their indices.
        patients_known (bool): Whether any image has a patient.
    """

    rows: list[Row]
    num_images: int
    num_patients: int
    num_seeds: tuple[int, int]
    resamples: int
    named: bool = True
    patients_known: bool = True


def compare(
    first: Sequence[Predictions],
    second: Sequence[Predictions],
    resamples: int = 2000,
    seed: int = 0,
    progress: Callable[[int], object] | None = None,
) -> Comparison:
    """Compare two models class by class.

    Args:
        first (Sequence[Predictions]): Predictions of the first model, one for
            each seed.
        second (Sequence[Predictions]): Predictions of the second model on the
            same images.
        resamples (int): Resamples of the paired bootstrap; 0 for none.
            Defaults to 2000.
        seed (int): Seed of the bootstrap. Defaults to 0.
        progress (Callable, optional): Called with the number of resamples
            that are done since the last call.

    Returns:
        Comparison: Undefined values are NaN, and a note says why.

    Raises:
        ValueError: If the files do not hold the same images, or if two files
            of one model hold the same scores.
    """
    reference = first[0]
    matched = [
        match_predictions(reference, other) for other in [*first[1:], *second]
    ]
    runs_a = [reference, *matched[: len(first) - 1]]
    runs_b = matched[len(first) - 1 :]
    for a, b in [*combinations(runs_a, 2), *combinations(runs_b, 2)]:
        if np.array_equal(a.score, b.score, equal_nan=True):
            raise ValueError(
                f'{a.name} and {b.name} hold the same scores: expected one '
                'file per seed'
            )
    # An entry counts if every file annotates it.
    target = reference.target + 0 * sum(run.target for run in matched)
    auc_a, auc_b = (
        100
        * np.concatenate(
            [per_group(ranked_auc, r.score, target) for r in runs]
        )
        for runs in (runs_a, runs_b)
    )
    # The means of all runs are over the same classes.
    common = ~np.isnan(np.concatenate([auc_a, auc_b])).any(axis=0)
    rows = [
        _class_row(index, name, reference, runs_b[0], target)
        for index, name in enumerate(reference.classes)
    ]
    rows.append(Row('mean'))
    columns = (_with_mean(auc, common).T for auc in (auc_a, auc_b))
    for row, a, b in zip(rows, *columns, strict=True):
        row.auc_a, row.auc_b = float(a.mean()), float(b.mean())
        row.sd_a, row.sd_b = _deviation(a), _deviation(b)
        row.seeds = seed_test(a, b)
        if not row.note and math.isnan(row.gain):
            row.note = 'NaN in the scores'
    left_out = [r.name for r in rows[:-1] if r.note == 'NaN in the scores']
    if left_out:
        rows[-1].note = f'without {", ".join(left_out)} (NaN in the scores)'
    clusters = number_clusters([*reference.patients], [*reference.sources])
    if resamples:
        scores = np.stack([reference.score, runs_b[0].score])
        values = 100 * resample(
            'auc', scores, target, clusters, resamples, seed, progress
        )
        # Two models with one ranking differ by rounding errors only.
        gains = np.round(values[:, 1] - values[:, 0], 9)
        _add_bootstrap(rows, _with_mean(gains, common))
    for kind in ('delong', 'bootstrap', 'seeds'):
        # Holm's correction is over the classes. The mean is one test.
        correct([getattr(row, kind) for row in rows[:-1]])
    return Comparison(
        rows,
        len(reference),
        len(np.unique(clusters)),
        (len(runs_a), len(runs_b)),
        resamples,
        reference.named,
        any(patient is not None for patient in reference.patients),
    )


def correct(tests: Sequence[Test]) -> None:
    """Set Holm's p-value of each test of a family.

    Args:
        tests (Sequence[Test]): The family. Tests without a p-value do not
            count.
    """
    adjusted = holm(np.array([test.p for test in tests]))
    for test, p in zip(tests, adjusted, strict=True):
        test.p_holm = float(p)


def seed_test(first: np.ndarray, second: np.ndarray) -> Test:
    """Compare two models over their seeds, as the paper does.

    Args:
        first (ndarray): (S,), values of the first model, one for each seed.
        second (ndarray): (T,), values of the second model.

    Returns:
        Test: Student's independent two-sample t-test. It is NaN with fewer
        than two seeds of a model, with a NaN value, or if all values of each
        model are equal.

    Examples:
        >>> round(seed_test(np.array([70., 71]), np.array([73., 74])).p, 4)
        0.0513
    """
    from scipy.stats import ttest_ind

    if min(len(first), len(second)) < 2:
        return Test()
    if np.isnan([*first, *second]).any():
        return Test()
    if np.ptp(first) == 0 and np.ptp(second) == 0:
        return Test()
    result = ttest_ind(second, first)
    low, high = result.confidence_interval(0.95)
    return Test(float(low), float(high), float(result.pvalue))


def _class_row(
    index: int, name: str, a: Predictions, b: Predictions, target: np.ndarray
) -> Row:
    column = target[:, index]
    rows = ~np.isnan(column)
    positives = int((column[rows] > 0.5).sum())
    row = Row(name, positives, int(rows.sum()) - positives)
    row.note = why_undefined(column)
    if row.note:
        return row
    found = delong_paired(
        a.score[rows, index], b.score[rows, index], column[rows]
    )
    row.delong = Test(100 * found.low, 100 * found.high, found.p_value)
    if math.isnan(found.auc_a):
        row.note = 'NaN in the scores'
    elif math.isnan(found.se):
        row.note = 'DeLong needs two positives and two negatives'
    return row


def _add_bootstrap(rows: list[Row], gains: np.ndarray) -> None:
    lows, highs = percentile_interval(gains)
    p_values = bootstrap_p_value(gains)
    for row, low, high, p in zip(rows, lows, highs, p_values, strict=True):
        row.bootstrap = Test(float(low), float(high), float(p))
        if low == high:
            # An interval of length 0 would claim an exactly known gain.
            row.bootstrap.low = row.bootstrap.high = NAN
            row.note = row.note or (
                'no bootstrap interval, all resamples give the same gain'
            )


def _with_mean(values: np.ndarray, common: np.ndarray) -> np.ndarray:
    """Append the mean over the common classes, (R, C) -> (R, C + 1)."""
    return np.column_stack([values, mean_of_defined(values[:, common])])


def _deviation(values: np.ndarray) -> float:
    return float(values.std(ddof=1)) if len(values) > 1 else NAN
