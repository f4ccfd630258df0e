"""Join the classes of sources into one label space."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np
from mmengine.registry import DATASETS

from mmda.datasets import PartialLabelDataset
from mmda.structures import class_indices, rename_classes
from mmda.structures.spelling import lookalikes, spelling_key
from mmda.walk import is_partial_config

from .leaks import image_keys
from .source_labels import SourceLabels, sources_of_datasets

#: Label maps to read of each source.
MAX_MAPS = 200


def read_whole(
    node: Mapping[str, Any], name: str, split: str = 'train'
) -> SourceLabels:
    """Read all labels of a source, in a label space of its own.

    Args:
        node (Mapping): Config of a source, or of the ``PartialLabelDataset``
            around it. Of that, ``aliases``, ``keep_apart`` and
            ``labeled_classes`` count, but no choice of images.
        name (str): Name of the source.
        split (str): 'train', 'val' or 'test'.

    Returns:
        SourceLabels: With the classes that the source annotates.
    """
    is_wrapped = is_partial_config(node)
    given = node if is_wrapped else {}
    inner = DATASETS.build(node['dataset'] if is_wrapped else dict(node))
    inner.full_init()
    own = (inner.metainfo or {}).get('classes')
    if not own:
        raise ValueError(f'{name}: the source has no classes')
    aliases, apart = given.get('aliases'), given.get('keep_apart') or ()
    names = rename_classes(own, aliases, apart, name)
    labeled = given.get('labeled_classes')
    if labeled is not None:
        where = f'labeled_classes of {name}'
        used = class_indices(labeled, [*names, *own], where)
        names = tuple(names[i] for i in sorted({i % len(own) for i in used}))
    dataset = PartialLabelDataset(
        inner, names, labeled, aliases, apart, name=name
    )
    return sources_of_datasets({split: dataset}, MAX_MAPS)[0]


class JointSpace:
    """The union of the classes of sources, with proposals for aliases.

    A class takes its place and its spelling when it first appears: in
    ``base``, in ``order``, in the sources. A name that differs only in its
    spelling from one class becomes an alias of this class. The two stay apart
    if both are in ``base``, if a source has both, or if an image has one as a
    positive and the other as a negative.

    Args:
        labels (Sequence[SourceLabels]): Sources, from :func:`read_whole`.
        base (Sequence[str]): Classes that keep their places.
        aliases (Mapping[str, str], optional): Spelling -> class, as the user
            says.
        order (Sequence[str]): Names that come before those of the sources.
        recorded (Mapping[str, Sequence[str]], optional): Other sources of
            ``base``: name -> classes.

    Attributes:
        classes (list[str]): The label space.
        aliases (dict[str, str]): Spelling -> class.
        possible (list[list[str]]): Pairs of classes that may be one class.
        warnings (list[str]): Sentences about classes that stay apart, and
            about aliases of the user that join opposite labels.

    Raises:
        ValueError: If an alias of the user joins two classes of a source, or
            if it leads to another alias or to a class of no source.
    """

    def __init__(
        self,
        labels: Sequence[SourceLabels],
        base: Sequence[str] = (),
        aliases: Mapping[str, str] | None = None,
        order: Sequence[str] = (),
        recorded: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        given = dict(aliases or {})
        self.labels = labels
        self.classes = list(base)
        self.aliases = dict(given)
        self.warnings: list[str] = []
        self._names = {name: set(c) for name, c in (recorded or {}).items()}
        self._names.update({one.name: set(one.classes) for one in labels})
        self._keys: dict[int, np.ndarray] = {}
        for name in [*order, *(n for one in labels for n in one.classes)]:
            self._add(name)
        for spelling, name in given.items():
            self._check(spelling, name)
        self._joint = {
            one.name: rename_classes(
                one.classes, self.aliases, source=one.name
            )
            for one in labels
        }
        self._names.update({n: set(c) for n, c in self._joint.items()})
        self.possible = [
            [one, two]
            for one, two in lookalikes(self.classes)
            if spelling_key(one) != spelling_key(two)
            and not any({one, two} <= names for names in self._names.values())
        ]
        lost = set(self.classes).difference(*self._names.values())
        if lost:
            names = [name for name in self.classes if name in lost]
            self.warnings.append(f'no source has the classes {names}')

    def _add(self, name: str) -> None:
        if name in self.aliases or name in self.classes:
            name = self.aliases.get(name, name)
            if name not in self.classes:
                self.classes.append(name)
            return
        key = spelling_key(name)
        alike = [
            known
            for known in self.classes
            if key in map(spelling_key, self._spellings(known))
        ]
        if len(alike) == 1:
            why = self._two_columns(name, alike[0])
            why = why or self._opposite(name, alike[0])
            if not why:
                self.aliases[name] = alike[0]
                return
            self.warnings.append(f'{why}; so they stay two classes')
        elif alike:
            self.warnings.append(
                f'{name!r} may be one of {alike}; so it stays a class'
            )
        self.classes.append(name)

    def _check(self, spelling: str, name: str) -> None:
        """Check an alias of the user."""
        where = f'alias {spelling!r} -> {name!r}'
        if name in self.aliases:
            raise ValueError(f'{where}: {name!r} is an alias, too')
        class_indices([name], self.classes, where)
        why = self._opposite(spelling, name)
        if why:
            self.warnings.append(f'{where} joins opposite labels: {why}')

    def _spellings(self, name: str) -> list[str]:
        return [name, *(s for s, c in self.aliases.items() if c == name)]

    def _two_columns(self, name: str, known: str) -> str:
        for other in self._spellings(known):
            for source, names in self._names.items():
                if not {name, other} <= names:
                    continue
                why = f'{other!r} and {name!r} are two classes of {source}'
                for one in self.labels:
                    if one.name == source:
                        number = _count_opposite(one, other, one, name)[1]
                        why += f' (opposite labels in {number:,} images)'
                return why
        return ''

    def _opposite(self, name: str, known: str) -> str:
        """Say how many images of two sources have opposite labels."""
        for other in self._spellings(known):
            for one, two in product(self.labels, self.labels):
                if one is two or other == name:
                    continue
                if other not in one.classes or name not in two.classes:
                    continue
                rows = self._common(one, two)
                total, number = _count_opposite(one, other, two, name, *rows)
                if number:
                    return (
                        f'{other!r} of {one.name} and {name!r} of {two.name} '
                        f'have opposite labels in {number:,} of {total:,} '
                        'common images'
                    )
        return ''

    def _common(
        self, one: SourceLabels, two: SourceLabels
    ) -> tuple[np.ndarray, np.ndarray]:
        """Find the rows of the images that two sources share."""
        for labels in (one, two):
            if id(labels) not in self._keys:
                self._keys[id(labels)] = image_keys([labels])
        first, second = self._keys[id(one)], self._keys[id(two)]
        common, rows, others = np.intersect1d(
            first, second, return_indices=True
        )
        known = common != b''
        return rows[known], others[known]

    def counts(self) -> dict[str, dict]:
        """Count the labels of each source.

        Returns:
            dict[str, dict]: Source -> ``images``, and ``classes``: class ->
            ``annotated`` and ``positive``. Of label maps, ``read`` says how
            many were read, and a class counts where it has a pixel.
        """
        found = {}
        for one in self.labels:
            known = (~np.isnan(one.score)).sum(axis=0).tolist()
            positive = (one.score > 0.5).sum(axis=0).tolist()
            entry: dict = dict(images=one.sampled_from or len(one.score))
            if one.sampled_from:
                entry['read'] = len(one.score)
            names = self._joint[one.name]
            entry['classes'] = {
                name: dict(annotated=k, positive=p)
                for name, k, p in zip(names, known, positive, strict=True)
            }
            found[one.name] = entry
        return found


def _count_opposite(
    one: SourceLabels,
    name: str,
    two: SourceLabels,
    other: str,
    rows: np.ndarray | slice = slice(None),
    others: np.ndarray | slice = slice(None),
) -> tuple[int, int]:
    """Count images that annotate both classes, and opposite labels."""
    score = np.stack(
        [
            one.score[rows, one.classes.index(name)],
            two.score[others, two.classes.index(other)],
        ]
    )
    score = score[:, ~np.isnan(score).any(axis=0)] > 0.5
    return score.shape[1], int((score[0] != score[1]).sum())
