"""A label report as text, as JSON and as a picture."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mmda.files import write_text

from .figure import (
    COLUMN_WIDTH,
    MAX_ROWS,
    draw_matrix,
    new_figure,
    save_figure,
)
from .pixel_warnings import pixel_lines

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Pairs of sources whose common classes the text lists.
_MAX_PAIRS = 28
#: Cells of the picture that have a number. The table has all numbers.
_MAX_NUMBERS = 1000


def write_label_report(
    report: dict, text: str, folder: str | Path, figure: bool = True
) -> None:
    """Write a label report as text, JSON and picture.

    Args:
        report (dict): From :func:`~mmda.report.label_report.label_report`.
        text (str): From :func:`report_text`.
        folder (str | Path): Gets ``label_report.txt``, ``label_report.json``,
            ``label_availability.png`` and ``label_availability.pdf``. The
            folder is made.
        figure (bool): Whether to draw the picture. Defaults to True.
    """
    folder = Path(folder)
    write_text(folder / 'label_report.txt', text + '\n')
    # With an indent, Python writes large reports five times as slowly.
    plain = json.dumps(report, ensure_ascii=False, allow_nan=False)
    write_text(folder / 'label_report.json', plain + '\n')
    if figure:
        path = folder / 'label_availability.png'
        save_figure(availability_figure(report), path)


def report_text(report: dict) -> str:
    """Write a label report as text.

    Args:
        report (dict): From :func:`~mmda.report.label_report.label_report`.

    Returns:
        str: A table for each source, then the common classes, then the
        warnings.
    """
    parts = []
    for split, content in report['splits'].items():
        parts.append(
            f'{split}: {content["labels"]:,} labels of '
            f'{content["images"]:,} images'
        )
        for name, counts in content['sources'].items():
            parts.append(_source_table(f'{split}/{name}', counts))
        parts += _overlap_lines(content['overlap'])
        pairs = most_together(report['classes'], content['co_occurrence'], 5)
        if pairs:
            parts.append(f'most often positive together: {", ".join(pairs)}')
    if report['content']:
        parts.append(f'equal files: {report["content"]}')
    parts += pixel_lines(report.get('pixels', {}))
    warnings = report['warnings']
    parts.append(f'warnings: {len(warnings) or "none"}')
    return '\n'.join(parts + [f'  ! {line}' for line in report['shown']])


def _overlap_lines(overlap: list[dict]) -> list[str]:
    if len(overlap) > _MAX_PAIRS:
        shared = [len(pair['shared']) for pair in overlap]
        return [
            f'{len(overlap):,} pairs of sources share {min(shared)} to '
            f'{max(shared)} classes: label_report.json has all'
        ]
    return [
        f'{pair["a"]} and {pair["b"]} share {len(pair["shared"])} classes: '
        f'{", ".join(pair["shared"]) or "none"}'
        for pair in overlap
    ]


def _source_table(label: str, counts: dict) -> str:
    from prettytable import PrettyTable  # not at `import mmda`

    keys = ['positives', 'negatives', 'uncertain', 'unannotated']
    if any('filled' in count for count in counts['classes'].values()):
        keys.append('filled')  # by the rules of the label space
    table = PrettyTable(['class', *keys, 'prevalence'])
    patients, whole = counts['patients'], counts['sampled_from']
    table.title = (
        f'{label}: {counts["images"]:,} images'
        + (f' (a sample of {whole:,})' if whole else '')
        + (f' of {patients:,} patients' if patients is not None else '')
        + f', {counts["labels"]:,} labels'
    )
    table.align = 'r'
    table.align['class'] = 'l'
    classes, without = counts['classes'], 0
    if len(classes) > MAX_ROWS:
        classes = {
            n: c for n, c in classes.items() if c['prevalence'] is not None
        }
        without = len(counts['classes']) - len(classes)
    for name, count in classes.items():
        share = count['prevalence']
        cells = [f'{count[key]:,}' for key in keys]
        if share is None:
            cells[:3] = ['-'] * 3
        table.add_row([name, *cells, '-' if share is None else f'{share:.2%}'])
    if without:
        return f'{table}\n{without:,} more classes are not annotated'
    return str(table)


def most_together(
    classes: Sequence[str], matrix: Sequence[Sequence[int]], num: int
) -> list[str]:
    """Name the pairs of classes that most images show together.

    Args:
        classes (Sequence[str]): C names.
        matrix (Sequence[Sequence[int]]): (C, C), number of images with both
            classes.
        num (int): Most pairs to name.

    Returns:
        list[str]: The most frequent pair first, with its number of images.

    Examples:
        >>> most_together('abc', [[9, 5, 0], [5, 9, 7], [0, 7, 9]], 8)
        ['b + c (7)', 'a + b (5)']
    """
    counts = np.tril(np.asarray(matrix), -1)
    rows, columns = np.nonzero(counts)
    found = counts[rows, columns]
    order = np.argsort(-found, kind='stable')[:num].tolist()
    return [
        f'{classes[columns[i]]} + {classes[rows[i]]} ({found[i]:,})'
        for i in order
    ]


def availability_figure(report: dict) -> Figure:
    """Draw which source annotates which class, and the positives.

    Args:
        report (dict): From :func:`~mmda.report.label_report.label_report`.

    Returns:
        Figure: A row for each class, a column for each source and split.
    """
    sources = {
        f'{split}\n{name}': counts
        for split, content in report['splits'].items()
        for name, counts in content['sources'].items()
    }
    classes = report['classes']
    positives, unannotated = (
        np.array(
            [
                [count[key] for count in source['classes'].values()]
                for source in sources.values()
            ]
        ).T
        for key in ('positives', 'unannotated')
    )
    shares = 1 - unannotated / [s['images'] for s in sources.values()]
    shares[shares == 0] = np.nan
    has_texts = shares.size <= _MAX_NUMBERS
    width = 1.6 + (0.55 if has_texts else 0.25) * len(sources)
    height = 0.2 * len(classes)
    if len(classes) > MAX_ROWS:
        height = 11.0  # inches, for the names that are left
    figure = new_figure(max(COLUMN_WIDTH, width), 1.3 + height)
    draw_matrix(
        figure,
        shares,
        classes,
        list(sources),
        np.vectorize(_short)(positives) if has_texts else None,
        'annotated share' + '; number: positives' * has_texts,
        rotation=(60 if has_texts else 90) if len(sources) > 4 else 0,
        vmin=0,
        vmax=1,
        cmap='Blues',
        aspect='auto',
    )
    return figure


def _short(number: int) -> str:
    """Write a count in at most four characters, as far as possible."""
    for limit, unit in ((10_000_000, 'M'), (10_000, 'k')):
        if number >= limit:
            return f'{number / (limit / 10):.0f}{unit}'
    return str(number)
