"""Average precision on partial labels."""

from __future__ import annotations

import numpy as np
from mmengine.registry import METRICS

from ..functional import partial_ap_per_class, resampled_ap
from .bootstrapped_metric import BootstrappedMetric
from .collected import Collected


@METRICS.register_module()
class PartialLabelAP(BootstrappedMetric):
    """Average precision over annotated entries, in %.

    The keys are those of ``PartialLabelAUC`` without DeLong's intervals, with
    the prefix ``ap``: ``ap/mean``, ``ap/<class>``, ``ap/<source>/<class>`` and
    so on; the rules for undefined classes are the same. Unlike the AUC it
    depends on the prevalence, so compare it between models, not between
    sources.

    The arguments are those of :class:`BootstrappedMetric`.

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
    resampled = staticmethod(resampled_ap)

    def per_class(
        self, data: Collected, scope: str = ''
    ) -> dict[str, np.ndarray]:
        """Return the average precision of each class.

        Args:
            data (Collected): Of N images.
            scope (str): '' or the source with a slash, for messages.

        Returns:
            dict[str, ndarray]: '' -> float64 (C,), in %, NaN where undefined.
        """
        return {'': partial_ap_per_class(data.score, data.target) * 100}
