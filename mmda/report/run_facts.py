"""What the page and the model card of a run say, as plain values."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from .label_report import positives_per_source, sampled_sources
from .predictions import Predictions
from .wrong_images import WrongClass


@dataclass
class RunFacts:
    """The facts about one training or one test.

    Attributes:
        title (str): Name of the config.
        kind (str): 'training' or 'test'.
        when (str): Where the metrics come from, such as 'validation, epoch
            6'.
        monitor (str): Key of the main metric, such as 'auc/mean'.
        classes (tuple[str, ...]): The label space, C names.
        about (dict[str, str]): Checkpoint, seed, device and more, by name.
        versions (dict[str, str]): Version of each package.
        config (str): Text of the config.
        metrics (dict[str, float]): Metrics by key, in %.
        best (dict[str, float]): Metrics of the best validation, if known.
        scalars (Mapping[str, Sequence[float]]): History of each logged value.
        pixels (bool): Whether the model answers about pixels.
        predictions (Predictions | None): Answers and labels; None for pixels.
        num_images (int): Number of images with an answer.
        labels (dict | None): From
            :func:`~mmda.report.label_report.label_report`.
        positives (dict | None): Class -> source -> positives in training.
        sampled (tuple[str, ...]): Sources of which only some label maps were
            counted.
        unknown (tuple[str, ...]): Classes that the checkpoint does not know.
        thresholds (dict[str, float]): Threshold of each class, in [0, 1].
        thresholds_from (str): Where the thresholds come from, or why there
            are none.
        similarity (ndarray | None): (C, C), of the task encodings.
        wrong (list[WrongClass]): The images that are most wrong.
        notes (list[str]): What a reader must know, such as a missing part.
    """

    title: str
    kind: str
    when: str
    monitor: str
    classes: tuple[str, ...]
    about: dict[str, str] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    config: str = ''
    metrics: dict[str, float] = field(default_factory=dict)
    best: dict[str, float] = field(default_factory=dict)
    scalars: Mapping[str, Any] = field(default_factory=dict)
    pixels: bool = False
    predictions: Predictions | None = None
    num_images: int = 0
    labels: dict | None = None
    positives: dict[str, dict[str, int]] | None = None
    sampled: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    thresholds: dict[str, float] = field(default_factory=dict)
    thresholds_from: str = ''
    similarity: np.ndarray | None = None
    wrong: list[WrongClass] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def prefix(self) -> str:
        """str: Begins the keys of the main metric."""
        return self.monitor.rsplit('/', 1)[0]

    @property
    def never_trained(self) -> dict[str, str]:
        """dict[str, str]: Classes without training, and the reason."""
        counted = sampled_sources(self.labels) if self.labels else ()
        return never_trained(
            self.classes,
            self.positives,
            self.unknown,
            [*self.sampled, *counted],
        )


def never_trained(
    classes: Sequence[str],
    positives: Mapping[str, Mapping[str, int]] | None,
    unknown: Sequence[str] = (),
    sampled: Collection[str] = (),
) -> dict[str, str]:
    """Find the classes whose answers mean nothing.

    Args:
        classes (Sequence[str]): C names.
        positives (Mapping, optional): Class -> source -> positives in
            training.
        unknown (Sequence[str]): Classes that the checkpoint does not know.
        sampled (Collection[str]): Sources whose positives were counted in
            some label maps only. They may have more.

    Returns:
        dict[str, str]: Class -> reason.

    Examples:
        >>> never_trained(['a', 'b', 'c'], dict(a={}, b={'A': 0}, c={'A': 1}))
        {'a': 'no source annotates it', 'b': 'no positive in training'}
    """
    found = {}
    for name in classes:
        counts = (positives or {}).get(name, {})
        if name in unknown:
            found[name] = 'the checkpoint does not know it'
        elif positives is None:
            continue
        elif not counts:
            found[name] = 'no source annotates it'
        elif not sum(counts.values()) and not {*counts} & {*sampled}:
            found[name] = 'no positive in training'
    return found


def check_labels(report: Any) -> tuple[dict, dict[str, dict[str, int]]]:
    """Check a label report that was read from a file.

    Args:
        report (Any): Content of ``label_report.json``.

    Returns:
        tuple[dict, dict]: The report, and its positives per source.

    Raises:
        ValueError: If this is no label report.
    """
    try:
        positives = positives_per_source(report)
        for split in report['splits'].values():
            int(split['images']), int(split['labels'])
            for count in split['sources'].values():
                int(count['images']), int(count['labels'])
                count['sampled_from'] = int(count.get('sampled_from') or 0)
                for entry in count['classes'].values():
                    int(entry['positives']), int(entry['unannotated'])
        report['warnings'] = [str(line) for line in report['warnings']]
        report['shown'] = [str(line) for line in report['shown']]
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ValueError(f'this is no label report: {error!r:.120}') from error
    return report, positives


def read_labels(facts: RunFacts, folders: Sequence[Path]) -> None:
    """Add the label report of the first folder that has one.

    Args:
        facts (RunFacts): Gets ``labels``, and ``positives`` if unknown. A
            note says why a report is not used.
        folders (Sequence[Path]): Folders of checkpoints and of runs.
    """
    for folder in folders:
        path = folder / 'label_report' / 'label_report.json'
        if not path.is_file():
            continue
        try:
            content = json.loads(path.read_text(encoding='utf-8'))
            facts.labels, positives = check_labels(content)
        except ValueError as error:
            facts.notes.append(f'{path} is not used: {error}')
            return
        if facts.positives is None:
            facts.positives = positives
        return
