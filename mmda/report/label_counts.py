"""Counts of labels: per source and class, in common, and together."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from .source_labels import SourceLabels


def count_labels(source: SourceLabels) -> dict:
    """Count the labels of one source.

    Args:
        source (SourceLabels): N images, C classes.

    Returns:
        dict: ``images``, ``sampled_from`` (images of which these are a part,
        0 if all were read), ``patients`` (None where unknown), ``labels`` (all
        annotated entries, the paper's "# of labels"), and ``classes``: name
        -> ``positives`` (> 0.5), ``negatives``, ``uncertain`` (whatever the
        policy made of them), ``unannotated``, ``prevalence`` (positives among
        annotated, None without any).

    Examples:
        >>> nan = float('nan')
        >>> source = SourceLabels(
        ...     'train', 'A', ('a', 'b'), np.array([[1, nan], [0, nan]]),
        ...     np.zeros(2, int))
        >>> found = count_labels(source)
        >>> found['labels'], found['classes']['a']['prevalence']
        (2, 0.5)
    """
    annotated = (~np.isnan(source.score)).sum(axis=0)
    positives = (source.score > 0.5).sum(axis=0)  # NaN > 0.5 is False
    classes = {}
    for index, name in enumerate(source.classes):
        known, positive = int(annotated[index]), int(positives[index])
        classes[name] = dict(
            positives=positive,
            negatives=known - positive,
            uncertain=int(source.uncertain[index]),
            unannotated=len(source.score) - known,
            prevalence=positive / known if known else None,
        )
    patients = source.patients
    return dict(
        images=len(source.score),
        sampled_from=source.sampled_from,
        patients=None if patients is None else _num_patients(patients),
        labels=int(annotated.sum()),
        left_out=list(source.left_out),
        classes=classes,
    )


def _num_patients(patients: np.ndarray) -> int:
    ids = np.unique(patients)
    return len(ids) - (ids.dtype.kind == 'S' and b'' in ids)


def annotated_classes(source: SourceLabels) -> tuple[str, ...]:
    """Return the classes that a source annotates in any image.

    Args:
        source (SourceLabels): The source.

    Returns:
        tuple[str, ...]: In the order of the label space.
    """
    known = ~np.isnan(source.score).all(axis=0)
    return tuple(n for n, k in zip(source.classes, known, strict=True) if k)


def class_overlap(sources: Sequence[SourceLabels]) -> list[dict]:
    """Say which classes two sources have in common.

    Args:
        sources (Sequence[SourceLabels]): Of one split.

    Returns:
        list[dict]: Per pair: ``a``, ``b``, ``shared``, ``only_a``,
        ``only_b``.
    """
    pairs = []
    for a, b in combinations(sources, 2):
        of_a, of_b = annotated_classes(a), annotated_classes(b)
        pairs.append(
            dict(
                a=a.name,
                b=b.name,
                shared=[name for name in of_a if name in of_b],
                only_a=[name for name in of_a if name not in of_b],
                only_b=[name for name in of_b if name not in of_a],
            )
        )
    return pairs


def co_occurrence(sources: Sequence[SourceLabels]) -> np.ndarray:
    """Count images that are positive in two classes.

    Args:
        sources (Sequence[SourceLabels]): Of one split.

    Returns:
        ndarray: int64 (C, C), symmetric; positives on the diagonal. Two
        classes that no source annotates together have 0.
    """
    total = 0
    for source in sources:
        positive = (source.score > 0.5).astype(np.float64)
        total = total + positive.T @ positive
    return np.asarray(total).astype(np.int64)
