"""Which labels a config has: counts, overlap, warnings, as text and plain."""

from __future__ import annotations

from collections.abc import Sequence

from prettytable import PrettyTable

from .file_hashes import ContentCheck
from .label_counts import class_overlap, co_occurrence, count_labels
from .label_warnings import label_warnings
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
        :func:`~mmda.report.label_counts.count_labels`), ``overlap`` and
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
