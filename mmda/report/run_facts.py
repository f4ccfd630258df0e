"""What the page and the model card of a run say, as plain values."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mmda.evaluation.functional import (
    delong_interval,
    per_class,
    reliability,
)
from mmda.evaluation.metrics.metric_keys import key_part

from .label_report import positives_per_source
from .predictions import Predictions
from .run_summary import MEANS, split_intervals, split_metrics, value_text
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
        scalars (dict[str, list[float]]): History of each logged value.
        pixels (bool): Whether the model answers about pixels.
        predictions (Predictions | None): Answers and labels; None for pixels.
        num_images (int): Number of images with an answer.
        labels (dict | None): From
            :func:`~mmda.report.label_report.label_report`.
        positives (dict | None): Class -> source -> positives in training.
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
    scalars: Mapping[str, Sequence[float]] = field(default_factory=dict)
    pixels: bool = False
    predictions: Predictions | None = None
    num_images: int = 0
    labels: dict | None = None
    positives: dict[str, dict[str, int]] | None = None
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
        return never_trained(
            self.classes, self.positives, self.unknown, self.labels
        )


def never_trained(
    classes: Sequence[str],
    positives: Mapping[str, Mapping[str, int]] | None,
    unknown: Sequence[str] = (),
    labels: dict | None = None,
) -> dict[str, str]:
    """Find the classes whose answers mean nothing.

    Args:
        classes (Sequence[str]): C names.
        positives (Mapping, optional): Class -> source -> positives in
            training.
        unknown (Sequence[str]): Classes that the checkpoint does not know.
        labels (dict, optional): The label report. It says whether the
            positives were counted in a sample of the label maps.

    Returns:
        dict[str, str]: Class -> reason.

    Examples:
        >>> never_trained(['a', 'b', 'c'], dict(a={}, b={'A': 0}, c={'A': 1}))
        {'a': 'no source annotates it', 'b': 'no positive in training'}
    """
    sources = (labels or {}).get('splits', {}).get('train', {})
    is_sample = any(
        count.get('sampled_from')
        for count in sources.get('sources', {}).values()
    )
    found = {}
    for name in classes:
        counts = (positives or {}).get(name, {})
        if name in unknown:
            found[name] = 'the checkpoint does not know it'
        elif positives is None:
            continue
        elif not counts:
            found[name] = 'no source annotates it'
        elif not sum(counts.values()) and not is_sample:
            found[name] = 'no positive in training'
    return found


@dataclass
class ClassRow:
    """A row of the table of classes; texts are ready to show.

    Attributes:
        name (str): The class, or a mean.
        is_mean (bool): Whether the row is a mean.
        trained_by (str): Sources with their positives.
        why_not (str): Why the class was never trained; '' if it was.
        counts (str): Annotated positives and negatives, of the images that
            were evaluated.
        value (str): Metric over all images, with its interval.
        per_source (list[str]): The same for each source.
        threshold (str): The answer is "yes" from here on.
        sensitivity (str): At the threshold.
        specificity (str): At the threshold.
        ece (str): Expected calibration error.
    """

    name: str
    is_mean: bool = False
    trained_by: str = ''
    why_not: str = ''
    counts: str = ''
    value: str = '-'
    per_source: list[str] = field(default_factory=list)
    threshold: str = '-'
    sensitivity: str = '-'
    specificity: str = '-'
    ece: str = '-'


def class_rows(facts: RunFacts) -> tuple[list[str], list[ClassRow]]:
    """Build the table of classes and means.

    Args:
        facts (RunFacts): The facts.

    Returns:
        tuple[list[str], list[ClassRow]]: The sources with a column of their
        own, and the rows, means last.
    """
    overall, per_source = split_metrics(facts.metrics, facts.prefix)
    if len(per_source) < 2:
        per_source = {}
    intervals = split_intervals(facts.metrics, facts.prefix)
    why = facts.never_trained
    means = [name for name in MEANS if name in overall]
    rows = []
    for name in [*facts.classes, *means]:
        row = ClassRow(name, name in means and name not in facts.classes)
        key = key_part(name)
        row.value = value_text(overall.get(name), intervals.get(key))
        row.per_source = [
            value_text(
                values.get(name), intervals.get(f'{key_part(source)}/{key}')
            )
            for source, values in per_source.items()
        ]
        if not row.is_mean:
            counts = (facts.positives or {}).get(name, {})
            row.trained_by = ', '.join(f'{s} {n:,}' for s, n in counts.items())
            row.why_not = why.get(name, '')
            _add_answers(row, facts)
        rows.append(row)
    return list(per_source), rows


def _add_answers(row: ClassRow, facts: RunFacts) -> None:
    """Add what needs the answers about whole images."""
    if facts.predictions is None:
        return
    index = facts.predictions.classes.index(row.name)
    target = facts.predictions.target[:, index]
    known = ~np.isnan(target)
    score, positive = (
        facts.predictions.score[known, index],
        target[known] > 0.5,
    )
    row.counts = f'{positive.sum():,} / {(~positive).sum():,}'
    if not np.all((score >= 0) & (score <= 1)):
        return
    row.ece = _share(reliability(score, target[known]).ece)
    if row.name in facts.thresholds and not row.why_not:
        threshold = facts.thresholds[row.name]
        yes = score >= threshold
        row.threshold = f'{threshold:.3f}'
        row.sensitivity = _share(_mean(yes[positive]))
        row.specificity = _share(_mean(~yes[~positive]))


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else math.nan


def _share(value: float) -> str:
    return 'n/a' if math.isnan(value) else f'{value:.3f}'


def add_intervals(
    metrics: Mapping[str, float], predictions: Predictions | None, prefix: str
) -> dict[str, float]:
    """Add DeLong's intervals of the AUC, if the metrics have no intervals.

    Args:
        metrics (Mapping[str, float]): Metrics by key, in %.
        predictions (Predictions, optional): The answers that were measured.
        prefix (str): Begins the keys. Only 'auc' has such intervals.

    Returns:
        dict[str, float]: The metrics, with the keys of ``PartialLabelAUC``.
    """
    found = dict(metrics)
    if predictions is None or prefix != 'auc':
        return found
    if split_intervals(metrics, prefix):
        return found
    sources = np.array([str(s) for s in predictions.sources])
    scopes = {'': np.ones(len(sources), dtype=bool)}
    scopes |= {f'{key_part(s)}/': sources == s for s in np.unique(sources)}
    for scope, rows in scopes.items():
        ends = per_class(
            delong_interval, predictions.score[rows], predictions.target[rows]
        )[:, 2:]
        for name, (low, high) in zip(predictions.classes, ends, strict=True):
            key = f'{prefix}/{scope}{key_part(name)}'
            if key in metrics:
                found[f'{key}/delong_low'] = float(low) * 100
                found[f'{key}/delong_high'] = float(high) * 100
    return found


def has_several_images_of_a_patient(predictions: Predictions) -> bool:
    """Tell whether the images are not independent of each other.

    Args:
        predictions (Predictions): Predictions of N images.

    Returns:
        bool: True if two images are of one patient.
    """
    known = [
        pair
        for pair in zip(predictions.sources, predictions.patients, strict=True)
        if pair[1] not in (None, '')
    ]
    return len(set(known)) < len(known)


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
                int(count['images'])
                for entry in count['classes'].values():
                    int(entry['positives']), int(entry['unannotated'])
        report['warnings'] = [str(line) for line in report['warnings']]
        report['shown'] = [str(line) for line in report['shown']]
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ValueError(f'this is no label report: {error!r:.120}') from error
    return report, positives
