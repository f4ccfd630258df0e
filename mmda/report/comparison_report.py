"""A comparison of two models as Markdown, as JSON, and as a forest plot."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.ticker import MaxNLocator

from .comparison import Comparison, Row, Test
from .figure import COLORS, COLUMN_WIDTH, SMALL, new_figure, save_figure

_LEVEL = 0.05


def main_test(row: Row) -> Test:
    """Return the test that decides whether a gain counts.

    Args:
        row (Row): Of a class or of the mean.

    Returns:
        Test: That over the seeds (the paper's) where both models have two or
        more, else the bootstrap, which respects patients, else DeLong's.
    """
    for test in (row.seeds, row.bootstrap):
        if not math.isnan(test.p):
            return test
    return row.delong


def significant(row: Row) -> bool:
    """Tell whether a gain is significant at 5 %.

    Args:
        row (Row): Of a class or of the mean.

    Returns:
        bool: By :func:`main_test`, for a class after Holm's correction.
    """
    test = main_test(row)
    p = test.p if math.isnan(test.p_holm) else test.p_holm
    return p < _LEVEL


def arrow(gain: float) -> str:
    """Write a gain in points as the paper does.

    Args:
        gain (float): In points.

    Returns:
        str: 'n/a' for NaN.

    Examples:
        >>> arrow(2.84), arrow(-0.04), arrow(float('nan'))
        ('↑ 2.8', '– 0.0', 'n/a')
    """
    if math.isnan(gain):
        return 'n/a'
    rounded = round(gain, 1)
    sign = '↑' if rounded > 0 else '↓' if rounded < 0 else '–'
    return f'{sign} {abs(rounded):.1f}'


def to_markdown(comparison: Comparison, names: Sequence[str]) -> str:
    """Write a comparison as a Markdown table with its reading aid.

    Args:
        comparison (Comparison): What was found.
        names (Sequence[str]): Of the two models.

    Returns:
        str: Cells without a value say 'n/a', and below the table why.
    """
    header = [
        'class',
        'pos / neg',
        *names,
        'gain, DeLong 95 %',
        'p (Holm)',
        'gain, bootstrap 95 %',
        'p (Holm)',
        'seeds, t-test p (Holm)',
    ]
    lines = [
        markdown_row(header),
        markdown_row(['---', *['---:'] * (len(header) - 1)]),
    ]
    for row in comparison.rows:
        star = '*' if significant(row) else ''
        change = '' if math.isnan(row.gain) else f' ({arrow(row.gain)})'
        counts = f'{row.positives} / {row.negatives}'
        lines.append(
            markdown_row(
                [
                    row.name,
                    '' if row.name == 'mean' else counts,
                    _value(row.auc_a, row.sd_a),
                    _value(row.auc_b, row.sd_b) + change + star,
                    interval_text(row.delong, 1),
                    p_text(row.delong),
                    interval_text(row.bootstrap, 1),
                    p_text(row.bootstrap),
                    p_text(row.seeds),
                ]
            )
        )
    return '\n'.join([*lines, '', *_reading_aid(comparison)]) + '\n'


def _reading_aid(comparison: Comparison) -> list[str]:
    seeds_a, seeds_b = comparison.num_seeds
    notes = [
        f'AUC in % on {comparison.num_images} images in '
        f'{comparison.num_patients} groups (patients, where known), '
        'annotated entries only; '
        'p-values two-sided, in brackets after Holm over the classes; '
        '* p < 0.05 (by the seeds if there are any, else by the bootstrap).',
    ]
    if not comparison.patients_known:
        notes.append(
            'No image has a `patient_id`: the bootstrap draws images, and '
            'where patients have several, its intervals are too short (add it '
            'to `meta_keys` of PackInputs if the data have it).'
        )
    if comparison.num_patients < comparison.num_images:
        notes.append(
            "DeLong's test takes the images as independent; with several "
            'images per patient trust the bootstrap, which draws patients.'
        )
    tested = sum(not math.isnan(r.bootstrap.p_holm) for r in comparison.rows)
    floor = 2 / (comparison.resamples + 1) * tested
    if tested and floor >= _LEVEL:
        notes.append(
            f'{comparison.resamples} resamples cannot give p < 0.05 after '
            f'Holm over {tested} classes: use {40 * tested} or more.'
        )
    if min(seeds_a, seeds_b) < 2:
        notes.append(
            f't-test n/a: {seeds_a} and {seeds_b} seeds, expected two or '
            'more of each model.'
        )
    else:
        notes.append(
            f'{seeds_a} and {seeds_b} seeds: mean ± standard deviation; the '
            'paired tests use the first seed of each.'
        )
    notes += [f'{r.name}: {r.note}.' for r in comparison.rows if r.note]
    return [f'- {note}' for note in notes]


def to_json(comparison: Comparison, names: Sequence[str]) -> dict:
    """Turn a comparison into plain values.

    Args:
        comparison (Comparison): What was found.
        names (Sequence[str]): Of the two models.

    Returns:
        dict: NaN is None, so that any JSON reader takes it.
    """
    plain = asdict(comparison)
    for row, source in zip(plain['rows'], comparison.rows, strict=True):
        row['gain'] = source.gain
        row['significant'] = significant(source)
    return _none_for_nan({'a': names[0], 'b': names[1], **plain})


def draw_forest(
    comparison: Comparison, names: Sequence[str], path: str | Path
) -> None:
    """Draw the gain of each class with its interval.

    Args:
        comparison (Comparison): What was found.
        names (Sequence[str]): Of the two models.
        path (str | Path): PNG to write; a PDF lies beside it.
    """
    rows = comparison.rows
    figure = new_figure(COLUMN_WIDTH, 0.9 + 0.2 * len(rows))
    axes = figure.subplots()
    axes.axvline(0, color='0.5', linewidth=0.8)
    heights = np.arange(len(rows), dtype=float)
    heights[-1] += 0.4
    for row, height in zip(rows, heights, strict=True):
        test = main_test(row)
        color = COLORS[0] if significant(row) else '0.45'
        if not math.isnan(test.low):
            axes.plot([test.low, test.high], [height] * 2, color=color, lw=1.5)
        if math.isnan(row.gain):
            axes.annotate(
                'n/a',
                (0, height),
                color='0.3',
                fontsize=SMALL,
                ha='center',
                va='center',
                bbox=dict(fc='white', ec='none', pad=1),
            )
        else:
            marker = 'D' if row.name == 'mean' else 'o'
            axes.plot(
                row.gain,
                height,
                marker,
                color=color,
                markersize=4,
                mfc=color if significant(row) else 'white',
            )
    labels = ['mAUC' if row.name == 'mean' else row.name for row in rows]
    axes.set_yticks(heights, labels, fontsize=SMALL)
    axes.tick_params(axis='x', labelsize=SMALL)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.invert_yaxis()
    axes.grid(axis='x', alpha=0.3)
    figure.supxlabel(
        f'gain in AUC (points) of {names[1]}\nover {names[0]}; 95 % '
        'interval; filled: p < 0.05 (Holm)',
        fontsize=SMALL,
    )
    save_figure(figure, path)


def _value(value: float, deviation: float) -> str:
    if math.isnan(value):
        return 'n/a'
    spread = '' if math.isnan(deviation) else f' ± {deviation:.1f}'
    return f'{value:.1f}{spread}'


def _none_for_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _none_for_nan(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_none_for_nan(item) for item in value]
    if isinstance(value, float) and math.isnan(value):
        return None
    return value


def markdown_row(cells: Sequence[str]) -> str:
    """Return a row of a Markdown table.

    Args:
        cells (Sequence[str]): Its cells.

    Returns:
        str: Without a line break.

    Examples:
        >>> markdown_row(['a', 'b'])
        '| a | b |'
    """
    return '| ' + ' | '.join(cells) + ' |'


def interval_text(test: Test, digits: int) -> str:
    """Write the interval of a gain.

    Args:
        test (Test): The test.
        digits (int): Decimal places.

    Returns:
        str: Such as '[-0.4, +1.2]'; 'n/a' where there was no test.

    Examples:
        >>> interval_text(Test(low=-0.41, high=1.2), 1)
        '[-0.4, +1.2]'
    """
    if math.isnan(test.low):
        return 'n/a'
    return f'[{test.low:+.{digits}f}, {test.high:+.{digits}f}]'


def p_text(test: Test) -> str:
    """Write a p-value, in brackets the one after Holm's correction.

    Args:
        test (Test): The test.

    Returns:
        str: 'n/a' where there was no test.

    Examples:
        >>> p_text(Test(p=0.0123, p_holm=0.05)), p_text(Test())
        ('0.012 (0.05)', 'n/a')
    """
    if math.isnan(test.p):
        return 'n/a'
    corrected = '' if math.isnan(test.p_holm) else f' ({test.p_holm:.2g})'
    return f'{test.p:.2g}{corrected}'
