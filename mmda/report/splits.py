"""Split sources by patient, and say how well each class keeps its share."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mmda.datasets.split_file import fingerprint, image_names
from mmda.datasets.stratify import stratify

from .source_labels import SourceLabels


@dataclass
class Pool:
    """N images of several sources, in G groups that stay whole.

    A group is a patient, or an image where the source has no patients. Equal
    patients of one kind of dataset and one root folder are one group, as are
    equal images.

    Attributes:
        sources (list[str]): Names, one for each table.
        classes (tuple[str, ...]): C names, of all sources.
        source (ndarray): int (N,), source of each image.
        names (list[str]): N images, from
            :func:`~mmda.datasets.split_file.image_names`.
        patients (list[str]): N ids; '' where the source has no patients.
        group (ndarray): int (N,).
        score (ndarray): float32 (N, C), NaN where not annotated.
    """

    sources: list[str]
    classes: tuple[str, ...]
    source: np.ndarray
    names: list[str]
    patients: list[str]
    group: np.ndarray
    score: np.ndarray

    @property
    def num_groups(self) -> int:
        """int: G."""
        return int(self.group.max()) + 1

    def per_group(self, values: np.ndarray) -> np.ndarray:
        """Add up the values of the images of each group.

        Args:
            values (ndarray): (N, K).

        Returns:
            ndarray: float64 (G, K).
        """
        total = np.zeros((self.num_groups, values.shape[1]))
        np.add.at(total, self.group, values)
        return total

    def without_patients(self) -> list[str]:
        """Find the sources whose images are divided one by one.

        Returns:
            list[str]: Their names.
        """
        known = np.array([bool(patient) for patient in self.patients])
        return [
            name
            for index, name in enumerate(self.sources)
            if not known[self.source == index].any()
        ]

    def counts(self) -> np.ndarray:
        """Count what each part should have its share of.

        Returns:
            ndarray: float64 (G, 2 C + S): positives and annotated entries of
            each class, and images of each source.
        """
        known = ~np.isnan(self.score)
        images = self.source[:, None] == np.arange(len(self.sources))
        return self.per_group(np.hstack([self.score > 0.5, known, images]))


def pool_sources(labels: Sequence[SourceLabels]) -> Pool:
    """Put the images of sources together.

    Sources with the same images count once. Where one does not annotate a
    class, the labels of the next are taken.

    Args:
        labels (Sequence[SourceLabels]): At least one.

    Returns:
        Pool: The images.

    Raises:
        ValueError: If a source has patients, but not for every image.
    """
    classes = tuple(dict.fromkeys(c for one in labels for c in one.classes))
    tables: dict[str, dict[str, Any]] = {}
    for one in labels:
        names = image_names(one.paths, one.images)
        score = np.full((len(names), len(classes)), np.nan, dtype=np.float32)
        score[:, [classes.index(name) for name in one.classes]] = one.score
        table = tables.setdefault(
            fingerprint(names), dict(labels=one, images=names, score=score)
        )
        table.setdefault('titles', []).append(one.name)
        old = table['score']
        table['score'] = np.where(np.isnan(old), score, old)
    keys: list[tuple] = []
    patients: list[str] = []
    for table in tables.values():
        ids = _patients(table['labels'], table['images'])
        patients += ids or [''] * len(table['images'])
        keys += _group_keys(table['labels'], table['images'], ids)
    found: dict[tuple, int] = {}
    group = [found.setdefault(key, len(found)) for key in keys]
    sizes = [len(table['images']) for table in tables.values()]
    return Pool(
        sources=[
            ', '.join(dict.fromkeys(t['titles'])) for t in tables.values()
        ],
        classes=classes,
        source=np.repeat(np.arange(len(sizes)), sizes),
        names=[name for t in tables.values() for name in t['images']],
        patients=patients,
        group=np.array(group),
        score=np.concatenate([t['score'] for t in tables.values()]),
    )


def _patients(labels: SourceLabels, names: Sequence[str]) -> list[str]:
    """Return the patients as text, empty for a source without patients."""
    if labels.patients is None:
        return []
    ids = [
        os.fsdecode(p) if isinstance(p, bytes) else str(p)
        for p in labels.patients.tolist()
    ]
    if any(ids) and not all(ids):
        raise ValueError(
            f'{labels.name}: image {names[ids.index("")]} has no patient. '
            'Expected one for every image, or for none'
        )
    return ids if any(ids) else []


def _group_keys(
    labels: SourceLabels, names: Sequence[str], ids: Sequence[str]
) -> list[tuple]:
    if ids:
        kind, *roots = labels.origin or (labels.name,)
        roots = [os.path.realpath(root) if root else root for root in roots]
        return [(kind, *roots, patient) for patient in ids]
    if labels.paths is None:
        return [(name,) for name in names]
    return [(path,) for path in labels.paths.tolist()]


def read_known(
    pool: Pool, lists: Mapping[str, str | Path]
) -> tuple[dict[str, np.ndarray], list[str]]:
    """Find the groups that lists put into parts.

    Args:
        pool (Pool): The images.
        lists (Mapping[str, str | Path]): Part -> text file. A line is an
            image (its path below the folder of the images, or its file name)
            or a patient.

    Returns:
        tuple[dict[str, ndarray], list[str]]: Part -> int groups; and
        sentences about what the lists leave open.

    Raises:
        FileNotFoundError: If a list is missing.
        ValueError: If a list names no image, or if a patient is in two lists.
    """
    known: dict[str, np.ndarray] = {}
    notes = []
    # The file whose line put a group into a part, and an image of the group.
    owner: dict[int, tuple[str, str]] = {}
    for part, path in lists.items():
        lines = Path(path).read_text('utf-8').splitlines()
        wanted = {line.strip() for line in lines} - {''}
        spellings = list(
            zip(
                pool.names,
                [name.rpartition('/')[2] for name in pool.names],
                pool.patients,
                strict=True,
            )
        )
        listed = [not wanted.isdisjoint(words) for words in spellings]
        lost = wanted.difference(*spellings)
        if not any(listed):
            raise ValueError(
                f'{path}: no image and no patient of {", ".join(pool.sources)}'
                f' is in this list; found {min(wanted, default="")!r}, '
                f'expected such as {pool.names[0]!r}'
            )
        if lost:
            notes.append(
                f'{path}: {len(lost):,} of {len(wanted):,} lines name no '
                f'image and no patient, such as {min(lost)!r}'
            )
        for index in np.flatnonzero(listed).tolist():
            group = int(pool.group[index])
            name = pool.names[index]
            first_path, first = owner.setdefault(group, (str(path), name))
            if first_path != str(path):
                who = pool.patients[index]
                raise ValueError(
                    f'{f"patient {who}" if who else "an image"} is in two '
                    f'lists: {first} in {first_path}, {name} in {path}'
                )
        known[part] = np.unique(pool.group[listed])
        more = int(np.isin(pool.group, known[part]).sum()) - sum(listed)
        if more:
            notes.append(
                f'{more:,} images are not in {path}, but go to {part!r} with '
                'their patients'
            )
    return known, notes


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
            :func:`read_known`.

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
                f'{_noun(pool, total)}: expected at most as many parts'
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
            f'{_noun(pool, pool.num_groups)} are too few for its fraction'
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
        noun = _noun(pool, found['groups'])
        text.append(
            f'{found["groups"]} {noun} with a positive for {num_divided} parts'
        )
    return [f'class {name!r}: {"; ".join(text)}'] if text else []


def _noun(pool: Pool, number: int) -> str:
    noun = 'patient' if any(pool.patients) else 'image'
    return noun if number == 1 else f'{noun}s'
