"""What is counted in the labels of a config, and what is warned of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np

from mmda.datasets.contradictions import describe
from mmda.evaluation.functional import missing_labels
from mmda.structures.spelling import lookalikes

from .leaks import ContentCheck, leaks
from .pixel_warnings import pixel_warnings
from .pixels import SourcePixels
from .source_labels import SPLITS, SourceLabels

#: Two prevalences are reported if they differ by this factor ...
_SHIFT = 3.0
#: ... and if chance does not explain it (quantile of the standard normal).
_SHIFT_Z = 4.0
#: Warnings of one kind that the text shows.
_SHOWN = 10
#: Rows whose pairs of positives are counted at a time.
_CHUNK = 2**16


def label_report(
    sources: Sequence[SourceLabels],
    content: ContentCheck | None = None,
    pixels: Sequence[SourcePixels] = (),
) -> dict:
    """Count the labels of all sources, and collect the warnings.

    Args:
        sources (Sequence[SourceLabels]): Sources of all splits.
        content (ContentCheck, optional): Equal image files, from
            :func:`~mmda.report.leaks.equal_files`.
        pixels (Sequence[SourcePixels]): What the image files hold, from
            :func:`~mmda.report.pixels.look_at_pixels`.

    Returns:
        dict: Plain values, ready for JSON. ``classes`` are the names.
        ``splits`` has for each split ``images``, ``labels``, ``sources``
        (from :func:`count_labels`), ``overlap`` (from :func:`class_overlap`)
        and ``co_occurrence`` (from :func:`co_occurrence`). ``content`` says
        which files were compared, and ``pixels`` what the files of each source
        hold. ``warnings`` are sentences, and ``shown``
        are the first of each kind.

    Raises:
        ValueError: If there is no source, or if two sources have different
            label spaces.
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
    for split, group in by_split(sources).items():
        counts = {source.name: count_labels(source) for source in group}
        splits[split] = dict(
            images=sum(count['images'] for count in counts.values()),
            labels=sum(count['labels'] for count in counts.values()),
            sources=counts,
            overlap=class_overlap(group),
            co_occurrence=co_occurrence(group).tolist(),
        )
    warnings = [
        one_sided_classes(sources),
        contradictions(sources),
        broken_rules(sources),
        prevalence_shifts(sources),
        similar_names(sources),
        leaks(sources),
        [] if content is None else content.warnings,
        pixel_warnings(pixels),
    ]
    return dict(
        classes=list(classes),
        splits=splits,
        content='' if content is None else str(content),
        pixels={source.label: source.as_dict() for source in pixels},
        warnings=[warning for kind in warnings for warning in kind],
        shown=[line for kind in warnings for line in _first(kind)],
    )


def _first(warnings: list[str]) -> list[str]:
    """Return a few warnings of one kind, and the number of the others."""
    if len(warnings) <= _SHOWN:
        return warnings
    return [
        *warnings[: _SHOWN - 1],
        f'and {len(warnings) - _SHOWN + 1:,} more like this: '
        'label_report.json has all',
    ]


def contradictions(sources: Sequence[SourceLabels]) -> list[str]:
    """Find images that a source has twice, with labels that differ.

    Args:
        sources (Sequence[SourceLabels]): Sources of all splits.

    Returns:
        list[str]: A sentence for each source with such images.
    """
    return [
        f'{source.label}: {describe(source.contradictions, source.classes)}'
        for source in sources
        if source.contradictions
    ]


def broken_rules(sources: Sequence[SourceLabels]) -> list[str]:
    """Find labels that break the rules of the label space.

    Args:
        sources (Sequence[SourceLabels]): Sources of all splits.

    Returns:
        list[str]: A sentence for each source and each kind of labels.
    """
    found = []
    for source in sources:
        for one in source.conflicts:
            first = int(one.rows[0])
            place = f' ({source.where(first)})' if source.where else ''
            found.append(
                f'{source.label}: {len(one.rows):,} images break the rules: '
                f'{one}. The first is image {first}{place}'
            )
    return found


def by_split(
    sources: Sequence[SourceLabels],
) -> dict[str, list[SourceLabels]]:
    """Group sources by their split.

    Args:
        sources (Sequence[SourceLabels]): Sources of all splits.

    Returns:
        dict[str, list[SourceLabels]]: Split -> sources, without empty splits.
    """
    groups = {s: [x for x in sources if x.split == s] for s in SPLITS}
    return {split: group for split, group in groups.items() if group}


