"""Base of the metrics on partial labels: what is collected, and the means."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log
from mmpretrain.structures import label_to_onehot

from mmda.structures import nearest

from ..functional import why_undefined

_KEYS = ('mean', 'mean_shared', 'mean_of_interest', 'num_classes')


class Collected(NamedTuple):
    """Answers and annotations of N images, in the order of the data.

    Attributes:
        score (ndarray): float32 (N, C).
        target (ndarray): float32 (N, C), NaN where not annotated.
        sources (list): N names or None.
        patients (list): N ids or None.
    """

    score: np.ndarray
    target: np.ndarray
    sources: list
    patients: list

    def select(self, rows: np.ndarray) -> Collected:
        """Return some of the images.

        Args:
            rows (ndarray): bool (N,).

        Returns:
            Collected: Those images.
        """
        chosen = np.flatnonzero(rows)
        return Collected(
            self.score[rows],
            self.target[rows],
            [self.sources[i] for i in chosen],
            [self.patients[i] for i in chosen],
        )


class PartialLabelMetric(BaseMetric):
    """Collect answers; report a measure per class, per source, and means.

    A subclass implements :meth:`per_class`. The keys are those described at
    ``PartialLabelAUC``.

    Args:
        classes_of_interest (Sequence[str], optional): Classes of an own mean.
        shared_classes (Sequence[str], optional): Classes of another mean.
            Defaults to the classes that two or more sources of the evaluated
            data annotate.
        collect_device (str): Where results of several ranks are collected,
            'cpu' or 'gpu'. Defaults to 'cpu'.
        prefix (str, optional): Defaults to that of the subclass.
    """

    def __init__(
        self,
        classes_of_interest: Sequence[str] | None = None,
        shared_classes: Sequence[str] | None = None,
        collect_device: str = 'cpu',
        prefix: str | None = None,
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        self.classes_of_interest = classes_of_interest
        self.shared_classes = shared_classes
        self._warned: set[str] = set()

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Keep scores, targets, sources and patients of one batch.

        Args:
            data_batch (Any): Not used.
            data_samples (Sequence[dict]): With ``pred_score`` (C,), and
                ``gt_score`` (C,) with NaN or a stock ``gt_label``.
        """
        for sample in data_samples:
            score = sample['pred_score'].float().cpu()
            if 'gt_score' in sample:
                target = sample['gt_score'].float().cpu()
            else:
                target = label_to_onehot(sample['gt_label'], len(score)).cpu()
            self.results.append(
                (
                    score.numpy(),
                    target.float().numpy(),
                    sample.get('source'),
                    sample.get('patient_id'),
                )
            )

    def compute_metrics(self, results: list) -> dict[str, float]:
        """Compute all values from the results of all ranks.

        Args:
            results (list): What :meth:`process` kept.

        Returns:
            dict[str, float]: See the class.
        """
        scores, targets, sources, patients = zip(*results, strict=True)
        data = Collected(
            np.stack(scores), np.stack(targets), [*sources], [*patients]
        )
        classes = self._class_names(data.score.shape[1])
        metrics = self._summarise(data, classes, '')
        for source in sorted({s for s in sources if s is not None}):
            rows = np.array([s == source for s in sources])
            part = data.select(rows)
            metrics.update(self._summarise(part, classes, f'{source}/'))
        return metrics

    def per_class(self, data: Collected) -> np.ndarray:
        """Return the measure of each class.

        Args:
            data (Collected): Of N images.

        Returns:
            ndarray: float64 (C,), NaN where undefined.
        """
        raise NotImplementedError

    def more(
        self,
        data: Collected,
        classes: Sequence[str],
        groups: dict[str, np.ndarray],
        scope: str,
    ) -> Iterator[tuple[str, float]]:
        """Yield further keys and values, such as intervals; none by default.

        Args:
            data (Collected): Of N images.
            classes (Sequence[str]): C names.
            groups (dict[str, ndarray]): Key of a mean -> indices of its
                classes.
            scope (str): '' or the source with a slash.

        Yields:
            tuple[str, float]: Key behind the scope, and value.
        """
        yield from ()

    def _summarise(
        self, data: Collected, classes: Sequence[str], scope: str
    ) -> dict[str, float]:
        """Return the values of one set of images; ``scope`` begins the keys.

        Of a single source, classes that it does not annotate are left out.
        """
        values = self.per_class(data)
        defined = ~np.isnan(values)
        groups = self._groups(data, classes, scope)
        metrics = {scope + k: _mean(values[i]) for k, i in groups.items()}
        if not scope:
            metrics['num_classes'] = int(defined.sum())
        for index, name in enumerate(classes):
            if scope and np.isnan(data.target[:, index]).all():
                continue
            metrics[f'{scope}{name}'] = float(values[index])
            if not defined[index]:
                reason = why_undefined(data.target[:, index])
                self._warn(
                    f'{self.prefix}/{scope}{name} is undefined: '
                    f'{reason or "NaN in the scores"}'
                )
        for key, value in self.more(data, classes, groups, scope):
            metrics[scope + key] = value
        return metrics

    def _groups(
        self, data: Collected, classes: Sequence[str], scope: str
    ) -> dict[str, np.ndarray]:
        """Return the means that are asked for and their classes."""
        groups = {'mean': np.arange(len(classes))}
        if self.shared_classes is not None:
            shared = self._indices('shared_classes', classes)
        else:
            shared = _shared(data)
        if len(shared):
            groups['mean_shared'] = shared
        if self.classes_of_interest is not None:
            wanted = self._indices('classes_of_interest', classes)
            if scope:  # a source need not annotate them
                known = ~np.isnan(data.target).all(axis=0)
                wanted = wanted[known[wanted]]
            if len(wanted):
                groups['mean_of_interest'] = wanted
        return groups

    def _indices(self, option: str, classes: Sequence[str]) -> np.ndarray:
        names = getattr(self, option)
        for name in names:
            if name not in classes:
                raise ValueError(
                    f'{option} of {type(self).__name__}: unknown class '
                    f'{name!r}{nearest(name, classes)}'
                )
        return np.array([list(classes).index(n) for n in names], dtype=int)

    def _warn(self, message: str) -> None:
        """Log a message once, not at every validation."""
        if message not in self._warned:
            self._warned.add(message)
            print_log(message, logger='current', level=logging.WARNING)

    def _class_names(self, num_classes: int) -> tuple[str, ...]:
        names = (self.dataset_meta or {}).get('classes')
        if names is None:
            return tuple(str(i) for i in range(num_classes))
        if len(names) != num_classes:
            raise ValueError(
                f'the model answers {num_classes} questions, but the dataset '
                f'has {len(names)} classes: {tuple(names)}'
            )
        check_names(names)
        return tuple(names)


def check_names(classes: Sequence[str]) -> None:
    """Refuse classes whose values would overwrite a mean.

    Args:
        classes (Sequence[str]): Class names.

    Raises:
        ValueError: If a class is named like a key of the metrics.
    """
    for name in classes:
        if name in _KEYS:
            raise ValueError(
                f'a class is named {name!r}, which is a key of the metrics: '
                'rename it'
            )


def _mean(values: np.ndarray) -> float:
    defined = values[~np.isnan(values)]
    return float(defined.mean()) if len(defined) else float('nan')


def _shared(data: Collected) -> np.ndarray:
    """Return the classes that two or more sources annotate."""
    names = np.array([str(source) for source in data.sources])
    known = [
        ~np.isnan(data.target[names == name]).all(axis=0)
        for name in sorted(set(names))
    ]
    return np.flatnonzero(np.sum(known, axis=0) >= 2)
