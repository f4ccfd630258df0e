"""A split as tables for the console, and as a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from prettytable import PrettyTable

from mmda.datasets.split_file import fingerprint, write_split

from .split_pool import Pool


def part_table(pool: Pool, found: dict) -> PrettyTable:
    """Show how many images are in which part.

    Args:
        pool (Pool): The images.
        found (dict): From :func:`~mmda.report.splits.describe_split`.

    Returns:
        PrettyTable: A row per part, a column per source.
    """
    groups = 'patients' if any(pool.patients) else 'different images'
    heads = ['part', 'images', groups]
    # Prettytable refuses equal heads.
    sources = [f'{s} (source)' if s in heads else s for s in pool.sources]
    table = PrettyTable([*heads, *sources])
    table.align = 'r'
    table.align['part'] = 'l'
    for name, entry in found['parts'].items():
        table.add_row(
            [name, entry['images'], entry['groups'], *entry['sources']]
        )
    return table


def class_table(found: dict) -> PrettyTable:
    """Show how well each class keeps its prevalence.

    Args:
        found (dict): From :func:`~mmda.report.splits.describe_split`.

    Returns:
        PrettyTable: A row per class.
    """
    table = PrettyTable(
        ['class', 'prevalence', 'worst part', 'positives per part']
    )
    table.align = 'r'
    table.align['class'] = 'l'
    for name, entry in found['classes'].items():
        cells = ['n/a', 'n/a']
        if entry['prevalence'] is not None:
            cells = [
                f'{entry["prevalence"]:.2%}',
                f'{100 * entry["deviation"]:.2f} points',
            ]
        table.add_row([name, *cells, ' '.join(map(str, entry['positives']))])
    return table


def write_parts(
    path: str,
    pool: Pool,
    part: np.ndarray,
    names: Sequence[str],
    fractions: Mapping[str, float],
    seed: int,
    found: dict,
) -> None:
    """Write the file of a split.

    Args:
        path (str): The file.
        pool (Pool): The images.
        part (ndarray): int (G,), from :func:`~mmda.report.splits.divide`.
        names (Sequence[str]): The parts.
        fractions (Mapping[str, float]): Part -> fraction.
        seed (int): The seed.
        found (dict): From :func:`~mmda.report.splits.describe_split`.
    """
    sources = []
    for index, name in enumerate(pool.sources):
        rows = (pool.source == index).nonzero()[0].tolist()
        sources.append(
            dict(
                name=name,
                images=len(rows),
                fingerprint=fingerprint(pool.names[row] for row in rows),
            )
        )
    record = dict(
        seed=seed,
        fractions=dict(fractions),
        sources=sources,
        parts=found['parts'],
        classes=found['classes'],
    )
    columns = zip(
        (pool.sources[index] for index in pool.source),
        pool.names,
        pool.patients,
        (names[index] for index in part[pool.group]),
        strict=True,
    )
    write_split(path, record, columns)
