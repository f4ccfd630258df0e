"""How well a model detects images of a class that it never saw."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from mmengine.registry import METRICS

from ..functional import NOVELTY_SCORES, binary_auc, why_undefined
from .label_metric import LabelMetric, read_answers


@METRICS.register_module()
class NovelClassAUC(LabelMetric):
    """Area under the ROC curve of novel images against known images, in %.

    A novel image shows a class that no training image was annotated with
    (section 5.5 (1) of the paper).

    ====================  ====================================================
    key                   value
    ====================  ====================================================
    ``novel/max``         AUC of the score 1 - greatest answer, as in the paper
    ``novel/entropy``     AUC of the mean entropy of the answers
    ``novel/energy``      AUC of the negative joint energy of the answers
    ``novel/num_novel``   number of novel images
    ``novel/num_known``   number of known images
    ====================  ====================================================

    Without novel images or without known images, each AUC is NaN, and the log
    says why.

    Args:
        novel_classes (Sequence[str], optional): Classes of the label space
            that were never trained. The metric does not use their answers. An
            image is novel if it is positive in one of them. An image is known
            if it is negative in all of them. Other images do not count.
            Defaults to None, for a label space without such a class. Then an
            image is novel if it is annotated as negative in every class, and
            known if it has a positive.
        scores (Sequence[str]): Any of 'max', 'entropy' and 'energy'. Defaults
            to all three.
        collect_device (str): 'cpu' or 'gpu'. Defaults to 'cpu'.
        prefix (str, optional): Begins all keys. Defaults to 'novel'.

    Raises:
        ValueError: If a class or a score is unknown, or if no class is left.

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
        """Keep answers and labels of one batch.

        Args:
            data_batch (Any): Not used.
            data_samples (Sequence[dict]): With ``pred_score`` (C,), and with
                ``gt_score`` (C,) or a stock ``gt_label``.
        """
        self.results += [read_answers(sample) for sample in data_samples]

    def compute_metrics(self, results: list) -> dict[str, float]:
        """Compute all values from the results of all ranks.

        Args:
            results (list): What :meth:`process` kept.

        Returns:
            dict[str, float]: See the class.
        """
        answers, target = (
            np.stack(column) for column in zip(*results, strict=True)
        )
        if self.novel_classes is None:
            # NaN > 0.5 and NaN <= 0.5 are False
            known = np.any(target > 0.5, axis=1)
            novel = np.all(target <= 0.5, axis=1)
        else:
            names = self.class_names(target.shape[1])
            columns = self.indices('novel_classes', self.novel_classes, names)
            novel = np.any(target[:, columns] > 0.5, axis=1)
            known = np.all(target[:, columns] <= 0.5, axis=1)
            answers = np.delete(answers, columns, axis=1)
            if not answers.size:
                raise ValueError(
                    'novel_classes of NovelClassAUC names every class: no '
                    'trained class is left to answer'
                )
        judged = np.logical_or(novel, known)
        is_novel = novel[judged].astype(np.float64)
        reason = why_undefined(is_novel)
        if reason:
            self.warn(
                f'{self.prefix} is undefined ("positive" = novel): {reason}'
            )
        metrics: dict[str, float] = {}
        for name in self.scores:
            score = NOVELTY_SCORES[name](answers[judged])
            metrics[name] = 100 * binary_auc(score, is_novel)
        metrics['num_novel'] = int(novel.sum())
        metrics['num_known'] = int(known.sum())
        return metrics
