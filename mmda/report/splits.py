"""Split sources by patient, and say how well each class keeps its share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mmda.datasets.stratify import stratify

from .split_pool import Pool


def divide(
    pool: Pool,
    fractions: Mapping[str, float],
    seed: int,
    known: Mapping[str, np.ndarray],
) -> np.ndarray:
    """Assign the groups to parts.

    A part of ``known`` that has no fraction is complete: the fractions divide
    the other groups.

    Args:
        pool (Pool): The images.
        fractions (Mapping[str, float]): Part -> fraction, with the sum 1; or
            empty.
        seed (int): Seed of :func:`~mmda.datasets.stratify.stratify`.
        known (Mapping[str, ndarray]): Part -> groups, see
            :func:`~mmda.report.split_pool.read_known`.

    Returns:
        ndarray: int (G,), position among the parts: those with a fraction
        first, then the other known ones.

    Raises:
        ValueError: If there are fewer groups than parts, if a part stays
            empty, or if groups are left over without fractions.
    """
    names = part_names(fractions, known)
    part = np.full(pool.num_groups, -1)
    for name, groups in known.items():
        part[groups] = names.index(name)
    to_divide = part < len(fractions)
    if not fractions and to_divide.any():
        index = int(np.flatnonzero(to_divide[pool.group])[0])
        raise ValueError(
            f'{int(to_divide[pool.group].sum()):,} images are in no list, '
            f'such as {pool.names[index]}. Give --folds or --fractions for '
            'the others'
        )
    if fractions:
        total = int(to_divide.sum())
        if total < len(fractions):
            raise ValueError(
                f'{len(fractions)} parts of {total} '
                f'{pool.noun(total)}: expected at most as many parts'
            )
        part[to_divide] = stratify(
            pool.counts()[to_divide],
            list(fractions.values()),
            seed,
            part[to_divide],
        )
    empty = [names[i] for i in range(len(names)) if not (part == i).any()]
    if empty:
        raise ValueError(
            f'part {empty[0]!r} stays empty: the '
            f'{pool.noun(pool.num_groups)} are too few for its fraction'
        )
    return part


def part_names(
    fractions: Mapping[str, float], known: Mapping[str, Any]
) -> list[str]:
    """Return the names of all parts, those with a fraction first.

    Args:
        fractions (Mapping[str, float]): Part -> fraction.
        known (Mapping[str, Any]): Part -> anything.

    Returns:
        list[str]: Different names.
    """
    return list(dict.fromkeys([*fractions, *known]))


def random_split(
    fractions: Mapping[str, float], seed: int, part: np.ndarray
) -> np.ndarray:
    """Divide the same groups at random, as ``part_of='patients'`` does.

    Args:
        fractions (Mapping[str, float]): Part -> fraction of the groups.
        seed (int): The seed.
        part (ndarray): int (G,), from :func:`divide`. Groups beyond the
            fractions stay where they are.

    Returns:
        ndarray: int (G,).
    """
    moving = np.flatnonzero(part < len(fractions))
    order = np.random.default_rng(seed).permutation(moving)
    ends = np.cumsum(list(fractions.values())) * len(moving)
    mixed = part.copy()
    mixed[order] = np.searchsorted(
        ends[:-1].round(), np.arange(len(moving)), side='right'
    )
    return mixed


def describe_split(
    pool: Pool,
    part: np.ndarray,
    names: Sequence[str],
    num_divided: int,
) -> dict:
    """Count images and labels per part.

    Args:
        pool (Pool): The images.
        part (ndarray): int (G,), from :func:`divide`.
        names (Sequence[str]): P parts.
        num_divided (int): How many of them, from the first on, should be
            alike. The others are as their lists say.

    Returns:
        dict: ``parts``: for each its images, its groups, and its images per
        source. ``classes``: for each class the ``positives`` and
        ``annotated`` entries per part; the number of groups with a positive;
        ``prevalence``, in all alike parts together; and ``deviation``, the
        largest difference between a prevalence in one of them and this one.
        Both are None for a class without annotated entries. ``worst`` and
        ``mean``: of the deviations, in percentage points, over the classes
        with at least as many groups with a positive as parts; None without
        any. ``worst_class``: its name. ``warnings``: sentences.
    """
    counts, num = pool.counts(), len(pool.classes)
    per_part = np.array(
        [counts[part == i].sum(axis=0) for i in range(len(names))]
    ).astype(int)
    positives, annotated = per_part[:, :num], per_part[:, num : 2 * num]
    is_alike = part < num_divided
    owners = (counts[is_alike][:, :num] > 0).sum(axis=0)
    with np.errstate(invalid='ignore', divide='ignore'):
        each = positives[:num_divided] / annotated[:num_divided]
        whole = positives[:num_divided].sum(0) / annotated[:num_divided].sum(0)
    deviation = np.abs(each - whole)
    classes, warnings = {}, []
    for i, name in enumerate(pool.classes):
        is_known = annotated[:num_divided, i].any()
        classes[name] = dict(
            positives=positives[:, i].tolist(),
            annotated=annotated[:, i].tolist(),
            groups=int(owners[i]),
            largest=int(counts[is_alike, i].max(initial=0)),
            prevalence=float(whole[i]) if is_known else None,
            deviation=float(np.nanmax(deviation[:, i])) if is_known else None,
        )
        warnings += _warnings(pool, classes[name], name, names, num_divided)
    for source, images in zip(
        pool.sources, per_part[:, 2 * num :].T, strict=True
    ):
        without = [names[i] for i in range(num_divided) if not images[i]]
        if without:
            warnings.append(
                f'source {source!r}: no image in {", ".join(without)}. A '
                'dataset with this part of the source stops, and so does '
                'mmda audit --folds'
            )
    fair = [
        (100 * c['deviation'], name)
        for name, c in classes.items()
        if c['deviation'] is not None and c['groups'] >= num_divided
    ]
    worst, worst_class = max(fair, default=(None, None))
    return dict(
        parts={
            name: dict(
                images=int(per_part[i, 2 * num :].sum()),
                groups=int((part == i).sum()),
                sources=per_part[i, 2 * num :].tolist(),
            )
            for i, name in enumerate(names)
        },
        classes=classes,
        worst=worst,
        worst_class=worst_class,
        mean=float(np.mean([d for d, _ in fair])) if fair else None,
        warnings=warnings,
    )


def _warnings(
    pool: Pool,
    found: dict,
    name: str,
    names: Sequence[str],
    num_divided: int,
) -> list[str]:
    """Say in which parts a class cannot be measured, and why."""
    pairs = list(zip(found['positives'], found['annotated'], strict=True))
    if not any(annotated for _, annotated in pairs):
        return [f'class {name!r}: no entry is annotated']
    without = [n for n, (k, _) in zip(names, pairs, strict=True) if not k]
    only = [n for n, (k, a) in zip(names, pairs, strict=True) if a and k == a]
    text = []
    if without:
        text.append(f'no positive in {", ".join(without)}')
    if only:
        text.append(f'no negative in {", ".join(only)}')
    if found['groups'] < num_divided:
        noun = pool.noun(found['groups'])
        text.append(
            f'{found["groups"]} {noun} with a positive for {num_divided} parts'
        )
    return [f'class {name!r}: {"; ".join(text)}'] if text else []
