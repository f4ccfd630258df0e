"""Area under the ROC curve on partial labels."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from mmengine.registry import METRICS

from ..functional import (
    GroupAUC,
    Ranking,
    group_auc,
    ranked_auc,
    ranked_delong,
)
from .metric_keys import UNKNOWN_GROUP, key_part
from .partial_label_metric import Answers, PartialLabelMetric


@METRICS.register_module()
class PartialLabelAUC(PartialLabelMetric):
    """Area under the ROC curve over annotated entries, in %.

    ===================================  =====================================
    key                                  value
    ===================================  =====================================
    ``auc/<class>``                      the AUC over all images
    ``auc/<source>/<class>``             the AUC over the images of a source
    ``auc/mean``, ``auc/<source>/mean``  mean over the classes with an AUC
    ``auc/num_classes``                  number of classes with an AUC
    ``auc/mean_shared``                  mean over the shared classes
    ``auc/mean_of_interest``             mean over ``classes_of_interest``
    ``.../delong_low``, ``_high``        with ``intervals``, of each class
    ``.../bootstrap_low``, ``_high``     with ``bootstrap``, of each class and
                                         of each mean
    ``auc/<grouping>/<group>/<class>``   the AUC within a group of images
    ``auc/gap/<grouping>/<class>``       greatest AUC minus least AUC of the
                                         groups of a grouping
    ``auc/num_images/<grouping>/<g>``    images of a group, and of no group:
                                         ``(unknown)``
    ===================================  =====================================

    A slash in the name of a class or a source is ``%2F`` in a key. A class
    without an annotated positive or without an annotated negative is
    NaN, and the log says why. DeLong's interval takes the images as
    independent. If patients have several images, use the bootstrap: it draws
    whole patients.

    A dataset with ``groups`` says to which groups its images belong, such as
    ``groups=dict(sex='Patient Gender')``. Groups have values only with an
    interval: the one of the bootstrap if there is one, or else DeLong's. A
    group is too small for a class, and its value is NaN, if it has fewer than
    ``min_group`` annotated positives or fewer negatives of the class. Each
    grouping stands for itself: groups are not crossed.

    Args:
        intervals (bool): Whether to report DeLong's intervals. Defaults to
            False.
        min_group (int): Defaults to 10.
        **kwargs: ``bootstrap``, ``confidence``, ``seed``,
            ``classes_of_interest``, ``shared_classes``, ``collect_device``
            and ``prefix`` of :class:`PartialLabelMetric`.

    Raises:
        ValueError: If ``bootstrap``, ``confidence`` or ``min_group`` is out
            of range, or a class name is unknown.

    Examples:
        >>> import torch
        >>> metric = PartialLabelAUC()
        >>> metric.dataset_meta = dict(classes=('a', 'b'))
        >>> sample = lambda p, y: dict(
        ...     pred_score=torch.tensor(p), gt_score=torch.tensor(y))
        >>> metric.process({}, [sample([.9, .5], [1., 0.]),
        ...                     sample([.2, .5], [0., 1.])])
        >>> metric.evaluate(2)
        {'auc/mean': 75.0, 'auc/num_classes': 2, 'auc/a': 100.0, 'auc/b': 50.0}
    """

    default_prefix = 'auc'
    resampled = 'auc'

    def __init__(
        self, intervals: bool = False, min_group: int = 10, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        if min_group < 2:
            raise ValueError(
                f'min_group={min_group}: expected at least 2 positives and 2 '
                'negatives, because one has no interval'
            )
        self.intervals = intervals
        self.min_group = min_group
        if intervals:
            self.suffixes = ('', 'delong_low', 'delong_high')

    def measure(self, ranking: Ranking) -> tuple[np.ndarray, ...]:
        """Return the AUC of one class, and DeLong's interval if asked for.

        Args:
            ranking (Ranking): Of all images and of each of S sources.

        Returns:
            tuple[ndarray]: The AUC, and with ``intervals`` also the lower and
            the upper end; float64 (1 + S,), NaN where undefined.
        """
        if not self.intervals:
            return (ranked_auc(ranking),)
        auc, _, low, high = ranked_delong(ranking, self.confidence)
        return auc, low, high

    def explain(self, key: str, values: list[float], counts: int) -> None:
        """Warn of an interval that is undefined, although there is an AUC.

        Args:
            key (str): The key of the class.
            values (list[float]): AUC and interval, in %.
            counts (int): The smaller of the numbers of positives and of
                negatives.
        """
        if len(values) == 1 or math.isnan(values[0]) or values[1] == values[1]:
            return
        reason = 'the scores separate the classes perfectly'
        if counts < 2:
            reason = 'it needs two positives and two negatives'
        elif values[0] == 50:
            reason = 'all scores are tied'
        self.warn(
            f"{key}: DeLong's interval is undefined: {reason}",
            "DeLong's intervals",
        )

    def _summarise_all(
        self, data: Answers, classes: Sequence[str]
    ) -> dict[str, float]:
        metrics = super()._summarise_all(data, classes)
        if self.intervals or self.bootstrap:
            groupings = dict.fromkeys(
                k for groups in filter(None, data.groups) for k in groups
            )
            for name in groupings:
                metrics |= self._measure_groups(data, name)
        return metrics

    def _measure_groups(self, data: Answers, name: str) -> dict[str, float]:
        """Measure the groups of one grouping."""
        groups = np.array(
            [(g or {}).get(name, UNKNOWN_GROUP) for g in data.groups]
        )
        part = key_part(name)
        metrics: dict[str, float] = {
            f'num_images/{part}/{key_part(value)}': int(count)
            for value, count in zip(
                *np.unique(groups, return_counts=True), strict=True
            )
        }
        values = sorted({*groups.tolist()} - {UNKNOWN_GROUP}, key=_in_order)
        if not values:  # a table has this very word for all images
            return metrics
        found = group_auc(
            *data[:2],
            groups == np.array(values)[:, None],
            self.min_group,
            self.confidence,
            partial(self.resample, data) if self.bootstrap else None,
        )
        scopes = [f'{part}/{key_part(value)}' for value in values]
        keys = [key_part(c) for c in self.class_names(data.score.shape[1])]
        classes = np.flatnonzero(~np.isnan(data.target).all(axis=0))
        self._warn_of_small_groups(found, scopes, keys, classes)
        rows = [
            (f'{scope}/{keys[c]}', *(v[g, c] for v in found[2:5]))
            for c in classes
            for g, scope in enumerate(scopes)
        ]
        rows += [
            (f'gap/{part}/{keys[c]}', *(v[c] for v in found[5:]))
            for c in classes
            if not np.isnan(found.gap[c])
        ]
        kind = 'bootstrap' if self.bootstrap else 'delong'
        for key, *row in rows:
            for end, value in zip(('', '_low', '_high'), row, strict=True):
                at = f'{key}/{kind}{end}' if end else key
                metrics[at] = float(value) * 100
        return metrics

    def _warn_of_small_groups(
        self,
        found: GroupAUC,
        scopes: Sequence[str],
        keys: Sequence[str],
        classes: np.ndarray,
    ) -> None:
        for g, scope in enumerate(scopes):
            counts = found.positives[g], found.negatives[g]
            small = [
                f'{keys[c]} ({counts[0][c]} and {counts[1][c]})'
                for c in classes
                if min(counts[0][c], counts[1][c]) < self.min_group
            ]
            if small:
                self.warn(
                    f'{self.prefix}/{scope}: too small, expected at least '
                    f'{self.min_group} positives and {self.min_group} '
                    f'negatives (min_group), for: {", ".join(small)}'
                )


def _in_order(group: str) -> list[tuple[float, str]]:
    """Sort '[5, 10)' before '[40, 60)'."""
    parts = re.split(r'(\d+(?:\.\d+)?)', group)
    return [
        (float(part), '') if i % 2 else (0.0, part)
        for i, part in enumerate(parts)
    ]