def positives_per_source(
    report: dict, earlier: Mapping[str, Mapping[str, int]] | None = None
) -> dict[str, dict[str, int]]:
    """Say which sources train a class, and with how many positives.

    Args:
        report (dict): From :func:`label_report`.
        earlier (Mapping, optional): The same of the training that made the
            first weights. The larger count of a source holds.

    Returns:
        dict[str, dict[str, int]]: Class -> source -> number of positives in
        the training data. Sources that do not annotate the class are left
        out.

    Examples:
        >>> count = dict(positives=3, negatives=4)
        >>> source = dict(classes={'a': count})
        >>> positives_per_source(dict(
        ...     classes=['a'], splits=dict(train=dict(sources={'A': source}))))
        {'a': {'A': 3}}
    """
    found: dict[str, dict[str, int]] = {name: {} for name in report['classes']}
    train = report['splits'].get('train', {}).get('sources', {})
    for source, entry in train.items():
        for name, count in entry['classes'].items():
            if count['positives'] + count['negatives']:
                found[name][source] = count['positives']
    for name, sources in (earlier or {}).items():
        for source, count in sources.items() if name in found else ():
            known = found[name].get(source, 0)
            found[name][source] = max(known, count)
    return found


def sampled_sources(report: dict) -> list[str]:
    """Find the training sources of which only some label maps were counted.

    Args:
        report (dict): From :func:`label_report`.

    Returns:
        list[str]: Their names. Such a source may have positives of a class
        that :func:`positives_per_source` counts as 0.
    """
    sources = report['splits'].get('train', {}).get('sources', {})
    return [n for n, one in sources.items() if one.get('sampled_from')]


def count_labels(source: SourceLabels) -> dict:
    """Count the labels of one source.

    Args:
        source (SourceLabels): N images, C classes.

    Returns:
        dict: ``images``; ``sampled_from`` (see :class:`SourceLabels`);
        ``patients``, None if unknown; ``labels``, the number of annotated
        entries ("# of labels" in the paper); ``left_out``;
        ``contradictions``, the images that the source has twice with labels
        that differ, and their rows in the source; ``conflicts``, the labels
        that break the rules, and their rows in ``score``; and ``classes``.
        For each class: ``positives`` (> 0.5), ``negatives``, ``uncertain``,
        ``unannotated``, ``prevalence``, the share of positives among
        annotated images, None without any, and with rules ``filled``, the
        number of entries that they have filled.

    Examples:
        >>> nan = float('nan')
        >>> source = SourceLabels(
        ...     'train', 'A', ('a', 'b'), np.array([[1, nan], [0, nan]]),
        ...     np.zeros(2, int))
        >>> found = count_labels(source)
        >>> found['labels'], found['classes']['a']['prevalence']
        (2, 0.5)
    """
    positives, annotated = source.counts
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
        if source.filled is not None:
            classes[name]['filled'] = int(source.filled[index])
    patients = None
    if source.patients is not None:
        # An empty id stands for an unknown patient.
        patients = len({*source.patients.tolist()} - {b'', ''})
    return dict(
        images=len(source.score),
        sampled_from=source.sampled_from,
        patients=patients,
        labels=int(annotated.sum()),
        left_out=list(source.left_out),
        contradictions=[
            dict(
                image=one.image,
                rows=one.rows,
                classes=[source.classes[i] for i in one.classes],
            )
            for one in source.contradictions
        ],
        conflicts=[
            dict(labels=one.labels, rows=one.rows.tolist())
            for one in source.conflicts
        ],
        classes=classes,
    )


def class_overlap(sources: Sequence[SourceLabels]) -> list[dict]:
    """Say which classes two sources have in common.

    Args:
        sources (Sequence[SourceLabels]): Sources of one split.

    Returns:
        list[dict]: For each pair of sources: the names ``a`` and ``b``, and
        the classes ``shared``, ``only_a`` and ``only_b``.
    """
    names = np.array(sources[0].classes, dtype=object)
    known = [(source.name, source.counts[1] > 0) for source in sources]
    return [
        dict(
            a=a,
            b=b,
            shared=names[of_a & of_b].tolist(),
            only_a=names[of_a & ~of_b].tolist(),
            only_b=names[of_b & ~of_a].tolist(),
        )
        for (a, of_a), (b, of_b) in combinations(known, 2)
    ]


