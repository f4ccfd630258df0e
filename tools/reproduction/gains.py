"""Do similar classes help more? Gains and similarities of classes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import pearsonr


class Correlation(NamedTuple):
    """Pearson's correlation.

    Attributes:
        r (float): The correlation, in [-1, 1]. NaN if it is undefined.
        p (float): Two-sided p-value. NaN if it is undefined.
        num (int): Number of classes that have both values.
        note (str): Why the correlation is undefined, or ''.
    """

    r: float
    p: float
    num: int
    note: str


def correlate(similarity: np.ndarray, gain: np.ndarray) -> Correlation:
    """Correlate gains with similarities.

    Args:
        similarity (ndarray): (n,), NaN where missing.
        gain (ndarray): (n,), in points, NaN where missing.

    Returns:
        Correlation: The correlation over the classes that have both values.

    Examples:
        >>> similarity = np.array([.02, .05, .05, .17, .30, .61])  # Table 13
        >>> auc = np.array([86.3, 85.2, 85.5, 86.3, 86.9, 87.0])
        >>> round(correlate(similarity, auc - 85.9).r, 3)
        0.768
    """
    nan = float('nan')
    rows = ~np.isnan(similarity) & ~np.isnan(gain)
    x, y = similarity[rows], gain[rows]
    if len(x) < 3:
        return Correlation(
            nan, nan, len(x), f'{len(x)} classes, expected three or more'
        )
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        return Correlation(nan, nan, len(x), 'all values are equal')
    found = pearsonr(x, y)
    return Correlation(float(found.statistic), float(found.pvalue), len(x), '')


def read_gains(
    path: str | Path,
    similarity: str | Path | None = None,
    of: str | None = None,
    baseline: float | None = None,
) -> pd.DataFrame:
    """Read the gain of the class of interest from each added class.

    Args:
        path (str | Path): CSV with the columns ``class`` (the added class),
            ``gain`` (in points) or ``auc`` (in %), and ``similarity``.
        similarity (str | Path, optional): CSV of ``class_relations.py``. It
            replaces the column ``similarity``.
        of (str, optional): Class of interest. It is a row of the second CSV.
        baseline (float, optional): AUC in % without any added class. A CSV
            with ``auc`` needs it.

    Returns:
        DataFrame: Columns ``class``, ``similarity`` and ``gain``.

    Raises:
        FileNotFoundError: If a file is not there.
        ValueError: If a column, a class or the baseline is missing.
    """
    table = _read_csv(path)
    _require(table, path, ['class'])
    if 'gain' not in table:
        _require(table, path, ['auc'], 'a column `gain`, or `auc`')
        if baseline is None:
            raise ValueError(
                f'{path} has `auc` and no `gain`: expected the AUC without '
                'any added class (--baseline)'
            )
        table['gain'] = table['auc'] - baseline
    if similarity is not None:
        table['similarity'] = _look_up(similarity, of, table['class'])
    _require(
        table,
        path,
        ['similarity'],
        'a column `similarity`, or --similarity and --of',
    )
    for column in ('similarity', 'gain'):
        numbers = pd.to_numeric(table[column], errors='coerce')
        wrong = numbers.isna() & table[column].notna()
        if wrong.any():
            row = int(np.argmax(wrong))
            raise ValueError(
                f'{path}, line {row + 2}, column {column!r}: found '
                f'{table[column].iloc[row]!r}, expected a number'
            )
        table[column] = numbers
    return table[['class', 'similarity', 'gain']]


def class_distribution(report: dict, comparison: dict) -> pd.DataFrame:
    """Join the training positives of each class with its gain (Fig. 4).

    Args:
        report (dict): Content of ``label_report.json``.
        comparison (dict): Content of ``comparison.json``.

    Returns:
        DataFrame: Columns ``class``, ``positives``, ``gain`` and
        ``significant``. The most frequent class comes first. A gain is NaN if
        it is undefined or if the class was not compared.

    Raises:
        ValueError: If a file is of another kind, if the comparison has no
            class names, or if the label report lacks one of its classes.
    """
    try:
        positives = {
            name: sum(
                source['classes'][name]['positives']
                for source in report['splits']['train']['sources'].values()
            )
            for name in report['classes']
        }
        rows = {row['name']: row for row in comparison['rows']}
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(
            'expected label_report.json with a training split and '
            f'comparison.json, found no {error}'
        ) from error
    _check_classes(list(positives), list(rows), comparison)
    found = [rows.get(name, {}) for name in positives]
    gains = [row.get('gain') for row in found]
    table = pd.DataFrame(
        {
            'class': list(positives),
            'positives': list(positives.values()),
            'gain': [np.nan if gain is None else gain for gain in gains],
            'significant': [row.get('significant', False) for row in found],
        }
    )
    return table.sort_values(
        'positives', ascending=False, kind='stable', ignore_index=True
    )


def _check_classes(
    trained: list[str], compared: list[str], comparison: dict
) -> None:
    if not comparison.get('named', True):
        raise ValueError(
            'the classes of the comparison are indices, which cannot be '
            'joined with names: run compare_runs.py with --config or --classes'
        )
    compared = [name for name in compared if name != 'mean']
    unknown = [name for name in compared if name not in trained]
    if unknown or not compared:
        raise ValueError(
            f'classes of the comparison that are not in the label report: '
            f'{unknown or "none in common"}; it has {trained}'
        )


def _read_csv(path: str | Path) -> pd.DataFrame:
    if not Path(path).is_file():
        raise FileNotFoundError(f'there is no file {path}')
    try:
        # pandas takes the first column for an index if a row is too long.
        return pd.read_csv(path, dtype={'class': str}, index_col=False)
    except pd.errors.EmptyDataError as error:
        raise ValueError(f'{path} is empty: expected a header') from error
    except ValueError as error:  # of the parser, and of the encoding
        raise ValueError(f'{path}: {error}') from error


def _require(
    table: pd.DataFrame,
    path: str | Path,
    columns: Sequence[str],
    expected: str = '',
) -> None:
    for column in columns:
        if column not in table:
            raise ValueError(
                f'{path}: no column {column!r}, found {list(table.columns)}; '
                f'expected {expected or "it"}'
            )


def _look_up(
    path: str | Path, of: str | None, names: pd.Series
) -> list[float]:
    matrix = _read_csv(path)
    _require(matrix, path, ['class'])
    matrix = matrix.set_index('class')
    if of is None:
        raise ValueError('--similarity needs --of, the class of interest')
    for name in (of, *names):
        if name not in matrix.columns:
            raise ValueError(
                f'{path}: no class {name!r}, found {list(matrix.columns)}'
            )
    if list(matrix.index).count(of) != 1:
        raise ValueError(f'{path}: expected one row of the class {of!r}')
    row = pd.to_numeric(matrix.loc[of], errors='coerce')
    return [float(row[name]) for name in names]
