"""Two models on the same images: per class, with tests that hold."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np
from scipy.stats import ttest_ind

from mmda.evaluation.functional import (
    binary_auc,
    bootstrap_p_value,
    delong_paired,
    holm,
    mean_of_defined,
    number_clusters,
    per_class,
    percentile_interval,
    resample,
    why_undefined,
)

from .predictions import Predictions, match_predictions

NAN = float('nan')


@dataclass
class Test:
    """One test of "no difference".

    Attributes:
        low (float): Lower end of the gain's 95 % interval, in points.
        high (float): Upper end.
        p (float): p-value; NaN where there was no test.
        p_holm (float): The same after Holm's correction over the classes.
    """

    # Not a test case, whatever pytest thinks of its name.
    __test__ = False

    low: float = NAN
    high: float = NAN
    p: float = NAN
    p_holm: float = NAN


@dataclass
class Row:
    """Comparison of one class, or of the mean over classes.

    Attributes:
        name (str): Class, or 'mean'.
        positives (int): Annotated positives, 0 for the mean.
        negatives (int): Annotated negatives, 0 for the mean.
        auc_a (float): AUC of the first model in %, the mean over its seeds.
        auc_b (float): Of the second.
        sd_a (float): Standard deviation over the seeds; NaN with one seed.
        sd_b (float): Of the second.
        delong (Test): Paired, first seed of each.
        bootstrap (Test): Paired, by patient, first seed of each.
        seeds (Test): Independent two-sample t-test over the seeds.
        note (str): Why something is undefined, or ''.
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
        rows (list[Row]): One per class, in their order, and the mean last.
        num_images (int): Images that both tested.
        num_patients (int): Groups that the bootstrap draws: patients, or
            images where the patient is not known.
        num_seeds (tuple[int, int]): Files of the first and the second model.
        resamples (int): Of the bootstrap.
        named (bool): Whether the classes have names, not indices.
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
        first (Sequence[Predictions]): Of the first model, one per seed.
        second (Sequence[Predictions]): Of the second model, on the same
            images.
        resamples (int): Of the paired bootstrap; 0 for none.
        seed (int): Of the bootstrap.
        progress (Callable, optional): Told how many resamples are done.

    Returns:
        Comparison: Undefined values are NaN with a note.

    Raises:
        ValueError: If the files do not hold the same images, or two of one
            model the same scores.
    """
    reference = first[0]
    matched = [
        match_predictions(reference, other) for other in [*first[1:], *second]
    ]
    runs_a = [reference, *matched[: len(first) - 1]]
    runs_b = matched[len(first) - 1 :]
    for runs in (runs_a, runs_b):
        _check_seeds(runs)
    # An entry counts where every file annotates it.
    target = reference.target + 0 * sum(run.target for run in matched)
    auc_a = _seed_values(runs_a, target)
    auc_b = _seed_values(runs_b, target)
    # The means of all runs are over the same classes.
    common = ~np.isnan(np.concatenate([auc_a, auc_b])).any(axis=0)
    auc_a, auc_b = (
        np.column_stack([auc, mean_of_defined(auc[:, common])])
        for auc in (auc_a, auc_b)
    )
    rows = [
        _class_row(index, name, runs_a[0], runs_b[0], target)
        for index, name in enumerate(reference.classes)
    ]
    rows.append(Row('mean'))
    for row, a, b in zip(rows, auc_a.T, auc_b.T, strict=True):
        row.auc_a, row.auc_b = float(a.mean()), float(b.mean())
        row.sd_a, row.sd_b = _deviation(a), _deviation(b)
        row.seeds = seed_test(a, b)
        if not row.note and math.isnan(row.gain):
            row.note = 'NaN in the scores'
    left_out = [
        row.name for row in rows[:-1] if row.note == 'NaN in the scores'
    ]
    if left_out:
        rows[-1].note = f'without {", ".join(left_out)}, which has NaN scores'
    clusters = number_clusters([*reference.patients], [*reference.sources])
    if resamples:
        _bootstrap(
            rows,
            runs_a[0],
            runs_b[0],
            target,
            clusters,
            common,
            resamples,
            seed,
            progress,
        )
    _correct(rows[:-1])
    return Comparison(
        rows,
        len(reference),
        len(np.unique(clusters)),
        (len(runs_a), len(runs_b)),
        resamples,
        reference.named,
        any(patient is not None for patient in reference.patients),
    )


def seed_test(first: np.ndarray, second: np.ndarray) -> Test:
    """Compare two models over seeds, as the paper does.

    Args:
        first (ndarray): (S,), values of the first model, one per seed.
        second (ndarray): (T,), of the second.

    Returns:
        Test: Student's independent two-sample t-test; NaN with fewer than two
        seeds of either model, or without any spread.

    Examples:
        >>> round(seed_test(np.array([70., 71]), np.array([73., 74])).p, 4)
        0.0513
    """
    if min(len(first), len(second)) < 2:
        return Test()
    if np.isnan(first).any() or np.isnan(second).any():
        return Test()
    if np.ptp(first) == 0 and np.ptp(second) == 0:
        return Test()
    result = ttest_ind(second, first)
    interval = result.confidence_interval(0.95)
    return Test(
        float(interval.low), float(interval.high), float(result.pvalue)
    )


def _seed_values(
    runs: Sequence[Predictions], target: np.ndarray
) -> np.ndarray:
    """Return AUCs in %, (seeds, classes)."""
    return np.array(
        [100 * per_class(binary_auc, run.score, target) for run in runs]
    )


def _check_seeds(runs: Sequence[Predictions]) -> None:
    """Refuse a file given twice: it would pass for another seed."""
    for a, b in combinations(runs, 2):
        if np.array_equal(a.score, b.score, equal_nan=True):
            raise ValueError(
                f'{a.name} and {b.name} hold the same scores: expected one '
                'file per seed'
            )


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


def _bootstrap(
    rows: list[Row],
    a: Predictions,
    b: Predictions,
    target: np.ndarray,
    clusters: np.ndarray,
    common: np.ndarray,
    resamples: int,
    seed: int,
    progress: Callable[[int], object] | None,
) -> None:
    values = 100 * resample(
        'auc',
        np.stack([a.score, b.score]),
        target,
        clusters,
        resamples,
        seed,
        progress,
    )
    # Models that rank alike differ by rounding, which is no difference.
    gains = np.round(values[:, 1] - values[:, 0], 9)
    gains = np.column_stack([gains, mean_of_defined(gains[:, common])])
    lows, highs = percentile_interval(gains)
    p_values = bootstrap_p_value(gains)
    for row, low, high, p in zip(rows, lows, highs, p_values, strict=True):
        row.bootstrap = Test(float(low), float(high), float(p))
        if low == high:
            # An interval of length 0 would claim to know the gain exactly.
            row.bootstrap.low = row.bootstrap.high = NAN
            row.note = row.note or (
                'bootstrap interval n/a, all resamples give the same gain'
            )


def _correct(rows: list[Row]) -> None:
    """Correct each kind of test over the classes; the mean is one test."""
    for kind in ('delong', 'bootstrap', 'seeds'):
        tests = [getattr(row, kind) for row in rows]
        adjusted = holm(np.array([test.p for test in tests]))
        for test, p in zip(tests, adjusted, strict=True):
            test.p_holm = float(p)


def _deviation(values: np.ndarray) -> float:
    return float(values.std(ddof=1)) if len(values) > 1 else NAN
