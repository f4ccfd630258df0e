"""Rewrite the image labels of a source for the joint label space."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import numpy as np
from mmengine.logging import print_log

from mmda.structures import (
    UNANNOTATED,
    LabelConflict,
    LabelRules,
    score_of,
)

from .contradictions import Contradiction, describe, find_contradictions
from .tables.label_table import LabelTable

#: Rows whose labels the rules work out at once.
_ROWS = 2**20
#: Kinds of broken rules that a message names.
_NAMED = 3


class ImageLabels:
    """Moves the labels of an image to their columns in the label space.

    Args:
        dataset (BaseDataset): The source, read.
        classes (Sequence[str]): Its classes.
        own (ndarray): int64, indices of the annotated classes in the source.
        joint (ndarray): int64, indices of the same classes in the joint label
            space.
        num_classes (int): Number of classes of the label space, C.
        rules (LabelRules, optional): Rules between the classes of the label
            space. They fill entries, and find labels that contradict each
            other.
        contradictions (str): 'ignore' or 'error', see
            :class:`~mmda.datasets.PartialLabelDataset`.
        source (str): Name of the source, for messages.

    Attributes:
        contradicted (list[Contradiction]): Images that the source has twice
            with labels that differ, with rows and classes of the source.

    Raises:
        ValueError: If labels contradict each other and ``contradictions`` is
            'error'.
    """

    def __init__(
        self,
        dataset: Any,
        classes: Sequence[str],
        own: np.ndarray,
        joint: np.ndarray,
        num_classes: int,
        rules: LabelRules | None = None,
        contradictions: str = 'ignore',
        source: str = 'source',
    ) -> None:
        self.dataset = dataset
        self.classes = classes
        self.own, self.joint = own, joint
        self.rules = rules
        self.contradictions = contradictions
        self.source = source
        self._empty = np.full(num_classes, UNANNOTATED, dtype=np.float32)
        self._ignored: dict[int, list[int]] = {}
        self.contradicted = self._find_contradictions()
        if rules is not None:
            self._report_conflicts(rules)

    def _find_contradictions(self) -> list[Contradiction]:
        wanted = set(self.own.tolist())
        found = [
            one._replace(classes=[i for i in one.classes if i in wanted])
            for one in find_contradictions(self.dataset, len(self.classes))
        ]
        found = [one for one in found if one.classes]
        if found:
            self._report(describe(found, self.classes), found[0].rows[:2])
        for one in found:
            self._ignored.update(dict.fromkeys(one.rows, one.classes))
        return found

    def _report_conflicts(self, rules: LabelRules) -> None:
        rows_of: dict[str, LabelConflict] = {}
        total = len(self.dataset)
        for start in range(0, total, _ROWS):
            part = np.arange(start, min(start + _ROWS, total))
            for one in rules.fill(self.annotated(part))[1]:
                rows = one.rows + start
                if (known := rows_of.get(str(one))) is not None:
                    rows = np.concatenate([known.rows, rows])
                rows_of[str(one)] = one._replace(rows=rows)
        found = sorted(rows_of.values(), key=lambda one: -len(one.rows))
        if found:
            named = '; '.join(
                f'{one} ({len(one.rows):,} images)' for one in found[:_NAMED]
            )
            more = len(found) - _NAMED
            named += f'; and {more} more kinds' if more > 0 else ''
            self._report(f'labels break the rules: {named}', found[0].rows[:1])

    def annotated(self, rows: np.ndarray) -> np.ndarray:
        """Return the labels of images in the joint label space.

        Args:
            rows (ndarray): int (N,), indices in the source.

        Returns:
            ndarray: float32 (N, C), NaN where the source does not annotate.
            Contradictions of images that the source has twice are NaN. The
            rules have filled nothing.
        """
        table = getattr(self.dataset, 'data_list', None)
        if isinstance(table, LabelTable):
            own = table.gt_score[rows]
        else:
            infos = [self.dataset.get_data_info(int(row)) for row in rows]
            own = np.array([score_of(i, len(self.classes)) for i in infos])
        for place in np.flatnonzero(np.isin(rows, list(self._ignored))):
            own[place, self._ignored[int(rows[place])]] = UNANNOTATED
        score = np.tile(self._empty, (len(rows), 1))
        score[:, self.joint] = own[:, self.own]
        return score

    def _report(self, what: str, rows: Sequence[int] | np.ndarray) -> None:
        """Refuse contradictions, or say that they are not annotated."""
        where = getattr(self.dataset, 'where', None)
        places = ' and '.join(where(int(row)) for row in rows) if where else ''
        message = f'{self.source}: {what}' + (
            f'. The first is in {places}' if places else ''
        )
        if self.contradictions == 'error':
            raise ValueError(
                f"{message}. contradictions='ignore' takes these labels as "
                'not annotated'
            )
        print_log(
            f'{message}. These labels count as not annotated',
            logger='current',
            level=logging.WARNING,
        )

    def score(self, info: dict, row: int) -> np.ndarray:
        """Return the labels of an image in the joint label space.

        Args:
            info (dict): The annotation of the source.
            row (int): Index of the image in the source.

        Returns:
            ndarray: float32 (C,), in [0, 1], NaN where not annotated.

        Raises:
            ValueError: If a label is outside of [0, 1], or if the labels do
                not fit the classes.
        """
        values = score_of(info, len(self.classes))
        if row in self._ignored:
            values = np.array(values)
            values[self._ignored[row]] = UNANNOTATED
        values = values[self.own]
        if (np.abs(values - 0.5) > 0.5).any():  # NaN > 0.5 is False
            raise ValueError(
                f'the source gives the scores {values.tolist()}; expected '
                'numbers in [0, 1], or NaN where a class is not annotated'
            )
        score = self._empty.copy()
        score[self.joint] = values
        if self.rules is not None:
            score = self.rules.fill(score[None])[0][0]
        return score
