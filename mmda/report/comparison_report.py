"""A comparison of two models as Markdown, as JSON, and as a forest plot."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
from prettytable import PrettyTable, TableStyle

from mmda.files import json_values

from .comparison import Comparison, Row, Test
from .figure import COLORS, COLUMN_WIDTH, SMALL, new_figure, save_figure

_LEVEL = 0.05


def main_test(row: Row) -> Test:
    """Return the test that decides whether a gain is significant.

    Args:
        row (Row): A class, or the mean.

    Returns:
        Test: The test over the seeds, as in the paper, if both models have
        two or more seeds. Otherwise the bootstrap, which respects patients.
        Without a bootstrap, DeLong's test.
    """
    for test in (row.seeds, row.bootstrap):
        if not math.isnan(test.p):
            return test
    return row.delong


def significant(row: Row) -> bool:
    """Tell whether a gain is significant at 5 %.

    Args:
        row (Row): A class, or the mean.

    Returns:
        bool: By :func:`main_test`. For a class, after Holm's correction.
    """
    test = main_test(row)
    p = test.p if math.isnan(test.p_holm) else test.p_holm
    return p < _LEVEL


def arrow(gain: float) -> str:
    """Write a gain as the paper does.

    Args:
        gain (float): In points.

    Returns:
        str: The gain with an arrow; 'n/a' for NaN.

    Examples:
        >>> arrow(2.84), arrow(-0.04), arrow(float('nan'))
        ('↑ 2.8', '– 0.0', 'n/a')
    """
    if math.isnan(gain):
        return 'n/a'
    rounded = round(gain, 1)
    sign = '↑' if rounded > 0 else '↓' if rounded < 0 else '–'
    return f'{sign} {abs(rounded):.1f}'


def interval_text(test: Test, digits: int) -> str:
    """Write the interval of a gain.

    Args:
        test (Test): The test.
        digits (int): Number of decimal places.

    Returns:
        str: Both ends; 'n/a' if there was no test.

    Examples:
        >>> interval_text(Test(low=-0.41, high=1.2), 1)
        '[-0.4, +1.2]'
    """
    if math.isnan(test.low):
        return 'n/a'
    return f'[{test.low:+.{digits}f}, {test.high:+.{digits}f}]'


def p_text(test: Test) -> str:
    """Write a p-value, and in brackets the p-value after Holm's correction.

    Args:
        test (Test): The test.

    Returns:
        str: The p-values; 'n/a' if there was no test.

    Examples:
        >>> p_text(Test(p=0.0123, p_holm=0.05)), p_text(Test())
        ('0.012 (0.05)', 'n/a')
    """
    if math.isnan(test.p):
        return 'n/a'
    corrected = '' if math.isnan(test.p_holm) else f' ({test.p_holm:.2g})'
    return f'{test.p:.2g}{corrected}'


def to_markdown(comparison: Comparison, names: Sequence[str]) -> str:
    """Write a comparison as a Markdown table, with notes below it.

    Args:
        comparison (Comparison): The comparison.
        names (Sequence[str]): Names of the two models.

    Returns:
        str: The table. A cell without a value is 'n/a', and a note says why.
    """
    names = [name.replace('|', r'\|') for name in names]
    table = PrettyTable(
        [
            'class',
            'pos / neg',
            # Prettytable refuses equal heads, and files often have one name.
            *(f'{key}: {name}' for key, name in zip('AB', names, strict=True)),
            'gain, DeLong 95 %',
            'DeLong p (Holm)',
            'gain, bootstrap 95 %',
            'bootstrap p (Holm)',
            'seeds, t-test p (Holm)',
        ]
    )
    table.set_style(TableStyle.MARKDOWN)
    table.align = 'r'
    table.align['class'] = 'l'
    for row in comparison.rows:
        star = '*' if significant(row) else ''
        change = '' if math.isnan(row.gain) else f' ({arrow(row.gain)})'
        counts = f'{row.positives} / {row.negatives}'
        table.add_row(
            [
                row.name.replace('|', r'\|'),
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
    notes = [f'- {note}' for note in _notes(comparison)]
    return '\n'.join([str(table), '', *notes]) + '\n'


def _value(value: float, deviation: float) -> str:
    if math.isnan(value):
        return 'n/a'
    spread = '' if math.isnan(deviation) else f' ± {deviation:.1f}'
    return f'{value:.1f}{spread}'


def _notes(comparison: Comparison) -> Iterable[str]:
    """Yield what a reader of the table must know."""
    draws = (
        f' The bootstrap draws {comparison.num_patients} groups of images: '
        'patients, or single images where the patient is unknown.'
    )
    bootstrap = comparison.resamples > 0
    yield (
        f'AUC in % over the annotated entries of {comparison.num_images} '
        f'images.{draws if bootstrap else ""}'
    )
    one_seed = 'the bootstrap' if bootstrap else "DeLong's test"
    yield (
        'The p-values are two-sided. In brackets: after Holm over the '
        'classes. * means p < 0.05, by the t-test over the seeds, or by '
        f'{one_seed} if a model has one seed only.'
    )
    if bootstrap and not comparison.patients_known:
        yield (
            'No image has a `patient_id`, so the bootstrap draws images. If '
            'patients have several images, its intervals are too short. Does '
            'the source give a `patient_id`?'
        )
    if comparison.num_patients < comparison.num_images:
        yield (
            "DeLong's test takes the images as independent. These patients "
            'have several images, so trust the bootstrap'
            f'{"" if bootstrap else ": --resamples 2000"}.'
        )
    tested = sum(not math.isnan(r.bootstrap.p_holm) for r in comparison.rows)
    floor = 2 / (comparison.resamples + 1) * tested
    if tested and floor >= _LEVEL:
        yield (
            f'{comparison.resamples} resamples cannot give p < 0.05 after '
            f'Holm over {tested} classes: use {40 * tested} or more.'
        )
    seeds_a, seeds_b = comparison.num_seeds
    if min(seeds_a, seeds_b) < 2:
        yield (
            f't-test n/a: {seeds_a} and {seeds_b} seeds, expected two or '
            'more of each model.'
        )
    else:
        yield (
            f'{seeds_a} and {seeds_b} seeds: mean ± standard deviation. '
            "DeLong's test and the bootstrap use the first seed of each model."
        )
    for row in comparison.rows:
        if row.note:
            yield f'{row.name}: {row.note}.'


def to_json(comparison: Comparison, names: Sequence[str]) -> dict:
    """Turn a comparison into plain values.

    Args:
        comparison (Comparison): The comparison.
        names (Sequence[str]): Names of the two models.

    Returns:
        dict: Ready for JSON; NaN is None.
    """
    plain = asdict(comparison)
    for row, source in zip(plain['rows'], comparison.rows, strict=True):
        row['gain'] = source.gain
        row['significant'] = significant(source)
    return json_values({'a': names[0], 'b': names[1], **plain})


def draw_forest(
    comparison: Comparison, names: Sequence[str], path: str | Path
) -> None:
    """Draw the gain of each class with its interval.

    Args:
        comparison (Comparison): The comparison.
        names (Sequence[str]): Names of the two models.
        path (str | Path): PNG to write, with a PDF of the same name.
    """
    rows = comparison.rows
    figure = new_figure(COLUMN_WIDTH, 0.9 + 0.2 * len(rows))
    axes = figure.subplots()
    axes.axvline(0, color='0.5', linewidth=0.8)
    heights = np.arange(len(rows), dtype=float)
    heights[-1] += 0.4
    for row, height in zip(rows, heights, strict=True):
        test, is_sure = main_test(row), significant(row)
        color = COLORS[0] if is_sure else '0.45'
        fill = color if is_sure else 'white'
        marker = 'D' if row.name == 'mean' else 'o'
        ends = [test.low, test.high]  # matplotlib leaves out NaN
        axes.plot(ends, [height] * 2, color=color, lw=1.5)
        axes.plot(row.gain, height, marker, color=color, ms=4, mfc=fill)
        if math.isnan(row.gain):
            axes.text(
                0,
                height,
                'n/a',
                color='0.3',
                fontsize=SMALL,
                ha='center',
                va='center',
                bbox=dict(fc='white', ec='none', pad=1),
            )
    labels = ['mAUC' if row.name == 'mean' else row.name for row in rows]
    axes.set_yticks(heights, labels, fontsize=SMALL)
    axes.tick_params(axis='x', labelsize=SMALL)
    axes.locator_params(axis='x', nbins=5)
    axes.invert_yaxis()
    axes.grid(axis='x', alpha=0.3)
    figure.supxlabel(
        f'gain in AUC (points) of {names[1]}\nover {names[0]}; 95 % '
        'interval; filled: p < 0.05 (Holm)',
        fontsize=SMALL,
    )
    save_figure(figure, path)
