"""Rules between classes: what one label tells about the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from .label_space import class_indices

#: Patterns of labels that are remembered.
_MOST_PATTERNS = 100_000


class LabelConflict(NamedTuple):
    """Labels that cannot hold together.

    Attributes:
        rows (ndarray): int (R,), the rows of the images that have them.
        labels (dict[str, int]): Class -> label, 0 or 1. Without any one of
            them, the others can hold together.
    """

    rows: np.ndarray
    labels: dict[str, int]

    def __str__(self) -> str:
        return ', '.join(f'{name} = {y}' for name, y in self.labels.items())


class LabelRules:
    """Rules between the classes of a label space.

    Args:
        classes (Sequence[str]): The label space, C classes.
        implies (Mapping[str, Sequence[str]], optional): Class -> classes that
            hold whenever it holds, such as its parents in a hierarchy.
        excludes (Mapping[str, Sequence[str] | Mapping], optional): Class ->
            classes that never hold together with it.
            ``dict(all_but=[...])`` means all other classes but these.
        at_most_one (Sequence[Sequence[str]]): Groups of classes. At most one
            class of a group holds.
        exactly_one (Sequence[Sequence[str]]): Groups of classes. Exactly one
            class of a group holds.

    Raises:
        ValueError: If a rule names an unknown class, if classes imply each
            other in a circle, if a group has less than two classes, if a
            class is in two groups, or if the rules contradict each other, so
            that a class can never hold.

    Examples:
        >>> rules = LabelRules(
        ...     ('Pneumonia', 'Lung Opacity', 'No Finding'),
        ...     implies={'Pneumonia': ['Lung Opacity']},
        ...     excludes={'No Finding': dict(all_but=[])})
        >>> nan = float('nan')
        >>> rules.fill(np.array([[1, nan, nan], [nan, nan, 1]]))[0].tolist()
        [[1.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    """

    def __init__(
        self,
        classes: Sequence[str],
        implies: Mapping[str, Sequence[str]] | None = None,
        excludes: Mapping[str, Any] | None = None,
        at_most_one: Sequence[Sequence[str]] = (),
        exactly_one: Sequence[Sequence[str]] = (),
    ) -> None:
        self.classes = tuple(classes)
        #: bool (C, C): whether the class of the row implies the other one.
        self.implied = self._pairs('implies', implies or {})
        self._close_implications()
        #: bool (C, C): whether two classes never hold together.
        self.apart = self._pairs('excludes', excludes or {})
        #: Groups of indices.
        self.exactly_one = self._groups('exactly_one', exactly_one)
        at_most = self._groups('at_most_one', at_most_one)
        self._check_groups([*at_most, *self.exactly_one])
        for group in (*at_most, *self.exactly_one):
            self.apart[np.ix_(group, group)] = True
        np.fill_diagonal(self.apart, False)
        self.apart |= self.apart.T
        # What implies two classes that are apart is apart, too. So a label
        # space without the two keeps what they say about the others.
        implied = self.implied | np.eye(len(self.classes), dtype=bool)
        self.apart = implied @ self.apart @ implied.T
        self._check_that_each_class_can_hold()
        self._solved: dict[bytes, tuple[np.ndarray, list]] = {}

    def _pairs(self, rule: str, pairs: Mapping[str, Any]) -> np.ndarray:
        found = np.zeros((len(self.classes),) * 2, bool)
        if not isinstance(pairs, Mapping):
            raise ValueError(
                f'rule {rule}: found {pairs!r:.80}, expected classes by class'
            )
        for name, others in pairs.items():
            where = f'rule {rule}: {name!r}'
            (row,) = class_indices([name], self.classes, f'rule {rule}')
            if isinstance(others, Mapping):
                if set(others) != {'all_but'}:
                    raise ValueError(
                        f'{where}: found the keys {list(others)}, expected '
                        "'all_but'"
                    )
                names = _names(others['all_but'], where)
                but = class_indices(names, self.classes, where)
                found[row] = True
                found[row, [row, *but]] = False
                continue
            names = _names(others, where)
            found[row, class_indices(names, self.classes, where)] = True
        return found

    def _groups(
        self, rule: str, groups: Sequence[Sequence[str]]
    ) -> list[list[int]]:
        if isinstance(groups, str) or not isinstance(groups, Sequence):
            raise ValueError(
                f'rule {rule}: found {groups!r:.80}, expected a list of groups'
            )
        found = []
        for group in groups:
            names = _names(group, f'rule {rule}')
            members = class_indices(names, self.classes, f'rule {rule}')
            if len(set(members)) < 2:
                raise ValueError(
                    f'rule {rule}: found the group {group!r}, expected two or '
                    'more classes'
                )
            found.append(members)
        return found

    def _check_groups(self, groups: Sequence[Sequence[int]]) -> None:
        members = [member for group in groups for member in group]
        twice = {self.classes[m] for m in members if members.count(m) > 1}
        if twice:
            raise ValueError(
                'rules at_most_one and exactly_one: classes in two groups: '
                f'{sorted(twice)}, expected one group for a class'
            )

    def _close_implications(self) -> None:
        """Add what implied classes imply."""
        for middle in range(len(self.classes)):
            self.implied |= np.outer(
                self.implied[:, middle], self.implied[middle]
            )
        circle = np.flatnonzero(self.implied.diagonal())
        if circle.size:
            names = [self.classes[index] for index in circle]
            raise ValueError(
                f'rule implies: {names} imply each other in a circle; join '
                'them by aliases if they mean the same'
            )

    def _check_that_each_class_can_hold(self) -> None:
        alone = np.eye(len(self.classes), dtype=bool)
        stuck = self._propagate(alone, np.zeros_like(alone))[2]
        if stuck.any():
            names = [self.classes[index] for index in np.flatnonzero(stuck)]
            raise ValueError(
                f'the rules contradict each other: {names} can never hold'
            )

    def restrict(self, classes: Sequence[str]) -> LabelRules:
        """Return the rules that are left in another label space.

        What follows through a class that is left out stays: a child implies
        its grandparent without the parent. A group with a missing class keeps
        "at most one".

        Args:
            classes (Sequence[str]): The other label space. Classes without a
                rule are added.

        Returns:
            LabelRules: The rules between ``classes``.
        """
        kept = [c for c, name in enumerate(self.classes) if name in classes]

        def pairs(matrix: np.ndarray) -> dict[str, list[str]]:
            return {
                self.classes[c]: [
                    self.classes[d] for d in kept if matrix[c, d]
                ]
                for c in kept
            }

        groups = [
            [self.classes[member] for member in group]
            for group in self.exactly_one
            if set(group) <= set(kept)
        ]
        return LabelRules(
            classes, pairs(self.implied), pairs(self.apart), (), groups
        )

    def fill(
        self, labels: np.ndarray
    ) -> tuple[np.ndarray, list[LabelConflict]]:
        """Fill the entries that the rules determine.

        An entry is determined if all labels that satisfy the rules and agree
        with the annotated entries give it the same value. Entries between 0
        and 1 stay as they are, and determine nothing. Labels that contradict
        each other become NaN, before the others determine anything.

        Args:
            labels (ndarray): (N, C), in [0, 1], NaN where not annotated.

        Returns:
            tuple[ndarray, list[LabelConflict]]: The labels, of the same shape
            and dtype, and the contradictions.
        """
        filled = labels.copy()
        if not len(labels):
            return filled, []
        known = np.where(labels == 1, 1, np.where(labels == 0, 0, -1))
        # Few rows are different: equal rows are worked out once.
        patterns, of_row = np.unique(
            known.astype(np.int8), axis=0, return_inverse=True
        )
        of_row = of_row.reshape(-1)
        self._solve(patterns)
        solved = [self._solved[pattern.tobytes()] for pattern in patterns]
        values = np.stack([pattern for pattern, _ in solved])[of_row]
        filled[np.isnan(labels) & (values == 1)] = 1
        filled[np.isnan(labels) & (values == 0)] = 0
        filled[(known >= 0) & (values < 0)] = np.nan
        rows: dict[tuple, list[np.ndarray]] = {}
        for index, (_, conflicts) in enumerate(solved):
            for conflict in conflicts:
                key = tuple(conflict.items())
                rows.setdefault(key, []).append(
                    np.flatnonzero(of_row == index)
                )
        return filled, [
            LabelConflict(np.sort(np.concatenate(found)), dict(key))
            for key, found in rows.items()
        ]

    def _solve(self, patterns: np.ndarray) -> None:
        """Work out patterns that are new, int8 (P, C), -1 where unknown."""
        if len(self._solved) > _MOST_PATTERNS:
            self._solved.clear()
        new = [p for p in patterns if p.tobytes() not in self._solved]
        if not new:
            return
        left = np.stack(new)
        conflicts: list[list[dict[str, int]]] = [[] for _ in new]
        positive, negative, stuck = self._determine(left == 1, left == 0)
        for index in np.flatnonzero(stuck):
            row = left[index : index + 1]
            while stuck[index]:
                conflict = self._smallest_conflict(row[0])
                conflicts[index].append(conflict)
                row[0, class_indices(conflict, self.classes, 'rules')] = -1
                found = self._determine(row == 1, row == 0)
                positive[index], negative[index], stuck[index] = (
                    part[0] for part in found
                )
        # An entry that was dropped stays open, whatever the others tell.
        dropped = (np.stack(new) >= 0) & (left < 0)
        values = np.where(positive, 1, np.where(negative, 0, -1))
        values = np.where(dropped, -1, values).astype(np.int8)
        solved = zip(values, conflicts, strict=True)
        self._solved.update(
            zip((p.tobytes() for p in new), solved, strict=True)
        )

    def _determine(
        self, positive: np.ndarray, negative: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return what holds, what does not, and rows with a contradiction.

        Propagation alone misses what follows from two cases of a group. So
        each open entry is also supposed to hold, and not to hold: what leads
        to a contradiction is false.
        """
        positive, negative, stuck = self._propagate(positive, negative)
        while True:
            before = positive.sum() + negative.sum()
            for index in range(len(self.classes)):
                for value in (True, False):
                    rows = ~(positive[:, index] | negative[:, index] | stuck)
                    rows = np.flatnonzero(rows)
                    supposed = [positive[rows], negative[rows]]
                    supposed[0 if value else 1][:, index] = True
                    false = rows[self._propagate(*supposed)[2]]
                    (negative if value else positive)[false, index] = True
            positive, negative, stuck = self._propagate(positive, negative)
            if positive.sum() + negative.sum() == before:
                return positive, negative, stuck

    def _propagate(
        self, positive: np.ndarray, negative: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Apply each rule until nothing changes, bool (N, C)."""
        positive, negative = positive.copy(), negative.copy()
        while True:
            before = positive.sum() + negative.sum()
            positive |= positive @ self.implied
            negative |= negative @ self.implied.T
            negative |= positive @ self.apart
            for group in self.exactly_one:
                left = ~negative[:, group]
                last = left.sum(axis=1, keepdims=True) == 1
                positive[:, group] |= left & last
            if positive.sum() + negative.sum() == before:
                break
        stuck = (positive & negative).any(axis=1)
        for group in self.exactly_one:
            stuck |= negative[:, group].all(axis=1)
        return positive, negative, stuck

    def _smallest_conflict(self, pattern: np.ndarray) -> dict[str, int]:
        """Drop labels as long as the others contradict each other."""
        pattern = pattern.copy()
        for index in np.flatnonzero(pattern >= 0):
            value, pattern[index] = pattern[index], -1
            row = pattern[None]
            if not self._determine(row == 1, row == 0)[2].any():
                pattern[index] = value
        known = np.flatnonzero(pattern >= 0)
        return {self.classes[c]: int(pattern[c]) for c in known}

    def consistent(self, answers: Tensor) -> Tensor:
        """Lower answers so that a class is at most what it implies.

        Args:
            answers (Tensor): Logits or probabilities, (N, C).

        Returns:
            Tensor: Of the same shape.

        Examples:
            >>> rules = LabelRules(['child', 'parent'],
            ...                    implies={'child': ['parent']})
            >>> rules.consistent(torch.tensor([[0.9, 0.4]]))
            tensor([[0.4000, 0.4000]])
        """
        lowered = answers.clone()
        for child in np.flatnonzero(self.implied.any(axis=1)):
            above = np.flatnonzero(self.implied[child]).tolist()
            bound = answers[:, above].amin(dim=1)
            lowered[:, child] = torch.minimum(answers[:, child], bound)
        return lowered


def _names(names: Any, where: str) -> list[str]:
    """Return a class, or several, as a list."""
    names = [names] if isinstance(names, str) else names
    if isinstance(names, (list, tuple)):
        if all(isinstance(name, str) for name in names):
            return list(names)
    raise ValueError(f'{where}: found {names!r:.80}, expected class names')
