"""ROC-AUC on partial labels: per class, per source, and their means."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import numpy as np
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log
from mmengine.registry import METRICS
from mmpretrain.structures import label_to_onehot

from ..functional import partial_auc_per_class, why_undefined


@METRICS.register_module()
class PartialLabelAUC(BaseMetric):
    """Area under the ROC curve over annotated entries, in %.

    The keys are ``auc/mean`` (over the classes where it is defined),
    ``auc/num_classes`` (how many these are), ``auc/<class>``, and for every
    source of the data ``auc/<source>/mean`` and ``auc/<source>/<class>``. A
    class without a positive or without a negative among its annotated entries
    is NaN, and the log says why; it is neither 0 nor left out silently.

    Args:
        collect_device (str): Where results of several ranks are collected,
            'cpu' or 'gpu'. Defaults to 'cpu'.
        prefix (str, optional): Defaults to 'auc'.

    Examples:
        >>> import torch
        >>> metric = PartialLabelAUC()
        >>> metric.dataset_meta = dict(classes=('a', 'b'))
        >>> sample = lambda p, y: dict(
        ...     pred_score=torch.tensor(p), gt_score=torch.tensor(y))
        >>> nan = float('nan')
        >>> metric.process({}, [sample([.9, .5], [1., nan]),
        ...                     sample([.2, .5], [0., nan])])
        >>> metric.evaluate(2)
        {'auc/mean': 100.0, 'auc/num_classes': 1, 'auc/a': 100.0, 'auc/b': nan}
    """

    default_prefix = 'auc'

    def __init__(
        self, collect_device: str = 'cpu', prefix: str | None = None
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        self._warned: set[str] = set()

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Keep scores, targets and sources of one batch.

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
                (score.numpy(), target.numpy(), sample.get('source'))
            )

    def compute_metrics(self, results: list) -> dict[str, float]:
        """Compute all values from the results of all ranks.

        Args:
            results (list): What :meth:`process` kept.

        Returns:
            dict[str, float]: See the class.
        """
        score = np.stack([result[0] for result in results])
        target = np.stack([result[1] for result in results])
        classes = self._class_names(score.shape[1])
        metrics = self._summarise(score, target, classes, '')
        sources = np.array([str(result[2]) for result in results])
        known = [r[2] for r in results if r[2] is not None]
        for source in sorted(set(known)):
            rows = sources == source
            metrics.update(
                self._summarise(
                    score[rows], target[rows], classes, f'{source}/'
                )
            )
        return metrics

    def _summarise(
        self,
        score: np.ndarray,
        target: np.ndarray,
        classes: Sequence[str],
        scope: str,
    ) -> dict[str, float]:
        """Return the values of one set of images; ``scope`` begins the keys.

        Of a single source, classes that it does not annotate are left out.
        """
        auc = partial_auc_per_class(score, target) * 100
        defined = ~np.isnan(auc)
        mean = float(auc[defined].mean()) if defined.any() else float('nan')
        metrics: dict[str, float] = {f'{scope}mean': mean}
        if not scope:
            metrics['num_classes'] = int(defined.sum())
        for index, name in enumerate(classes):
            if scope and np.isnan(target[:, index]).all():
                continue
            metrics[f'{scope}{name}'] = float(auc[index])
            if not defined[index]:
                reason = why_undefined(target[:, index]) or 'NaN in the scores'
                self._warn(f'auc/{scope}{name} is undefined: {reason}')
        return metrics

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
        return tuple(names)
