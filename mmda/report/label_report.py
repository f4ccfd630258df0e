"""Which labels a config has: counts, overlap, warnings, as text and plain."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Sequence
from itertools import combinations

import numpy as np

from .leaks import ContentCheck, leaks
from .source_labels import SPLITS, SourceLabels


def label_report(
    sources: Sequence[SourceLabels], content: ContentCheck | None = None
) -> dict:
    """Count the labels of all sources.

    Args:
        sources (Sequence[SourceLabels]): Of all splits.
        content (ContentCheck, optional): Of the image files.

    Returns:
        dict: Plain values, ready for JSON: ``classes``, ``splits`` (name ->
        ``images``, ``labels``, ``sources`` (see
        :func:`~mmda.report.label_report.count_labels`), ``overlap`` and
        ``co_occurrence``), ``content`` (what was compared), and ``warnings``.

    Raises:
        ValueError: If there is no source, or the sources have different label
            spaces.
    """
    if not sources:
        raise ValueError('no train, val or test dataset in the config')
    classes = sources[0].classes
    for source in sources:
        if source.classes != classes:
            raise ValueError(
                f'{source.label} has another label space than '
                f'{sources[0].label}: {source.classes} and {classes}'
            )
    splits = {}
    for split in SPLITS:
        group = [source for source in sources if source.split == split]
        if not group:
            continue
        counts = {source.name: count_labels(source) for source in group}
        splits[split] = dict(
            images=sum(count['images'] for count in counts.values()),
            labels=sum(count['labels'] for count in counts.values()),
            sources=counts,
            overlap=class_overlap(group),
            co_occurrence=co_occurrence(group).tolist(),
        )
    warnings = label_warnings(sources)
    if content is not None:
        warnings += content.warnings
    return dict(
        classes=list(classes),
        splits=splits,
        content='' if content is None else str(content),
        warnings=warnings,
    )


def positives_per_source(report: dict) -> dict[str, dict[str, int]]:
    """Say which sources trained a class, and with how many positives.

    Args:
        report (dict): From :func:`label_report`.

    Returns:
        dict[str, dict[str, int]]: Class -> source -> positives in training;
        sources that do not annotate the class are left out.

    Examples:
        >>> count = dict(positives=3, negatives=4)
        >>> source = dict(classes={'a': count})
        >>> positives_per_source(dict(
        ...     classes=['a'], splits=dict(train=dict(sources={'A': source}))))
        {'a': {'A': 3}}
    """
    sources = report['splits'].get('train', {}).get('sources', {})
    return {
        name: {
            source: counts['classes'][name]['positives']
            for source, counts in sources.items()
            if counts['classes'][name]['positives']
            + counts['classes'][name]['negatives']
        }
        for name in report['classes']
    }


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


#: Prevalences that differ by this factor are pointed out ...
_SHIFT = 3.0
#: ... if chance does not explain it (standard normal quantile).
_SHIFT_Z = 4.0
_ALIKE = 0.85


def label_warnings(sources: Sequence[SourceLabels]) -> list[str]:
    """Collect the warnings about the sources of a config.

    Args:
        sources (Sequence[SourceLabels]): Of all splits.

    Returns:
        list[str]: One sentence each.
    """
    return [
        *one_sided_classes(sources),
        *prevalence_shifts(sources),
        *similar_names(sources),
        *leaks(sources),
    ]


def one_sided_classes(sources: Sequence[SourceLabels]) -> list[str]:
    """Point out classes without positives or without negatives.

    Args:
        sources (Sequence[SourceLabels]): Of all splits.

    Returns:
        list[str]: One sentence per split and class.
    """
    found = []
    for split, group in _by_split(sources).items():
        for index, name in enumerate(group[0].classes):
            column = np.concatenate([s.score[:, index] for s in group])
            known = column[~np.isnan(column)]
            if not len(known):
                found.append(
                    f'{split}: {name!r} is not annotated by any source'
                )
            elif not (known > 0.5).any():
                found.append(
                    f'{split}: {name!r} has no positive among {len(known)} '
                    'annotated images'
                )
            elif (known > 0.5).all():
                found.append(
                    f'{split}: {name!r} has no negative among {len(known)} '
                    'annotated images'
                )
    return found


def prevalence_shifts(sources: Sequence[SourceLabels]) -> list[str]:
    """Point out classes whose prevalence differs strongly.

    Compared are the sources of the training with each other, and the training
    with each other split, all sources together.

    Args:
        sources (Sequence[SourceLabels]): Of all splits.

    Returns:
        list[str]: One sentence per class and pair: a factor of 3 or more that
        is no chance (|z| > 4, two proportions).
    """
    groups = _by_split(sources)
    training = groups.get('train', [])
    pairs = [
        ((a.label, [a]), (b.label, [b])) for a, b in combinations(training, 2)
    ]
    pairs += [
        (('train', training), (split, group))
        for split, group in groups.items()
        if split != 'train' and training
    ]
    found = []
    for (name_a, group_a), (name_b, group_b) in pairs:
        counts_a, counts_b = _counts(group_a), _counts(group_b)
        for index, name in enumerate(sources[0].classes):
            a, b = counts_a[:, index], counts_b[:, index]
            if _shifted(*a, *b):
                found.append(
                    f'prevalence of {name!r}: {a[0] / a[1]:.2%} in {name_a}, '
                    f'{b[0] / b[1]:.2%} in {name_b}'
                )
    return found


def similar_names(sources: Sequence[SourceLabels]) -> list[str]:
    """Point out names that look like two spellings of one class.

    Names that one source annotates side by side are different classes and
    pass.

    Args:
        sources (Sequence[SourceLabels]): Of all splits.

    Returns:
        list[str]: One sentence per pair.
    """
    used: dict[str, set[str]] = {}
    for source in sources:
        for name in (*annotated_classes(source), *source.left_out):
            used.setdefault(name, set()).add(source.name)
    found = []
    for a, b in combinations(sorted(used), 2):
        if not used[a] & used[b] and looks_alike(a, b):
            found.append(
                f'{a!r} ({", ".join(sorted(used[a]))}) and {b!r} '
                f'({", ".join(sorted(used[b]))}) look like one class: use '
                '`aliases`, or `keep_apart` if they are two'
            )
    return found


def looks_alike(a: str, b: str) -> bool:
    """Tell whether two names may be spellings of one class.

    Args:
        a (str): A name.
        b (str): Another one.

    Returns:
        bool: True where they agree but for case, separators or a few letters,
        or one has all words of the other.

    Examples:
        >>> looks_alike('Effusion', 'Pleural_effusion')
        True
        >>> looks_alike('Pneumonia', 'Pneumothorax')
        False
        >>> looks_alike('Edema (A)', 'Edema (B)')  # kept apart on purpose
        False
        >>> looks_alike('Melanoma (MEL)', 'melanoma (mel)')
        True
    """
    (start_a, _, own_a), (start_b, _, own_b) = (
        name.casefold().partition('(') for name in (a, b)
    )
    if start_a == start_b and own_a and own_b and own_a != own_b:
        return False
    first, second = (
        re.sub(r'[\W_]+', ' ', n).casefold().strip() for n in (a, b)
    )
    if not first or not second:
        return False
    words_a, words_b = set(first.split()), set(second.split())
    if words_a <= words_b or words_b <= words_a:
        return True
    if min(len(first), len(second)) < 4:  # 'A1' and 'A2' are names, not typos
        return False
    return difflib.SequenceMatcher(None, first, second).ratio() >= _ALIKE


def _by_split(
    sources: Sequence[SourceLabels],
) -> dict[str, list[SourceLabels]]:
    groups: dict[str, list[SourceLabels]] = {}
    for source in sources:
        groups.setdefault(source.split, []).append(source)
    return groups


def _counts(group: Sequence[SourceLabels]) -> np.ndarray:
    """Return positives and annotated entries, int64 (2, C)."""
    return np.array(
        [
            sum((s.score > 0.5).sum(axis=0) for s in group),
            sum((~np.isnan(s.score)).sum(axis=0) for s in group),
        ]
    )


def _shifted(pos_a: int, num_a: int, pos_b: int, num_b: int) -> bool:
    if not num_a or not num_b or not pos_a + pos_b:
        return False
    rate_a, rate_b = pos_a / num_a, pos_b / num_b
    low, high = sorted((rate_a, rate_b))
    if high < _SHIFT * low:
        return False
    pooled = (pos_a + pos_b) / (num_a + num_b)
    spread = math.sqrt(pooled * (1 - pooled) * (1 / num_a + 1 / num_b))
    return spread > 0 and (high - low) / spread > _SHIFT_Z
