"""Whether similar classes help more: gain against similarity."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import NullFormatter
from scipy.stats import pearsonr

from .figure import (
    COLORS,
    COLUMN_WIDTH,
    PAGE_WIDTH,
    SMALL,
    new_figure,
    save_figure,
)


class Correlation(NamedTuple):
    """Pearson's correlation.

    Attributes:
        r (float): In [-1, 1]; NaN where undefined.
        p (float): Two-sided p-value; NaN likewise.
        num (int): Classes that have both values.
        note (str): Why it is undefined, or ''.
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
        Correlation: Over the classes that have both.

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
    """Read what each added class brought to the class of interest.

    Args:
        path (str | Path): CSV with the columns ``class`` (the one added),
            ``gain`` (points) or ``auc`` (in %), and ``similarity``.
        similarity (str | Path, optional): CSV of ``class_relations.py``, in
            place of the column.
        of (str, optional): Class of interest, a row of that file.
        baseline (float, optional): AUC without any added class, in %, for
            files with ``auc``.

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


def draw_gain_vs_similarity(
    table: pd.DataFrame, found: Correlation, path: str | Path
) -> None:
    """Draw gains against similarities, with the line of least squares.

    Args:
        table (DataFrame): From :func:`read_gains`.
        found (Correlation): Of its columns.
        path (str | Path): PNG to write; a PDF lies beside it.
    """
    figure = new_figure(COLUMN_WIDTH, 3.0)
    axes = figure.subplots()
    axes.axhline(0, color='0.6', linewidth=0.8)
    table = table.dropna()
    x, y = table['similarity'].to_numpy(), table['gain'].to_numpy()
    axes.plot(x, y, 'o', color=COLORS[0], markersize=4)
    if not math.isnan(found.r):
        slope, offset = np.polyfit(x, y, 1)
        ends = np.array([x.min(), x.max()])
        axes.plot(ends, slope * ends + offset, color=COLORS[1], linewidth=1)
    if len(x):
        _name_points(axes, table['class'].astype(str).tolist(), x, y)
    text = (
        f'n/a: {found.note}'
        if found.note
        else (f'r = {found.r:.3f}, p = {found.p:.3g}, n = {found.num}')
    )
    axes.set_title(f'Pearson {text}', fontsize=SMALL)
    axes.set_xlabel(
        'cosine similarity to the class of interest', fontsize=SMALL
    )
    axes.set_ylabel('gain in AUC (points)', fontsize=SMALL)
    axes.tick_params(labelsize=SMALL)
    save_figure(figure, path)


# Where a name may stand beside its point, in points of lettering: the offset
# and the side of the name that is fixed.
_PLACES = (
    (5, 0, 'left'),
    (-5, 0, 'right'),
    (0, 7, 'center'),
    (0, -7, 'center'),
    (4, 7, 'left'),
    (-4, 7, 'right'),
    (4, -7, 'left'),
    (-4, -7, 'right'),
)
_START = {'left': 0.0, 'center': -0.5, 'right': -1.0}


def _name_points(
    axes: Axes, names: Sequence[str], x: np.ndarray, y: np.ndarray
) -> None:
    """Write each name beside its point, off other names and points."""
    width, height = 190.0, 150.0  # of the axes, in points
    places = np.column_stack(
        [
            (values - values.min()) / max(np.ptp(values), 1e-9) * size
            for values, size in ((x, width), (y, height))
        ]
    )
    boxes = [(px - 2, py - 2, px + 2, py + 2) for px, py in places]
    for name, point, (px, py) in zip(
        names, zip(x, y, strict=True), places, strict=True
    ):
        long = 3.3 * len(name)
        tried: list[tuple[int, int, tuple]] = []
        for dx, dy, side in _PLACES:
            left = px + dx + _START[side] * long
            box = (left, py + dy - 3, left + long, py + dy + 3)
            hits = sum(_overlap(box, other) for other in boxes)
            outside = box[0] < -8 or box[2] > width + 8
            tried.append((hits + outside, len(tried), box))
        _, best, box = min(tried)
        boxes.append(box)
        dx, dy, side = _PLACES[best]
        axes.annotate(
            name,
            point,
            (dx, dy),
            textcoords='offset points',
            fontsize=5.5,
            va='center',
            ha=side,
        )


def _overlap(a: tuple, b: tuple) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def class_distribution(report: dict, comparison: dict) -> pd.DataFrame:
    """Join the training positives of each class with its gain (Fig. 4).

    Args:
        report (dict): From ``label_report.json``.
        comparison (dict): From ``comparison.json``.

    Returns:
        DataFrame: Columns ``class``, ``positives``, ``gain`` (NaN where
        undefined) and ``significant``, the most frequent class first.

    Raises:
        ValueError: If the files are of another kind, or no class is common.
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
    except (KeyError, TypeError) as error:
        raise ValueError(
            'expected label_report.json with a training split and '
            f'comparison.json, found no {error}'
        ) from error
    common = [name for name in positives if name in rows]
    if not common:
        raise ValueError(
            f'no class in common: {list(positives)} in the label report, '
            f'{list(rows)} in the comparison'
        )
    table = pd.DataFrame(
        {
            'class': common,
            'positives': [positives[name] for name in common],
            'gain': [
                np.nan if rows[n]['gain'] is None else rows[n]['gain']
                for n in common
            ],
            'significant': [rows[name]['significant'] for name in common],
        }
    )
    return table.sort_values(
        'positives', ascending=False, kind='stable', ignore_index=True
    )


def draw_distribution(table: pd.DataFrame, path: str | Path) -> None:
    """Draw the class distribution above the gains.

    Args:
        table (DataFrame): From :func:`class_distribution`.
        path (str | Path): PNG to write; a PDF lies beside it.
    """
    num = len(table)
    figure = new_figure(min(PAGE_WIDTH, max(COLUMN_WIDTH, 0.34 * num)), 3.4)
    above, below = figure.subplots(2, 1, sharex=True)
    place = np.arange(num)
    above.bar(place, table['positives'].clip(lower=0.8), color='0.6')
    above.set_yscale('log')
    above.set_ylim(bottom=0.7)
    above.yaxis.set_minor_formatter(NullFormatter())
    above.set_ylabel('training positives', fontsize=SMALL)
    colors = [COLORS[0] if s else '0.75' for s in table['significant']]
    below.bar(place, table['gain'].fillna(0), color=colors)
    for x in np.flatnonzero(table['gain'].isna()):
        below.text(x, 0, 'n/a', ha='center', va='bottom', fontsize=SMALL)
    below.axhline(0, color='0.4', linewidth=0.8)
    below.set_ylabel('gain in AUC (points)\nblue: p < 0.05', fontsize=SMALL)
    below.set_xticks(
        place,
        table['class'],
        rotation=60,
        ha='right',
        rotation_mode='anchor',
        fontsize=SMALL,
    )
    for axes in (above, below):
        axes.tick_params(axis='y', labelsize=SMALL)
        axes.grid(axis='y', alpha=0.3)
    save_figure(figure, path)


def _read_csv(path: str | Path) -> pd.DataFrame:
    if not Path(path).is_file():
        raise FileNotFoundError(f'there is no file {path}')
    try:
        return pd.read_csv(path, dtype={'class': str})
    except pd.errors.EmptyDataError as error:
        raise ValueError(f'{path} is empty: expected a header') from error


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
    return [float(matrix.loc[of, name]) for name in names]
