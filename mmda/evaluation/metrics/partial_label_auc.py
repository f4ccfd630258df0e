"""ROC-AUC on partial labels: per class, per source, and their means."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from mmengine.registry import METRICS

from ..functional import (
    delong_interval,
    number_clusters,
    partial_auc_per_class,
    percentile_interval,
    resampled_auc,
    why_undefined,
)
from .partial_label_metric import Collected, PartialLabelMetric


@METRICS.register_module()
class PartialLabelAUC(PartialLabelMetric):
    """Area under the ROC curve over annotated entries, in %.

    The keys are ``auc/mean`` (over the classes where it is defined),
    ``auc/num_classes`` (how many these are), ``auc/<class>``, and for every
    source of the data ``auc/<source>/mean`` and ``auc/<source>/<class>``. A
    class without a positive or without a negative among its annotated entries
    is NaN, and the log says why; it is neither 0 nor left out silently.

    ``auc/mean_shared`` is the mean over the shared classes, where there are
    any, and ``auc/mean_of_interest`` that over ``classes_of_interest``. With
    ``intervals`` each class has ``<its key>/delong_low`` and
    ``/delong_high``; with ``bootstrap`` each class and mean has
    ``/bootstrap_low`` and ``/bootstrap_high``. DeLong's interval takes the
    images as independent; where patients have several, the bootstrap, which
    draws whole patients, is the honest one.

    Args:
        intervals (bool): Whether to give DeLong's intervals. Defaults to
            False.
        bootstrap (int): Number of resamples of patients (1,000 or more for a
            paper); without a ``patient_id`` an image is its own patient.
            Defaults to 0, no bootstrap.
        confidence (float): Level of the intervals. Defaults to 0.95.
        seed (int): Seed of the bootstrap. Defaults to 0.
        **kwargs: ``classes_of_interest``, ``shared_classes``,
            ``collect_device`` and ``prefix`` (default 'auc') of
            :class:`PartialLabelMetric`.

    Raises:
        ValueError: If ``bootstrap`` or ``confidence`` is out of range, or a
            class name is unknown.

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

    def __init__(
        self,
        intervals: bool = False,
        bootstrap: int = 0,
        confidence: float = 0.95,
        seed: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if bootstrap < 0:
            raise ValueError(
                f'bootstrap={bootstrap}: expected the number of resamples, '
                'or 0 for none'
            )
        if not 0 < confidence < 1:
            raise ValueError(
                f'confidence={confidence}: expected a level between 0 and 1'
            )
        self.intervals = intervals
        self.bootstrap = bootstrap
        self.confidence = confidence
        self.seed = seed

    def per_class(self, data: Collected) -> np.ndarray:
        """Return the AUC of each class.

        Args:
            data (Collected): Of N images.

        Returns:
            ndarray: float64 (C,), in %, NaN where undefined.
        """
        return partial_auc_per_class(data.score, data.target) * 100

    def more(
        self,
        data: Collected,
        classes: Sequence[str],
        groups: dict[str, np.ndarray],
        scope: str,
    ) -> Iterator[tuple[str, float]]:
        """Yield the ends of the intervals that are asked for, in %.

        Args:
            data (Collected): Of N images.
            classes (Sequence[str]): C names.
            groups (dict[str, ndarray]): Key of a mean -> its classes.
            scope (str): '' or the source with a slash.

        Yields:
            tuple[str, float]: Key behind the scope, and value.
        """
        if self.intervals:
            yield from self._delong(data, classes, scope)
        if self.bootstrap:
            yield from self._bootstrap(data, classes, groups, scope)

    def _delong(
        self, data: Collected, classes: Sequence[str], scope: str
    ) -> Iterator[tuple[str, float]]:
        for index, name in enumerate(classes):
            target = data.target[:, index]
            rows = ~np.isnan(target)
            if not rows.any():
                continue
            result = delong_interval(
                data.score[rows, index], target[rows], self.confidence
            )
            if np.isnan(result.low) and not why_undefined(target):
                reason = (
                    'positives and negatives are parted perfectly'
                    if result.se == 0
                    else 'it needs two positives and two negatives'
                )
                self._warn(
                    f"{self.prefix}/{scope}{name}: DeLong's interval is "
                    f'undefined: {reason}'
                )
            yield f'{name}/delong_low', result.low * 100
            yield f'{name}/delong_high', result.high * 100

    def _bootstrap(
        self,
        data: Collected,
        classes: Sequence[str],
        groups: dict[str, np.ndarray],
        scope: str,
    ) -> Iterator[tuple[str, float]]:
        clusters = number_clusters(data.patients, data.sources)
        resampled = resampled_auc(
            data.score[None], data.target, clusters, self.bootstrap, self.seed
        )[:, 0]
        annotated = ~np.isnan(data.target).all(axis=0)
        columns = {
            name: resampled[:, i]
            for i, name in enumerate(classes)
            if annotated[i]
        }
        columns.update(
            (key, mean_of_defined(resampled[:, indices]))
            for key, indices in groups.items()
        )
        for key, values in columns.items():
            low, high = map(
                float, percentile_interval(values, self.confidence)
            )
            if low == high:
                low = high = float('nan')
                self._warn(
                    f'{self.prefix}/{scope}{key}: the bootstrap interval is '
                    'undefined: all resamples agree'
                )
            yield f'{key}/bootstrap_low', low * 100
            yield f'{key}/bootstrap_high', high * 100


def mean_of_defined(values: np.ndarray) -> np.ndarray:
    """Return the mean over the last axis, NaN left out.

    Args:
        values (ndarray): (R, C), NaN where undefined.

    Returns:
        ndarray: (R,), NaN where a whole row is undefined.

    Examples:
        >>> mean_of_defined(np.array([[1, np.nan], [np.nan, np.nan]]))
        array([ 1., nan])
    """
    defined = ~np.isnan(values)
    count = defined.sum(axis=-1)
    total = np.where(defined, values, 0.0).sum(axis=-1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
