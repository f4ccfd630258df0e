"""How well a model tells images of a class that it was never trained on."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import numpy as np
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log
from mmengine.registry import METRICS
from mmpretrain.structures import label_to_onehot

from mmda.structures import nearest

from ..functional import NOVELTY_SCORES, binary_auc, why_undefined


@METRICS.register_module()
class NovelClassAUC(BaseMetric):
    """ROC-AUC of novel images against the rest, in %.

    An image is novel if it shows a class that no training image was annotated
    with (section 5.5 (1) of the paper). The keys are ``novel/max`` (score: 1
    - the greatest answer, as in the paper), ``novel/entropy`` (mean entropy
    of the answers), ``novel/energy`` (negative joint energy), and
    ``novel/num_novel`` and ``novel/num_known``, the numbers of images. Without
    novel or without known images the values are NaN, and the log says so.

    Args:
        novel_classes (Sequence[str], optional): Classes of the label space
            that were never trained. An image that is positive in one of them
            is novel, one that is negative in all of them is known, others are
            left out; their answers are not used. Defaults to None: the label
            space has no such class, an image that is annotated as negative in
            every class is novel, one with any positive is known.
        scores (Sequence[str]): Of 'max', 'entropy' and 'energy'; all by
            default.
        collect_device (str): 'cpu' or 'gpu'. Defaults to 'cpu'.
        prefix (str, optional): Defaults to 'novel'.

    Raises:
        ValueError: If a class or a score is unknown, or no class is left.

    Examples:
        >>> import torch
        >>> metric = NovelClassAUC(scores=['max'])
        >>> metric.process({}, [
        ...     dict(pred_score=torch.tensor([.9, .2]), gt_label=[0]),
        ...     dict(pred_score=torch.tensor([.4, .3]), gt_label=[])])
        >>> metric.evaluate(2)
        {'novel/max': 100.0, 'novel/num_novel': 1, 'novel/num_known': 1}
    """

    default_prefix = 'novel'

    def __init__(
        self,
        novel_classes: Sequence[str] | None = None,
        scores: Sequence[str] = tuple(NOVELTY_SCORES),
        collect_device: str = 'cpu',
        prefix: str | None = None,
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        for name in scores:
            if name not in NOVELTY_SCORES:
                raise ValueError(
                    f'scores of NovelClassAUC: found {name!r}, expected one '
                    f'of {tuple(NOVELTY_SCORES)}'
                )
        self.novel_classes = novel_classes
        self.scores = tuple(scores)

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Keep answers and targets of one batch.

        Args:
            data_batch (Any): Not used.
            data_samples (Sequence[dict]): With ``pred_score`` (C,), and
                ``gt_score`` (C,) with NaN or a stock ``gt_label``.
        """
        for sample in data_samples:
            score = sample['pred_score'].float().cpu()
            target = sample.get('gt_score')
            if target is None:
                label = np.asarray(sample['gt_label'], dtype=np.int64)
                target = label_to_onehot(label, len(score))
            self.results.append((score.numpy(), target.cpu().float().numpy()))

    def compute_metrics(self, results: list) -> dict[str, float]:
        """Compute all values from the results of all ranks.

        Args:
            results (list): What :meth:`process` kept.

        Returns:
            dict[str, float]: See the class.
        """
        answers = np.stack([result[0] for result in results])
        target = np.stack([result[1] for result in results])
        judged, kept = target, np.ones(target.shape[1], dtype=bool)
        if self.novel_classes is not None:
            columns = self._columns(target.shape[1])
            judged = target[:, columns]
            kept[columns] = False
        # NaN > 0.5 and NaN <= 0.5 are False
        positive = np.any(judged > 0.5, axis=1)
        negative = np.all(judged <= 0.5, axis=1)
        novel, known = negative, positive
        if self.novel_classes is not None:
            novel, known = positive, negative
        rows = np.logical_or(novel, known)
        is_novel = novel[rows].astype(np.float64)
        reason = why_undefined(is_novel)
        if reason:
            print_log(
                f'{self.prefix} is undefined ("positive" = novel): {reason}',
                logger='current',
                level=logging.WARNING,
            )
        metrics: dict[str, float] = {
            name: 100
            * binary_auc(
                NOVELTY_SCORES[name](answers[rows][:, kept]), is_novel
            )
            for name in self.scores
        }
        metrics['num_novel'] = int(novel.sum())
        metrics['num_known'] = int(known.sum())
        return metrics

    def _columns(self, num_classes: int) -> list[int]:
        assert self.novel_classes is not None
        names = (self.dataset_meta or {}).get('classes')
        names = list(names or map(str, range(num_classes)))
        for name in self.novel_classes:
            if name not in names:
                raise ValueError(
                    f'novel_classes of NovelClassAUC: unknown class {name!r}'
                    f'{nearest(name, names)}'
                )
        columns = [names.index(name) for name in self.novel_classes]
        if len(set(columns)) == num_classes:
            raise ValueError(
                'novel_classes of NovelClassAUC names every class: no trained '
                'class is left to answer'
            )
        return columns
