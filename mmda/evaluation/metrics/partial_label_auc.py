"""Area under the ROC curve on partial labels."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from mmengine.registry import METRICS

from ..functional import Ranking, ranked_auc, ranked_delong
from .partial_label_metric import PartialLabelMetric


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
