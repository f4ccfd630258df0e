"""Base of the metrics that have intervals by a bootstrap of patients."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from mmengine.utils import ProgressBar

from ..functional import number_clusters, percentile_interval
from .collected import Collected
from .partial_label_metric import PartialLabelMetric


class BootstrappedMetric(PartialLabelMetric):
    """Give each class and mean an interval, from resamples of patients.

    A subclass implements :meth:`per_class` and sets ``resampled``. The keys
    are ``<key>/bootstrap_low`` and ``/bootstrap_high``.

    Args:
        bootstrap (int): Number of resamples of patients (1,000 or more for a
            paper); an image without a ``patient_id`` is its own patient, and
            the log says so where no image has one. Defaults to 0, no
            bootstrap.
        confidence (float): Level of the intervals. Defaults to 0.95.
        seed (int): Seed of the bootstrap. Defaults to 0.
        **kwargs: Those of :class:`PartialLabelMetric`.

    Raises:
        ValueError: If ``bootstrap`` or ``confidence`` is out of range.
    """

    #: ``resampled_auc`` or a function like it.
    resampled: Callable[..., np.ndarray]

    def __init__(
        self,
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
        self.bootstrap = bootstrap
        self.confidence = confidence
        self.seed = seed

    def more(
        self,
        data: Collected,
        classes: Sequence[str],
        groups: dict[str, np.ndarray],
        scope: str,
    ) -> Iterator[tuple[str, float]]:
        """Yield the ends of the intervals, in %, if they are asked for.

        Args:
            data (Collected): Of N images.
            classes (Sequence[str]): C names.
            groups (dict[str, ndarray]): Key of a mean -> its classes.
            scope (str): '' or the source with a slash.

        Yields:
            tuple[str, float]: Key behind the scope, and value.
        """
        if not self.bootstrap:
            return
        resampled = self._resample(data)
        columns = {
            classes[i]: resampled[:, i]
            for i in np.flatnonzero(data.annotated).tolist()
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

    def _resample(self, data: Collected) -> np.ndarray:
        """Return the measure of each sample and class, (R, C)."""
        if all(patient is None for patient in data.patients):
            self._warn(
                f'the bootstrap of {self.prefix} draws images, since no data '
                'sample has a `patient_id`: where patients have several '
                'images its intervals are too short. Add it to `meta_keys` '
                'of PackInputs if the data have it'
            )
        # The bar goes to the console alone: a thousand resamples of a large
        # test set take minutes.
        bar = ProgressBar(self.bootstrap, file=sys.stdout)
        resampled = type(self).resampled(
            data.score[None],
            data.target,
            number_clusters(data.patients, data.sources),
            self.bootstrap,
            self.seed,
            bar.update,
        )
        bar.file.write('\n')
        return resampled[:, 0]


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
