"""Area under the ROC curve on partial labels."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from mmengine.registry import METRICS

from ..functional import binary_auc, delong_interval, per_class
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
    ===================================  =====================================

    A slash in the name of a class or a source is ``%2F`` in a key. A class
    without an annotated positive or without an annotated negative is
    NaN, and the log says why. DeLong's interval takes the images as
    independent. If patients have several images, use the bootstrap: it draws
    whole patients.

    Args:
        intervals (bool): Whether to report DeLong's intervals. Defaults to
            False.
        **kwargs: ``bootstrap``, ``confidence``, ``seed``,
            ``classes_of_interest``, ``shared_classes``, ``collect_device``
            and ``prefix`` of :class:`PartialLabelMetric`.

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
    resampled = 'auc'

    def __init__(self, intervals: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.intervals = intervals

    def per_class(
        self, data: Answers, scope: str = ''
    ) -> dict[str, np.ndarray]:
        """Return the AUC of each class, and DeLong's interval if asked for.

        Args:
            data (Answers): N images.
            scope (str): '' for all images, or the source with a slash. Begins
                the keys in messages.

        Returns:
            dict[str, ndarray]: '' -> the AUC, and with ``intervals`` also
            'delong_low' and 'delong_high'; float64 (C,), in %, NaN where
            undefined.
        """
        if not self.intervals:
            return {'': per_class(binary_auc, *data[:2]) * 100}
        measure = partial(delong_interval, confidence=self.confidence)
        auc, error, low, high = per_class(measure, *data[:2]).T
        classes = self.class_names(len(auc))
        for index in np.flatnonzero(np.isnan(low) & ~np.isnan(auc)):
            reason = 'it needs two positives and two negatives'
            if error[index] == 0:
                tied = auc[index] == 0.5
                reason = (
                    'all scores are tied'
                    if tied
                    else 'the scores separate the classes perfectly'
                )
            self.warn(
                f"{self.prefix}/{scope}{classes[index]}: DeLong's interval is "
                f'undefined: {reason}',
                "DeLong's intervals",
            )
        return {
            '': auc * 100,
            'delong_low': low * 100,
            'delong_high': high * 100,
        }
