"""ROC-AUC on partial labels: per class, per source, and their means."""

from __future__ import annotations

from typing import Any

import numpy as np
from mmengine.registry import METRICS

from ..functional import (
    delong_interval,
    partial_auc_per_class,
    resampled_auc,
)
from .bootstrapped_metric import BootstrappedMetric
from .collected import Collected


@METRICS.register_module()
class PartialLabelAUC(BootstrappedMetric):
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
        **kwargs: ``bootstrap``, ``confidence`` and ``seed`` of
            :class:`BootstrappedMetric`; ``classes_of_interest``,
            ``shared_classes``, ``collect_device`` and ``prefix`` (default
            'auc') of :class:`PartialLabelMetric`.

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
    resampled = staticmethod(resampled_auc)

    def __init__(self, intervals: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.intervals = intervals

    def per_class(
        self, data: Collected, scope: str = ''
    ) -> dict[str, np.ndarray]:
        """Return the AUC of each class, with DeLong's interval if asked for.

        Args:
            data (Collected): Of N images.
            scope (str): '' or the source with a slash, for messages.

        Returns:
            dict[str, ndarray]: '' (the AUC), 'delong_low' and 'delong_high',
            float64 (C,), in %, NaN where undefined.
        """
        if not self.intervals:
            return {'': partial_auc_per_class(data.score, data.target) * 100}
        found = []
        for score, target in zip(data.score.T, data.target.T, strict=True):
            known = ~np.isnan(target)
            found.append(
                delong_interval(score[known], target[known], self.confidence)
            )
        auc, error, low, high = np.array(found).T
        classes = self._class_names(len(found))
        for index in np.flatnonzero(np.isnan(low) & ~np.isnan(auc)):
            reason = 'it needs two positives and two negatives'
            if error[index] == 0:
                reason = 'positives and negatives are parted perfectly'
            if error[index] == 0 and auc[index] == 0.5:
                reason = 'all scores are tied'
            self._warn(
                f"{self.prefix}/{scope}{classes[index]}: DeLong's interval is "
                f'undefined: {reason}'
            )
        return {
            '': auc * 100,
            'delong_low': low * 100,
            'delong_high': high * 100,
        }
