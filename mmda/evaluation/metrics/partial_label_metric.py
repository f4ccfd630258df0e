"""Base of the metrics on partial image labels."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from mmengine.dist import broadcast_object_list, is_main_process
from mmengine.utils import ProgressBar

from ..functional import (
    Ranking,
    mean_of_defined,
    missing_labels,
    number_clusters,
    per_group,
    percentile_interval,
    resample,
)
from .gather import gather_batches
from .label_metric import LabelMetric, read_answers
from .metric_keys import key_part

_ALL = slice(None)


class Answers(NamedTuple):
    """Answers and labels of N images, in the order of the data.

    Attributes:
        score (ndarray): float32 (N, C).
        target (ndarray): float32 (N, C), NaN where not annotated.
        names (tuple): S names of sources; None stands for the images without
            a source, and comes last.
        source_numbers (ndarray): int64 (N,), the position in ``names``.
        patients (ndarray): object (N,), ids or None.
        groups (ndarray): object (N,), dicts such as ``{'sex': 'F'}`` or None.
    """

    score: np.ndarray
    target: np.ndarray
    names: tuple[str | None, ...]
    source_numbers: np.ndarray
    patients: np.ndarray
    groups: np.ndarray


class _Measured(NamedTuple):
    """The values of C classes, of all images and of each source.

    A single source has all images, and so no row.
    """

    values: np.ndarray  # float64 (K, 1 + S, C), in %, NaN where undefined
    images: np.ndarray  # int64 (1 + S,)
    positives: np.ndarray  # int64 (1 + S, C)
    negatives: np.ndarray  # int64 (1 + S, C)

    @property
    def annotated(self) -> np.ndarray:
        """ndarray: bool (1 + S, C)."""
        return self.positives + self.negatives > 0


class PartialLabelMetric(LabelMetric):
    """Report a measure per class and per source, their means, and intervals.

    A subclass implements :meth:`measure` and sets ``resampled``. The class
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
    #: What :meth:`measure` returns: ``<class>``, ``<class>/<suffix>``.
    suffixes: tuple[str, ...] = ('',)

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
        answers = zip(*map(read_answers, data_samples), strict=True)
        origin = np.empty((3, len(data_samples)), dtype=object)
        for row, key in enumerate(('source', 'patient_id', 'groups')):
            origin[row] = [sample.get(key) for sample in data_samples]
        # One entry per image would take several times this memory.
        self.results.append((*map(np.stack, answers), *origin))

    def evaluate(self, size: int) -> dict[str, float]:
        """Compute all values from the images of all ranks.

        Args:
            size (int): Number of images, N.

        Returns:
            dict[str, float]: See the class. Keys begin with the prefix.
        """
        columns = gather_batches(
            self.results, size, self.collect_device, self.collect_dir
        )
        metrics: list[dict[str, float]] = [{}]
        if is_main_process():
            values = self.compute_metrics(columns)
            metrics = [{f'{self.prefix}/{k}': v for k, v in values.items()}]
        broadcast_object_list(metrics)
        self.results.clear()
        return metrics[0]

    def compute_metrics(self, results: list) -> dict[str, float]:
        """Compute all values.

        Args:
            results (list): Arrays of N images: scores and targets, float32
                (N, C); sources, patients and groups, object (N,).

        Returns:
            dict[str, float]: See the class, without the prefix.
        """
        score, target, sources, patients, groups = results
        # None is the last name.
        names = sorted(set(sources), key=lambda name: (name is None, name))
        number = {name: position for position, name in enumerate(names)}
        numbers = np.fromiter(map(number.__getitem__, sources), np.int64)
        data = Answers(score, target, tuple(names), numbers, patients, groups)
        classes = self.class_names(data.score.shape[1])
        # An answer without training is random: it is not measured.
        data.target[:, np.isin(classes, self.untrained)] = np.nan
        metrics = self._summarise_all(data, classes)
        self.warn_of_the_rest()
        return metrics

    def measure(self, ranking: Ranking) -> tuple[np.ndarray, ...]:
        """Return the measure of one class.

        Args:
            ranking (Ranking): Of all images and of each of S sources.

        Returns:
            tuple[ndarray]: An array for each of ``suffixes``, float64
            (1 + S,), in [0, 1], NaN where undefined.
        """
        raise NotImplementedError

    def explain(self, key: str, values: list[float], counts: int) -> None:
        """Warn of values that need an explanation.

        Args:
            key (str): The key of the class.
            values (list[float]): What was measured, in %.
            counts (int): The smaller of the numbers of positives and of
                negatives.
        """

    def _measure(self, data: Answers) -> _Measured:
        split = len(data.names) > 1
        found = per_group(
            lambda ranking: (
                *self.measure(ranking),
                ranking.num_positives,
                ranking.num_negatives,
            ),
            data.score,
            data.target,
            data.source_numbers if split else None,
            len(data.names) if split else 0,
        )
        images = [len(data.score)]
        if split:
            images += np.bincount(data.source_numbers).tolist()
        *values, positives, negatives = np.moveaxis(found, -1, 0)
        return _Measured(
            100 * np.array(values),
            np.array(images),
            positives.astype(np.int64),
            negatives.astype(np.int64),
        )

    def _summarise_all(
        self, data: Answers, classes: Sequence[str]
    ) -> dict[str, float]:
        """Report all images, then the images of each source."""
        found = self._measure(data)
        metrics = self._summarise(found, data, classes, 0)
        if data.names == (None,):
            return metrics
        if len(data.names) == 1:
            # All images are of this source: do not measure them twice.
            known = found.annotated[0].tolist()
            keys = [key_part(name) for name in classes]
            left_out = {
                k for k, own in zip(keys, known, strict=True) if not own
            }
            left_out.add('num_classes')
            copied = {k: v for k, v in metrics.items() if k not in left_out}
            return metrics | _begin(copied, _scope(data.names[0]))
        for row, name in enumerate(data.names, 1):
            if name is not None:
                metrics |= self._summarise(found, data, classes, row)
        return metrics

    def _summarise(
        self,
        found: _Measured,
        data: Answers,
        classes: Sequence[str],
        row: int,
    ) -> dict[str, float]:
        """Return the values of all images (row 0), or of one source.

        Of a single source, classes that it does not annotate are left out.
        """
        scope = _scope(data.names[row - 1]) if row else ''
        values = found.values[:, row]
        groups = self._groups(found.annotated, classes, row)
        metrics = {
            k: float(mean_of_defined(values[0, i])) for k, i in groups.items()
        }
        if not row:
            metrics['num_classes'] = int((~np.isnan(values[0])).sum())
        keys = [key_part(name) for name in classes]
        counts = np.stack([found.positives[row], found.negatives[row]], 1)
        for index, (name, column, count) in enumerate(
            zip(keys, values.T.tolist(), counts.tolist(), strict=True)
        ):
            if any(count):
                for suffix, value in zip(self.suffixes, column, strict=True):
                    metrics[f'{name}/{suffix}' if suffix else name] = value
            elif not row:
                metrics[name] = column[0]
            else:
                continue
            key = f'{self.prefix}/{scope}{name}'
            if math.isnan(column[0]):
                reason = missing_labels(int(found.images[row]), *count)
                if classes[index] in self.untrained:
                    reason = 'the checkpoint does not know this class'
                reason = reason or 'NaN in the scores'
                self.warn(f'{key} is undefined: {reason}', 'values')
            else:
                self.explain(key, column, min(count))
        if self.bootstrap:
            annotated = found.annotated[row]
            own = data.source_numbers == row - 1 if row else slice(None)
            metrics.update(
                self._intervals(data, own, annotated, keys, groups, scope)
            )
        return _begin(metrics, scope)

    def _groups(
        self, annotated: np.ndarray, classes: Sequence[str], row: int
    ) -> dict[str, np.ndarray]:
        """Return the means to report, and the classes of each."""
        groups = {'mean': np.arange(len(classes))}
        if self.shared_classes is not None:
            groups['mean_shared'] = self.indices(
                'shared_classes', self.shared_classes, classes
            )
        elif not row:
            num_sources = annotated[1:].sum(axis=0)
            groups['mean_shared'] = np.flatnonzero(num_sources >= 2)
        if self.classes_of_interest is not None:
            wanted = self.indices(
                'classes_of_interest', self.classes_of_interest, classes
            )
            if row:  # a source need not annotate them
                wanted = wanted[annotated[row, wanted]]
            groups['mean_of_interest'] = wanted
        return {k: v for k, v in groups.items() if k == 'mean' or len(v)}

    def _intervals(
        self,
        data: Answers,
        rows: np.ndarray | slice,
        annotated: np.ndarray,
        keys: Sequence[str],
        groups: dict[str, np.ndarray],
        scope: str,
    ) -> Iterator[tuple[str, float]]:
        """Yield keys and values of the bootstrap intervals, in %."""
        if all(patient is None for patient in data.patients[rows]):
            self.warn(
                f'the bootstrap of {self.prefix} draws images, because no '
                'image has a `patient_id`. If patients have several images, '
                'its intervals are too short. Does the '
                'source give a `patient_id`?'
            )
        resampled = self.resample(data, data.score, data.target, rows)
        columns = {
            keys[i]: resampled[:, i]
            for i in np.flatnonzero(annotated).tolist()
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
        self,
        data: Answers,
        score: np.ndarray,
        target: np.ndarray,
        rows: np.ndarray | slice = _ALL,
    ) -> np.ndarray:
        """Measure bootstrap samples of the patients.

        Args:
            data (Answers): N images.
            score (ndarray): (N, K), scores of these images.
            target (ndarray): (N, K), NaN where not annotated.
            rows (ndarray | slice): The images to draw from, bool (N,).
                Defaults to all.

        Returns:
            ndarray: float64 (R, K), in [0, 1]. All calls with the same images
            draw the same samples.
        """
        # Only the console shows the bar: a large test set takes minutes.
        bar = ProgressBar(self.bootstrap, file=sys.stdout)
        resampled = resample(
            self.resampled,
            score[None, rows],
            target[rows],
            number_clusters(data.patients[rows], data.source_numbers[rows]),
            self.bootstrap,
            self.seed,
            bar.update,
        )[:, 0]
        bar.file.write('\n')
        return resampled


def _scope(source: str | None) -> str:
    return f'{key_part(source or "")}/'


def _begin(metrics: dict[str, float], scope: str) -> dict[str, float]:
    return {scope + key: value for key, value in metrics.items()}
