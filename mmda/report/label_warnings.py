"""What should be looked at before a training is started."""

from __future__ import annotations

import difflib
import math
import os
import re
from collections.abc import Sequence
from itertools import combinations

import numpy as np

from .label_counts import annotated_classes
from .source_labels import SourceLabels

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


def leaks(sources: Sequence[SourceLabels]) -> list[str]:
    """Point out images and patients in two splits or two sources.

    Images are compared by path, however its root is spelt, and by content
    where they are in memory; patients by id, within one dataset. Ids that are
    equal in two roots of one kind of dataset may be other people.

    Args:
        sources (Sequence[SourceLabels]): Of all splits.

    Returns:
        list[str]: One sentence per pair and kind.
    """
    hashes = {id(source): source.hashes() for source in sources}
    paths = {id(source): _real_paths(source.paths) for source in sources}
    found = []
    for a, b in combinations(sources, 2):
        places = f'{a.label} and {b.label}'
        kinds = [
            ('images, by path', paths[id(a)], paths[id(b)]),
            ('images, by content', hashes[id(a)], hashes[id(b)]),
        ]
        kind_a, *root_a = _real_origin(a.origin)
        kind_b, *root_b = _real_origin(b.origin)
        if kind_a == kind_b:
            kind = 'patients'
            if root_a != root_b:
                kind = 'patient ids, which may be other people,'
            if root_a == root_b or a.split != b.split:
                kinds.append((kind, a.patients, b.patients))
        for kind, of_a, of_b in kinds:
            if of_a is None or of_b is None:
                continue
            common = np.intersect1d(of_a, of_b).tolist()
            common = [value for value in common if value != b'']
            if common:
                example = common[0]
                if isinstance(example, bytes):
                    example = example.decode()
                found.append(
                    f'{places} have {len(common)} {kind} in common, such as '
                    f'{example}'
                )
    return found


def _real_paths(paths: np.ndarray | None) -> np.ndarray | None:
    """Spell the folder that all paths begin with in the one real way.

    Links below it are left alone: a look at every file would take minutes.
    """
    if paths is None:
        return None
    names = [os.fsdecode(path) for path in paths.tolist()]
    start = os.path.commonprefix([name for name in names if name])
    start = start[: start.rfind('/') + 1]
    if '://' in start:
        return paths
    root = os.path.realpath(start).rstrip('/')
    real = [
        os.path.normpath(f'{root}/{name[len(start) :]}') if name else ''
        for name in names
    ]
    return np.array([os.fsencode(name) for name in real])


def _real_origin(origin: tuple) -> tuple:
    kind, *roots = origin or (None,)
    return (kind, *(os.path.realpath(r) if r else r for r in roots))


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
