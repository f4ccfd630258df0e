"""Base of the metrics on partial image labels."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from mmengine.utils import ProgressBar

from ..functional import (
    mean_of_defined,
    number_clusters,
    percentile_interval,
    resample,
    why_undefined,
)
from .label_metric import LabelMetric, read_answers
from .metric_keys import key_part


class Answers(NamedTuple):
    """Answers and labels of N images, in the order of the data.

    Attributes:
        score (ndarray): float32 (N, C).
        target (ndarray): float32 (N, C), NaN where not annotated.
        sources (ndarray): object (N,), names or None.
        patients (ndarray): object (N,), ids or None.
        groups (ndarray): object (N,), dicts such as ``{'sex': 'F'}``.
    """

    score: np.ndarray
    target: np.ndarray
    sources: np.ndarray
    patients: np.ndarray
    groups: np.ndarray

    def of(self, source: str | None) -> Answers:
        """Return the images of one source.

        Args:
            source (str, optional): Name of the source, or None for the images
                without a source.

        Returns:
            Answers: A part of the images.
        """
        rows = self.sources == source
        return Answers(*(column[rows] for column in self))

    @property
    def annotated(self) -> np.ndarray:
        """ndarray: bool (C,), classes that any of the images annotates."""
        return ~np.isnan(self.target).all(axis=0)


class PartialLabelMetric(LabelMetric):
    """Report a measure per class and per source, their means, and intervals.

    A subclass implements :meth:`per_class` and sets ``resampled``. The class
    ``PartialLabelAUC`` describes the keys.

    Args:
        bootstrap (int): Number of resamples of patients; use 1,000 or more for
            a paper. An image without a ``patient_id`` is its own patient. If
            no image has a ``patient_id``, the log says so. Defaults to 0, no
            bootstrap.
        confidence (float): Level of the intervals. Defaults to 0.95.
        seed (int): Seed of the bootstrap. Defaults to 0.
        classes_of_interest (Sequence[str], optional): Classes of
            ``mean_of_interest``.
        shared_classes (Sequence[str], optional): Classes of ``mean_shared``.
            Defaults to the classes that two or more sources of the evaluated
            data annotate.
        **kwargs: ``collect_device`` and ``prefix`` of ``LabelMetric``.

    Raises:
        ValueError: If ``bootstrap`` or ``confidence`` is out of range.
    """

    marks_untrained = True
    #: The measure of ``mmda.evaluation.functional.resample``: 'auc' or 'ap'.
    resampled: str

    def __init__(
        self,
        bootstrap: int = 0,
        confidence: float = 0.95,
        seed: int = 0,
        classes_of_interest: Sequence[str] | None = None,
        shared_classes: Sequence[str] | None = None,
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
        self.classes_of_interest = classes_of_interest
        self.shared_classes = shared_classes

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Keep scores, labels, sources, patients and groups of one batch.

        Args:
            data_batch (Any): Not used.
            data_samples (Sequence[dict]): With ``pred_score`` (C,), and with
                ``gt_score`` (C,) or a stock ``gt_label``.
        """
        for sample in data_samples:
            origin = (sample.get('source'), sample.get('patient_id'))
            groups = sample.get('groups') or {}
            self.results.append((*read_answers(sample), *origin, groups))

    def compute_metrics(self, results: list) -> dict[str, float]:
        """Compute all values from the results of all ranks.

        Args:
            results (list): What :meth:`process` kept.

        Returns:
            dict[str, float]: See the class.
        """
        scores, targets, *origin = zip(*results, strict=True)
        data = Answers(_stack(scores), _stack(targets), *map(_objects, origin))
        metrics = self._measure_all(data)
        self.warn_of_the_rest()
        return metrics

    def _measure_all(self, data: Answers) -> dict[str, float]:
        """Measure all images, then the images of each source."""
        classes = self.class_names(data.score.shape[1])
        # An answer without training is random: it is not measured.
        data.target[:, np.isin(classes, self.untrained)] = np.nan
        metrics = self._summarise(data, classes, '')
        sources = data.sources.tolist()
        names = sorted({s for s in sources if s is not None})
        if len(names) == 1 and None not in sources:
            # All images are of this source: do not measure them twice.
            keys = [key_part(name) for name in classes]
            known = {n for n, k in zip(keys, data.annotated, strict=True) if k}
            left_out = {*keys, 'num_classes'} - known
            copied = {k: v for k, v in metrics.items() if k not in left_out}
            return metrics | _begin(copied, f'{key_part(names[0])}/')
        for source in names:
            scope = f'{key_part(source)}/'
            metrics |= self._summarise(data.of(source), classes, scope)
        return metrics

    def per_class(
        self, data: Answers, scope: str = ''
    ) -> dict[str, np.ndarray]:
        """Return the measure of each class.

        Args:
            data (Answers): N images.
            scope (str): '' for all images, or the source with a slash. Begins
                the keys in messages.

        Returns:
            dict[str, ndarray]: '' -> the measure, float64 (C,), NaN where
            undefined. A further entry 'x' becomes the keys ``<class>/x``.
        """
        raise NotImplementedError

    def _summarise(
        self, data: Answers, classes: Sequence[str], scope: str
    ) -> dict[str, float]:
        """Return the values of one set of images; ``scope`` begins the keys.

        Of a single source, classes that it does not annotate are left out.
        """
        found = self.per_class(data, scope)
        values = found.pop('')
        groups = self._groups(data, classes, scope)
        metrics = {
            k: float(mean_of_defined(values[i])) for k, i in groups.items()
        }
        if not scope:
            metrics['num_classes'] = int((~np.isnan(values)).sum())
        annotated = data.annotated
        keys = [key_part(name) for name in classes]
        for index, name in enumerate(keys):
            if annotated[index] or not scope:
                metrics[name] = float(values[index])
            if annotated[index]:
                for suffix, column in found.items():
                    metrics[f'{name}/{suffix}'] = float(column[index])
            if np.isnan(values[index]) and name in metrics:
                reason = why_undefined(data.target[:, index])
                if classes[index] in self.untrained:
                    reason = 'the checkpoint does not know this class'
                self.warn(
                    f'{self.prefix}/{scope}{name} is undefined: '
                    f'{reason or "NaN in the scores"}',
                    'values',
                )
        if self.bootstrap:
            metrics.update(self._intervals(data, keys, groups, scope))
        return _begin(metrics, scope)

    def _groups(
        self, data: Answers, classes: Sequence[str], scope: str
    ) -> dict[str, np.ndarray]:
        """Return the means to report, and the classes of each."""
        groups = {'mean': np.arange(len(classes))}
        if self.shared_classes is not None:
            groups['mean_shared'] = self.indices(
                'shared_classes', self.shared_classes, classes
            )
        elif len(sources := set(data.sources.tolist())) > 1:
            known = [data.of(source).annotated for source in sources]
            groups['mean_shared'] = np.flatnonzero(np.sum(known, axis=0) >= 2)
        if self.classes_of_interest is not None:
            wanted = self.indices(
                'classes_of_interest', self.classes_of_interest, classes
            )
            if scope:  # a source need not annotate them
                wanted = wanted[data.annotated[wanted]]
            groups['mean_of_interest'] = wanted
        return {k: v for k, v in groups.items() if k == 'mean' or len(v)}

    def _intervals(
        self,
        data: Answers,
        keys: Sequence[str],
        groups: dict[str, np.ndarray],
        scope: str,
    ) -> Iterator[tuple[str, float]]:
        """Yield keys and values of the bootstrap intervals, in %."""
        if all(patient is None for patient in data.patients):
            self.warn(
                f'the bootstrap of {self.prefix} draws images, because no '
                'image has a `patient_id`. If patients have several images, '
                'its intervals are too short. Does the '
                'source give a `patient_id`?'
            )
        resampled = self.resample(data, data.score, data.target)
        columns = {
            keys[i]: resampled[:, i]
            for i in np.flatnonzero(data.annotated).tolist()
        }
        for key, indices in groups.items():
            columns[key] = mean_of_defined(resampled[:, indices])
        for key, values in columns.items():
            low, high = percentile_interval(values, self.confidence)
            if low == high:
                low = high = np.array(np.nan)
                self.warn(
                    f'{self.prefix}/{scope}{key}: the bootstrap interval is '
                    'undefined, because all resamples give the same value',
                    'bootstrap intervals',
                )
            yield f'{key}/bootstrap_low', float(low) * 100
            yield f'{key}/bootstrap_high', float(high) * 100

    def resample(
        self, data: Answers, score: np.ndarray, target: np.ndarray
    ) -> np.ndarray:
        """Measure bootstrap samples of the patients.

        Args:
            data (Answers): N images.
            score (ndarray): (N, K), scores of these images.
            target (ndarray): (N, K), NaN where not annotated.

        Returns:
            ndarray: float64 (R, K), in [0, 1]. All calls with the same images
            draw the same samples.
        """
        # Only the console shows the bar: a large test set takes minutes.
        bar = ProgressBar(self.bootstrap, file=sys.stdout)
        resampled = resample(
            self.resampled,
            score[None],
            target,
            number_clusters(data.patients, data.sources),
            self.bootstrap,
            self.seed,
            bar.update,
        )[:, 0]
        bar.file.write('\n')
        return resampled


def _begin(metrics: dict[str, float], scope: str) -> dict[str, float]:
    return {scope + key: value for key, value in metrics.items()}


def _stack(rows: Sequence[np.ndarray]) -> np.ndarray:
    """Do what ``np.stack`` does, in half of the time for many short rows."""
    return np.concatenate(rows).reshape(len(rows), -1)


def _objects(values: Sequence[Any]) -> np.ndarray:
    """Return an array that keeps None and the types of the values."""
    found = np.empty(len(values), dtype=object)
    found[:] = values
    return found
