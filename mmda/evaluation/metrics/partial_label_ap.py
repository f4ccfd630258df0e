"""Average precision on partial labels."""

from __future__ import annotations

import numpy as np
from mmengine.registry import METRICS

from ..functional import Ranking, ranked_average_precision
from .partial_label_metric import PartialLabelMetric


@METRICS.register_module()
class PartialLabelAP(PartialLabelMetric):
    """Average precision over annotated entries, in %.

    The keys are the keys of ``PartialLabelAUC`` without DeLong's intervals
    and without groups, with the prefix ``ap``: ``ap/mean``, ``ap/<class>``,
    ``ap/<source>/<class>`` and so on. A class is undefined where its AUC is
    undefined.

    The average precision depends on the prevalence. So compare it between
    models, not between sources.

    Args:
        **kwargs: ``bootstrap``, ``confidence``, ``seed``,
            ``classes_of_interest``, ``shared_classes``, ``collect_device``
            and ``prefix`` of :class:`PartialLabelMetric`.

    Examples:
        >>> import torch
        >>> metric = PartialLabelAP()
        >>> metric.dataset_meta = dict(classes=('a', 'b'))
        >>> sample = lambda p, y: dict(
        ...     pred_score=torch.tensor(p), gt_score=torch.tensor(y))
        >>> metric.process({}, [sample([.2, .7], [1., 1.]),
        ...                     sample([.9, .5], [0., 0.])])
        >>> metric.evaluate(2)
        {'ap/mean': 75.0, 'ap/num_classes': 2, 'ap/a': 50.0, 'ap/b': 100.0}
    """

    default_prefix = 'ap'
    resampled = 'ap'

    def measure(self, ranking: Ranking) -> tuple[np.ndarray, ...]:
        """Return the average precision of one class.

        Args:
            ranking (Ranking): Of all images and of each of S sources.

        Returns:
            tuple[ndarray]: float64 (1 + S,), NaN where undefined.
        """
        return (ranked_average_precision(ranking),)
