"""Write answers to a file while they come."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import IO

from mmda.files import replacing

from .partial_label_inferencer import Answer

#: Takes an image and its answers, by class.
Write = Callable[[str, dict[str, Answer]], None]

_COLUMNS = 'image class probability decision threshold sources note'.split()


@contextmanager
def answer_file(path: str | Path) -> Iterator[Write]:
    """Open a file for answers: CSV (one line per image and class) or JSON.

    The answers so far stay in ``<stem>.partial<suffix>`` if something fails.
    The file itself is replaced when all answers are in it.

    Args:
        path (str | Path): A name that ends in .csv or .json. The folder is
            made.

    Yields:
        Callable: Writes an image and its answers.
    """
    is_json = Path(path).suffix == '.json'
    # A file system may hold names that are no UTF-8. JSON has an escape.
    errors = 'backslashreplace' if is_json else 'surrogateescape'
    with (
        replacing(path, keep=True) as part,
        open(part, 'w', encoding='utf-8', errors=errors, newline='') as file,
        (_json if is_json else _csv)(file) as write,
    ):
        yield write


@contextmanager
def _json(file: IO[str]) -> Iterator[Write]:
    start = '{\n'

    def write(image: str, answers: dict[str, Answer]) -> None:
        nonlocal start
        plain = {name: asdict(answer) for name, answer in answers.items()}
        text = json.dumps(
            {image: plain}, indent=2, ensure_ascii=False, allow_nan=False
        )
        file.write(start + text[2:-2])  # without the braces
        file.flush()
        start = ',\n'

    try:
        yield write
    finally:
        file.write('{}\n' if start == '{\n' else '\n}\n')


@contextmanager
def _csv(file: IO[str]) -> Iterator[Write]:
    writer = csv.writer(file)
    writer.writerow(_COLUMNS)

    def write(image: str, answers: dict[str, Answer]) -> None:
        for name, answer in answers.items():
            # csv writes None as an empty cell.
            yes = answer.decision
            decision = None if yes is None else int(yes)
            values = answer.probability, decision, answer.threshold
            writer.writerow(
                [image, name, *values, sources_text(answer), answer.note]
            )
        file.flush()

    yield write


def sources_text(answer: Answer) -> str:
    """Say which sources trained a class.

    Args:
        answer (Answer): An answer about the class.

    Returns:
        str: Such as ``'D0: 12 positives; D1: 3 positives'``.
    """
    if answer.sources is None:
        return 'unknown'
    return '; '.join(f'{k}: {n} positives' for k, n in answer.sources.items())
