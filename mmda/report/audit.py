"""Compare the labels of sources with the answers of a model."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from mmda.evaluation.functional import (
    label_errors,
    recalibrate,
    sure_answers,
)
from mmda.files import replacing

from .activation import shown_pixels
from .figure import PAGE_WIDTH, SMALL, new_figure, save_figure
from .leaks import image_keys
from .source_labels import SourceLabels

#: Images side by side on the contact sheet.
_COLUMNS = 6


class Entry(NamedTuple):
    """A class of an image: its answer, and how good its label is.

    Attributes:
        row (int): Position of the image among all images.
        column (int): The class.
        quality (float): From 0, a wrong label, to 1.
    """

    row: int
    column: int
    quality: float


@dataclass
class Audit:
    """Labels of S sources, and the answers of a model about their images.

    The labels take 4 bytes per entry, and so do the answers. What follows
    from them is computed class by class.

    Attributes:
        classes (tuple[str, ...]): The label space, C names.
        sources (list[SourceLabels]): The sources, of N images together. A
            part of a source that has a model of its own stands here alone.
        datasets (list): The dataset of each source, with the pipeline of a
            test.
        score (ndarray): float32 (N, C), probabilities. NaN if the model
            cannot answer.
        warnings (list[str]): What a reader must know.
    """

    classes: tuple[str, ...]
    sources: list[SourceLabels]
    datasets: list[Any]
    score: np.ndarray
    warnings: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        sizes = [len(source.score) for source in self.sources]
        self.ends = np.cumsum(sizes)
        self.target = np.empty_like(self.score)
        for source, end in zip(self.sources, self.ends, strict=True):
            place = slice(end - len(source.score), end)
            self.target[place] = source.score
            source.score = self.target[place]  # not twice in memory

    def place(self, row: int) -> tuple[int, int]:
        """Find an image.

        Args:
            row (int): Position among all images.

        Returns:
            tuple[int, int]: Its source, and its position there.
        """
        source = int(np.searchsorted(self.ends, row, side='right'))
        return source, int(row - self.ends[source]) + len(
            self.sources[source].score
        )

    def origin(self, row: int) -> tuple[str, str, str]:
        """Say where an image comes from.

        Args:
            row (int): Position among all images.

        Returns:
            tuple[str, str, str]: File ('' in memory), row of the annotation,
            and source.
        """
        number, index = self.place(row)
        source = self.sources[number]
        path = '' if source.paths is None else source.paths[index]
        where = source.where(index) if source.where else f'image {index}'
        return os.fsdecode(path), where, source.name

    def drop_unseen(self, parts: Sequence[str]) -> None:
        """Forget answers of models that had no positive, or no negative.

        Args:
            parts (Sequence[str]): For each source the part that it is. The
                model that answered has seen all other parts of the split, and
                they are all here. With one part alone, nothing is known about
                the others.
        """
        names = list(dict.fromkeys(parts))
        if len(names) < 2:
            return
        sizes = np.diff(self.ends, prepend=0)
        part = np.repeat([names.index(p) for p in parts], sizes)
        for index, name in enumerate(self.classes):
            column = self.target[:, index]
            for kind, is_kind in (
                ('positive', column > 0.5),
                ('negative', column < 0.5),
            ):
                owners = np.unique(part[is_kind])
                if len(owners) != 1:
                    continue
                self.score[part == owners[0], index] = np.nan
                self.warnings.append(
                    f'class {name!r}: part {names[owners[0]]} has every '
                    f'{kind}, so the model of this part has seen none. Its '
                    'answers about the class do not count'
                )

    def contradicted(self, limit: int) -> tuple[list[Entry], dict[str, int]]:
        """Find the annotated entries that the model contradicts.

        Args:
            limit (int): Greatest number of entries to return.

        Returns:
            tuple[list[Entry], dict[str, int]]: The entries, the most
            suspicious first; and class -> number of entries without a limit.
        """
        rows, columns, quality, counts = [], [], [], {}
        for index, name in enumerate(self.classes):
            found = label_errors(self.score[:, index], self.target[:, index])
            counts[name] = len(found.rows)
            rows.append(found.rows[:limit])
            columns.append(np.full(len(rows[-1]), index))
            quality.append(found.quality[:limit])
            if not found.is_defined:
                self.warnings.append(
                    f'class {name!r}: expected annotated positives and '
                    'negatives with an answer; nothing can be said about it'
                )
        order = np.argsort(np.concatenate(quality), kind='stable')[:limit]
        table = zip(
            np.concatenate(rows)[order].tolist(),
            np.concatenate(columns)[order].tolist(),
            np.concatenate(quality)[order].tolist(),
            strict=True,
        )
        return [Entry(*entry) for entry in table], counts

    def thresholds(self, share: float) -> dict[str, tuple[float, float]]:
        """Choose from where on the model is sure.

        Args:
            share (float): See
                :func:`~mmda.evaluation.functional.sure_answers`.

        Returns:
            dict[str, tuple[float, float]]: Class -> sure of "no" below, and
            of "yes" above.
        """
        return {
            name: sure_answers(self.score[:, i], self.target[:, i], share)
            for i, name in enumerate(self.classes)
        }

    def sure(
        self, rows: slice, thresholds: Mapping[str, tuple[float, float]]
    ) -> np.ndarray:
        """Return which unannotated entries the model is sure of.

        Args:
            rows (slice): Some images.
            thresholds (Mapping): From :meth:`thresholds`.

        Returns:
            ndarray: bool (n, C).
        """
        low, high = np.array([thresholds[n] for n in self.classes]).T
        score = self.score[rows]
        return np.isnan(self.target[rows]) & ((score < low) | (score > high))

    def disagreements(self, by_content: bool) -> Iterator[tuple[int, int]]:
        """Find labels on which two sources disagree about one image.

        Args:
            by_content (bool): Whether to compare the content of files, too.

        Yields:
            tuple[int, int]: Image and class, all entries of one image in
            turn. One source says yes, and another says no.
        """
        keys = image_keys(self.sources, by_content)
        known = np.flatnonzero(keys != b'')
        order = known[np.argsort(keys[known], kind='stable')]
        ends = np.flatnonzero(keys[order][1:] != keys[order][:-1]) + 1
        starts = np.concatenate([[0], ends])
        sizes = np.diff(np.append(starts, len(order)))
        for start, size in zip(starts, sizes, strict=True):
            if size < 2:
                continue
            rows = order[start : start + size]
            labels = self.target[rows]
            differs = (labels > 0.5).any(axis=0) & (labels < 0.5).any(axis=0)
            for index in np.flatnonzero(differs).tolist():
                for row in rows[~np.isnan(labels[:, index])].tolist():
                    yield row, index


def write_entries(
    path: Path,
    audit: Audit,
    entries: Iterable[tuple[Any, ...]],
    ranked: bool = False,
) -> None:
    """Write entries as a table.

    Args:
        path (Path): CSV to write.
        audit (Audit): Labels and answers.
        entries (Iterable[tuple]): Image, class, and the quality of the label
            if ``ranked``.
        ranked (bool): Whether there is a column ``quality``.
    """
    header = ['file', 'row', 'source', 'class', 'label', 'answer']
    with _writer(path) as write:
        write([*header, *['quality'] * ranked])
        for row, index, *quality in entries:
            values = (audit.target[row, index], audit.score[row, index])
            texts = [_text(value) for value in (*values, *quality)]
            write([*audit.origin(row), audit.classes[index], *texts])


def write_sure(
    folder: Path,
    audit: Audit,
    thresholds: Mapping[str, tuple[float, float]],
    block: int = 4096,
) -> dict[str, Any]:
    """Write what the model is sure of, as a list and as a new source.

    Args:
        folder (Path): Holds ``unannotated.csv``, an entry per row, and
            ``self_training.csv``, which
            :class:`~mmda.datasets.CSVLabelDataset` reads: an image per row,
            with its own labels and, where it has none, sure answers as soft
            labels. They are calibrated, so that "yes" is no 0.2 of a model
            that answers low.
        audit (Audit): Labels and answers.
        thresholds (Mapping): From :meth:`Audit.thresholds`.
        block (int): Images at a time.

    Returns:
        dict: ``counts``, class -> number of sure answers; ``data_prefix``,
        the folder of the images; ``patient_column``, None without patients;
        ``images``, the number of rows; ``in_memory``, names of sources whose
        images have no file and no row.
    """
    root = _common_folder(audit.sources)
    origins = list(dict.fromkeys(s.origin for s in audit.sources))
    has_patients = any(s.patients is not None for s in audit.sources)
    counts, images = np.zeros(len(audit.classes), int), 0
    soft = np.empty_like(audit.score)
    for index in range(len(audit.classes)):
        soft[:, index] = recalibrate(
            audit.score[:, index], audit.target[:, index]
        )
    with (
        _writer(folder / 'unannotated.csv') as say,
        _writer(folder / 'self_training.csv') as write,
    ):
        say(['file', 'row', 'source', 'class', 'answer'])
        write(['path', *['patient'] * has_patients, *audit.classes])
        for start in range(0, len(audit.target), block):
            rows = slice(start, start + block)
            is_sure = audit.sure(rows, thresholds)
            counts += is_sure.sum(axis=0)
            for row, index in np.argwhere(is_sure) + [start, 0]:
                answer = _text(audit.score[row, index])
                say([*audit.origin(row), audit.classes[index], answer])
            cells = np.where(is_sure, soft[rows], audit.target[rows])
            for row, values in enumerate(cells, start):
                number, index = audit.place(row)
                source = audit.sources[number]
                if source.paths is None or not source.paths[index]:
                    continue
                texts = [os.fsdecode(source.paths[index])[len(root) :]]
                if has_patients:
                    texts.append(_patient(source, index, origins))
                write([*texts, *map(_text, values)])
                images += 1
    return dict(
        counts=dict(zip(audit.classes, counts.tolist(), strict=True)),
        data_prefix=root,
        patient_column='patient' if has_patients else None,
        images=images,
        in_memory=[s.name for s in audit.sources if s.paths is None],
    )


def _common_folder(sources: Sequence[SourceLabels]) -> str:
    ends = [
        os.fsdecode(path)
        for source in sources
        if source.paths is not None
        for path in np.sort(source.paths)[[0, -1]]
    ]
    start = os.path.commonprefix(ends)
    return start[: start.rfind('/') + 1]


def _patient(source: SourceLabels, index: int, origins: Sequence) -> str:
    """Return an id of a patient that no other origin uses."""
    name = '' if source.patients is None else source.patients[index]
    # Some readers have numbers.
    text = os.fsdecode(name) if isinstance(name, bytes) else str(name)
    if not text or len(origins) < 2:
        return text
    return f'{origins.index(source.origin)}-{text}'


def _text(value: float) -> str:
    return '' if np.isnan(value) else f'{value:.4g}'


@contextmanager
def _writer(path: Path) -> Iterator[Callable[[Iterable], Any]]:
    """Open a CSV file whole, and give the function that writes a row."""
    with (
        replacing(path) as part,
        open(
            part, 'w', encoding='utf-8', errors='surrogateescape', newline=''
        ) as file,
    ):
        yield csv.writer(file, lineterminator='\n').writerow


def draw_sheet(path: Path, audit: Audit, entries: Sequence[Entry]) -> None:
    """Draw images with a label and the answer that contradicts it.

    Args:
        path (Path): PNG to write, with a PDF of the same name.
        audit (Audit): Labels and answers.
        entries (Sequence[Entry]): One or more entries.
    """
    lines = -(-len(entries) // _COLUMNS)
    figure = new_figure(PAGE_WIDTH, 1.75 * lines)
    grid = figure.subplots(lines, _COLUMNS, squeeze=False).ravel()
    for axes in grid:
        axes.set_axis_off()
    for axes, entry in zip(grid, entries, strict=False):
        number, index = audit.place(entry.row)
        file, where, source = audit.origin(entry.row)
        label = audit.target[entry.row, entry.column]
        answer = audit.score[entry.row, entry.column]
        said = {0.0: 'no', 1.0: 'yes'}.get(float(label), f'{label:.2f}')
        axes.imshow(shown_pixels(audit.datasets[number][index]['inputs']))
        axes.set_title(
            f'{Path(file).name or where:.24}\n{source:.24}\n'
            f'{audit.classes[entry.column]:.24}\nlabel {said}, '
            f'answer {answer:.2f}',
            fontsize=SMALL - 2,
        )
    save_figure(figure, path)
