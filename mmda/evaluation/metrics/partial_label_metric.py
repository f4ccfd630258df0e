"""Base of the metrics on partial labels: what is collected, and the means."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log
from mmpretrain.structures import label_to_onehot

from mmda.structures import nearest

from ..functional import why_undefined
from .collected import Collected

_KEYS = ('mean', 'mean_shared', 'mean_of_interest', 'num_classes')


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
            _stack(scores), _stack(targets), [*sources], [*patients]
        )
        classes = self._class_names(data.score.shape[1])
        metrics = self._summarise(data, classes, '')
        names = sorted({s for s in sources if s is not None})
        if len(names) == 1 and None not in sources:
            # The same images once more: they need not be measured again.
            metrics.update(_as_source(metrics, names[0], data, classes))
            return metrics
        for source in names:
            rows = np.array([s == source for s in sources])
            part = data.select(rows)
            metrics.update(self._summarise(part, classes, f'{source}/'))
        return metrics

    def per_class(
        self, data: Collected, scope: str = ''
    ) -> dict[str, np.ndarray]:
        """Return the measure of each class, and what belongs to it.

        Args:
            data (Collected): Of N images.
            scope (str): '' or the source with a slash, for messages.

        Returns:
            dict[str, ndarray]: '' -> the measure, float64 (C,), NaN where
            undefined; further keys stand behind that of the class.
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
        annotated = data.annotated
        found = self.per_class(data, scope)
        values = found['']
        defined = ~np.isnan(values)
        groups = self._groups(data, classes, scope)
        metrics = {scope + k: _mean(values[i]) for k, i in groups.items()}
        if not scope:
            metrics['num_classes'] = int(defined.sum())
        for index, name in enumerate(classes):
            if scope and not annotated[index]:
                continue
            metrics[f'{scope}{name}'] = float(values[index])
            for suffix, column in found.items():
                if suffix and annotated[index]:
                    key = f'{scope}{name}/{suffix}'
                    metrics[key] = float(column[index])
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
            shared = data.shared_classes
        if len(shared):
            groups['mean_shared'] = shared
        if self.classes_of_interest is not None:
            wanted = self._indices('classes_of_interest', classes)
            if scope:  # a source need not annotate them
                wanted = wanted[data.annotated[wanted]]
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


def _stack(rows: Sequence[np.ndarray]) -> np.ndarray:
    """Do what ``np.stack`` does, in half of the time for many short rows."""
    return np.concatenate(rows).reshape(len(rows), -1)


def _mean(values: np.ndarray) -> float:
    defined = values[~np.isnan(values)]
    return float(defined.mean()) if len(defined) else float('nan')


def _as_source(
    metrics: dict[str, float],
    source: str,
    data: Collected,
    classes: Sequence[str],
) -> dict[str, float]:
    """Return the values of all images as those of their only source."""
    left_out = {classes[i] for i in np.flatnonzero(~data.annotated).tolist()}
    left_out.add('num_classes')
    return {
        f'{source}/{key}': value
        for key, value in metrics.items()
        if key not in left_out
    }
