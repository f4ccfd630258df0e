"""The files of a label report."""

from __future__ import annotations

import json
from pathlib import Path

from .label_figure import draw_availability
from .label_report import report_text


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
