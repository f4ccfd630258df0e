"""The table of classes on the page and on the card of a run."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from mmda.evaluation.functional import (
    per_group,
    ranked_delong,
    reliability,
)
from mmda.evaluation.metrics.metric_keys import UNKNOWN_GROUP, key_part

from .predictions import Predictions
from .run_facts import RunFacts
from .run_summary import (
    MEANS,
    split_groups,
    split_intervals,
    split_metrics,
    value_text,
)


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
    names = {'mean_shared': 'mean of the shared classes'}
    names['mean_of_interest'] = 'mean of the classes of interest'
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
        else:
            row.name = names.get(name, name)
        rows.append(row)
    return list(per_source), rows


@dataclass
class GroupTable:
    """The metric within the groups of one grouping, ready to show.

    Attributes:
        name (str): The grouping, such as 'sex'.
        groups (list[tuple[str, int]]): The groups, with their images.
        unknown (int): Images that are in none of the groups.
        rows (list[tuple[str, list[str], str]]): Each class, its value in each
            group, and the largest gap.
        small (list[str]): Groups that are too small for each class.
    """

    name: str
    groups: list[tuple[str, int]]
    unknown: int
    rows: list[tuple[str, list[str], str]]
    small: list[str]


def group_tables(
    metrics: Mapping[str, float], prefix: str
) -> list[GroupTable]:
    """Build a table for each grouping among the metrics.

    Args:
        metrics (Mapping[str, float]): See
            :func:`~mmda.report.run_summary.split_groups`, in %.
        prefix (str): Begins the keys.

    Returns:
        list[GroupTable]: Empty without groups.
    """
    intervals = split_intervals(metrics, prefix)
    tables = []
    for grouping, groups in split_groups(metrics, prefix).items():
        part = key_part(grouping)
        counts = f'{prefix}/num_images/{part}'
        table = GroupTable(
            grouping,
            [(g, int(metrics[f'{counts}/{key_part(g)}'])) for g in groups],
            int(metrics.get(f'{counts}/{UNKNOWN_GROUP}', 0)),
            [],
            [g for g, v in groups.items() if np.isnan([*v.values()]).all()],
        )
        for name in next(iter(groups.values())):
            values = {g: found[name] for g, found in groups.items()}
            texts = [
                value_text(
                    value,
                    intervals.get(f'{part}/{key_part(g)}/{key_part(name)}'),
                ).replace('n/a', 'too small')
                for g, value in values.items()
            ]
            key = f'gap/{part}/{key_part(name)}'
            gap = value_text(
                metrics.get(f'{prefix}/{key}'), intervals.get(key)
            )
            if gap != '-':
                known = {g: v for g, v in values.items() if v == v}
                best = max(known, key=known.__getitem__)
                worst = min(known, key=known.__getitem__)
                gap += f' ({best} - {worst})'
            table.rows.append((name, texts, gap))
        tables.append(table)
    return tables


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
    sources, groups = np.unique(
        [str(s) for s in predictions.sources], return_inverse=True
    )
    ends = per_group(
        ranked_delong,
        predictions.score,
        predictions.target,
        groups,
        len(sources),
    )[..., 2:]
    scopes = ['', *(f'{key_part(source)}/' for source in sources)]
    for scope, values in zip(scopes, ends, strict=True):
        for name, (low, high) in zip(predictions.classes, values, strict=True):
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
