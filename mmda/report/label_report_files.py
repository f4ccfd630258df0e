"""The files of a label report."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from prettytable import PrettyTable

from .figure import COLUMN_WIDTH, SMALL, new_figure, save_figure


def write_label_report(
    report: dict, folder: str | Path, figure: bool = True
) -> None:
    """Write a label report as text, JSON and picture.

    Args:
        report (dict): From :func:`~mmda.report.label_report.label_report`.
        folder (str | Path): Gets ``label_report.txt`` and ``.json``, and
            ``label_availability.png`` and ``.pdf``; is made.
        figure (bool): Whether to draw the picture. Defaults to True.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    text = report_text(report) + '\n'
    (folder / 'label_report.txt').write_text(text, encoding='utf-8')
    plain = json.dumps(report, indent=1, ensure_ascii=False, allow_nan=False)
    (folder / 'label_report.json').write_text(plain + '\n', encoding='utf-8')
    if figure:
        draw_availability(report, folder / 'label_availability.png')


def draw_availability(report: dict, path: str | Path) -> None:
    """Draw the annotated share and the positives of each class and source.

    Args:
        report (dict): From :func:`~mmda.report.label_report.label_report`.
        path (str | Path): PNG to write; a PDF lies beside it.
    """
    columns = [
        (split, name, counts)
        for split, content in report['splits'].items()
        for name, counts in content['sources'].items()
    ]
    classes = report['classes']
    shares = np.array(
        [
            [
                1 - counts['classes'][name]['unannotated'] / counts['images']
                for _, _, counts in columns
            ]
            for name in classes
        ]
    )
    width = max(COLUMN_WIDTH, 1.6 + 0.55 * len(columns))
    figure = new_figure(width, 1.3 + 0.2 * len(classes))
    axes = figure.subplots()
    image = axes.imshow(shares, vmin=0, vmax=1, cmap='Blues', aspect='auto')
    for x, (_, _, counts) in enumerate(columns):
        for y, name in enumerate(classes):
            _draw_cell(axes, x, y, counts['classes'][name], shares[y, x])
    labels = [f'{split}\n{name}' for split, name, _ in columns]
    axes.set_xticks(
        range(len(columns)),
        labels,
        fontsize=SMALL,
        rotation=0 if len(columns) < 5 else 60,
    )
    axes.set_yticks(range(len(classes)), classes, fontsize=SMALL)
    axes.set_xticks(np.arange(len(columns) + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(len(classes) + 1) - 0.5, minor=True)
    axes.grid(which='minor', color='white', linewidth=1)
    axes.tick_params(which='both', length=0)
    bar = figure.colorbar(image, ax=axes, shrink=0.8, pad=0.02)
    bar.set_label('annotated share; number: positives', fontsize=SMALL)
    bar.ax.tick_params(labelsize=SMALL)
    save_figure(figure, path)


def _draw_cell(axes: Axes, x: int, y: int, count: dict, share: float) -> None:
    if share == 0:
        axes.add_patch(
            Rectangle(
                (x - 0.5, y - 0.5),
                1,
                1,
                fill=False,
                hatch='////',
                edgecolor='0.8',
                linewidth=0,
            )
        )
        return
    positives = count['positives']
    axes.text(
        x,
        y,
        _short(positives),
        ha='center',
        va='center',
        fontsize=SMALL,
        color='white' if share > 0.6 else 'black',
        weight='bold' if positives == 0 else 'normal',
    )


def _short(number: int) -> str:
    """Write a count in at most four characters, as far as possible."""
    for limit, unit in ((10_000_000, 'M'), (10_000, 'k')):
        if number >= limit:
            return f'{number / (limit / 10):.0f}{unit}'
    return str(number)


def report_text(report: dict) -> str:
    """Write a label report for the console and the log.

    Args:
        report (dict): From :func:`label_report`.

    Returns:
        str: A table per source, then overlap and warnings.
    """
    parts = []
    for split, content in report['splits'].items():
        parts.append(
            f'{split}: {content["labels"]:,} labels of '
            f'{content["images"]:,} images'
        )
        for name, counts in content['sources'].items():
            parts.append(_source_table(f'{split}/{name}', counts))
        for pair in content['overlap']:
            parts.append(
                f'{pair["a"]} and {pair["b"]} share {len(pair["shared"])} '
                f'classes: {", ".join(pair["shared"]) or "none"}'
            )
        together = _most_together(report['classes'], content['co_occurrence'])
        if together:
            parts.append(f'most often together: {together}')
    if report['content']:
        parts.append(f'by content: {report["content"]}')
    warnings = report['warnings']
    parts.append(f'warnings: {len(warnings) or "none"}')
    return '\n'.join(parts + [f'  ! {warning}' for warning in warnings])


def _source_table(label: str, counts: dict) -> str:
    table = PrettyTable(
        [
            'class',
            'positive',
            'negative',
            'uncertain',
            'unannotated',
            'prevalence',
        ]
    )
    patients = counts['patients']
    people = '' if patients is None else f' of {patients:,} patients'
    whole = counts['sampled_from']
    part = f' (label maps read, of {whole:,})' if whole else ''
    table.title = (
        f'{label}: {counts["images"]:,} images{part}{people}, '
        f'{counts["labels"]:,} labels'
    )
    table.align = 'r'
    table.align['class'] = 'l'
    for name, count in counts['classes'].items():
        share = count['prevalence']
        numbers = [
            f'{count[key]:,}'
            for key in ('positives', 'negatives', 'uncertain', 'unannotated')
        ]
        if share is None:
            numbers[:3] = ['-'] * 3
        table.add_row(
            [name, *numbers, '-' if share is None else f'{share:.2%}']
        )
    return str(table)


def _most_together(
    classes: Sequence[str], matrix: Sequence[Sequence[int]], num: int = 5
) -> str:
    pairs = [
        (matrix[i][j], classes[i], classes[j])
        for i in range(len(classes))
        for j in range(i)
        if matrix[i][j]
    ]
    pairs.sort(key=lambda pair: -pair[0])
    return ', '.join(f'{a} + {b} ({n:,})' for n, a, b in pairs[:num])