def co_occurrence(sources: Sequence[SourceLabels]) -> np.ndarray:
    """Count the images that are positive in two classes.

    Args:
        sources (Sequence[SourceLabels]): Sources of one split.

    Returns:
        ndarray: int64 (C, C), symmetric, with the positives of each class on
        the diagonal; 0 for two classes that no source annotates together.
    """
    num_classes = len(sources[0].classes)
    found = np.zeros((num_classes, num_classes), dtype=np.int64)
    for source in sources:
        shown = np.flatnonzero(source.counts[0])
        for start in range(0, len(source.score), _CHUNK):
            rows = source.score[start : start + _CHUNK, shown]
            positive = (rows > 0.5).astype(np.float32)
            pairs = positive.T @ positive  # exact below 2 ** 24
            found[np.ix_(shown, shown)] += pairs.astype(np.int64)
    return found


def one_sided_classes(sources: Sequence[SourceLabels]) -> list[str]:
    """Find classes without positives or without negatives.

    Args:
        sources (Sequence[SourceLabels]): Sources of all splits.

    Returns:
        list[str]: A sentence for each split and class.
    """
    found = []
    for split, group in by_split(sources).items():
        images = sum(len(s.score) for s in group)
        counts = np.sum([s.counts for s in group], axis=0).T.tolist()
        for name, (positives, known) in zip(
            group[0].classes, counts, strict=True
        ):
            reason = missing_labels(images, positives, known - positives)
            if reason:
                found.append(f'{split}, class {name!r}: {reason}')
    return found


def prevalence_shifts(sources: Sequence[SourceLabels]) -> list[str]:
    """Find classes whose prevalence differs strongly.

    Two sources of the training are compared with each other. The whole
    training is compared with each other split. A difference is strong if it
    is a factor of 3 and if |z| > 4 in a test of two proportions.

    Args:
        sources (Sequence[SourceLabels]): Sources of all splits.

    Returns:
        list[str]: A sentence for each class and pair.
    """
    groups = by_split(sources)
    training = groups.pop('train', [])
    if not training:
        return []
    counts = [(s.label, s.counts) for s in training]
    pairs = list(combinations(counts, 2))
    whole = ('train', np.sum([count for _, count in counts], axis=0))
    pairs += [
        (whole, (split, np.sum([s.counts for s in group], axis=0)))
        for split, group in groups.items()
    ]
    found = []
    for (name_a, all_a), (name_b, all_b) in pairs:
        for index in np.flatnonzero(_shifted(*all_a, *all_b)).tolist():
            a, b = all_a[:, index].tolist(), all_b[:, index].tolist()
            found.append(
                f'prevalence of {sources[0].classes[index]!r}: '
                f'{a[0] / a[1]:.2%} in {name_a}, {b[0] / b[1]:.2%} in {name_b}'
            )
    return found


def _shifted(
    pos_a: np.ndarray, num_a: np.ndarray, pos_b: np.ndarray, num_b: np.ndarray
) -> np.ndarray:
    """Tell whose prevalence differs strongly, four times (C,) -> bool (C,)."""
    # A comparison with NaN, of a class that a side does not annotate, is False
    with np.errstate(divide='ignore', invalid='ignore'):
        low, high = np.sort([pos_a / num_a, pos_b / num_b], axis=0)
        pooled = (pos_a + pos_b) / (num_a + num_b)
        spread = np.sqrt(pooled * (1 - pooled) * (1 / num_a + 1 / num_b))
        certain = (high - low) / spread > _SHIFT_Z
    return (spread > 0) & (high >= _SHIFT * low) & certain


def similar_names(sources: Sequence[SourceLabels]) -> list[str]:
    """Find names that look like two spellings of one class.

    Names that one table annotates side by side are different classes.

    Args:
        sources (Sequence[SourceLabels]): Sources of all splits.

    Returns:
        list[str]: A sentence for each pair of names.
    """
    used: dict[str, set[str]] = {}
    for source in sources:
        for name in (*source.annotated, *source.left_out):
            used.setdefault(name, set()).add(source.label)
    return [
        f'{a!r} ({", ".join(sorted(used[a]))}) and {b!r} '
        f'({", ".join(sorted(used[b]))}) look like one class: use `aliases`, '
        'or `keep_apart` if they are two classes'
        for a, b in lookalikes(sorted(used))
        if not used[a] & used[b]
    ]
