"""Intersection over union on partial labels, and what is confused."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import numpy as np
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log
from mmengine.registry import METRICS
from prettytable import PrettyTable

from mmda.structures import check_all_annotated, nearest

from ..functional.iou import iou_of_areas, known_areas, pixel_confusion
from .partial_label_metric import check_names

NONE = 'none'  # what no class is called beside the class of interest


@METRICS.register_module()
class PartialLabelIoU(BaseMetric):
    """Intersection over union of each class over known pixels, in %.

    The keys are ``iou/mean`` (over the classes where it is defined),
    ``iou/num_classes`` (how many these are) and ``iou/<class>``. A class that
    no image annotates, or that is neither labelled nor predicted, is NaN, and
    the log says why.

    With a class of interest, ``confusion/<class>/lost_to/<other>`` is the
    share of its pixels that are predicted as another class, and
    ``confusion/<class>/taken_from/<other>`` the share of the pixels predicted
    as it that carry another; both over the images that annotate it, and NaN
    where there are no such pixels. The log has them as a table.

    The prediction is the model's: a ``DynamicAdapterHead`` with ``thr`` gives
    a pixel whose best answer is below it to no class ("none"), here as in its
    pictures and files.

    Args:
        class_of_interest (str, optional): See above. Defaults to None.
        collect_device (str): Where results of several ranks are collected,
            'cpu' or 'gpu'. Defaults to 'cpu'.
        prefix (str, optional): Defaults to 'iou'.

    Examples:
        >>> import torch
        >>> metric = PartialLabelIoU()
        >>> metric.dataset_meta = dict(classes=('a', 'b'))
        >>> sample = dict(pred_sem_seg=dict(data=torch.tensor([[[0, 1, 1]]])),
        ...               gt_sem_seg=dict(data=torch.tensor([[[0, 0, 255]]])))
        >>> metric.process({}, [sample])
        >>> metric.evaluate(1)
        {'iou/mean': 25.0, 'iou/num_classes': 2, 'iou/a': 50.0, 'iou/b': 0.0}
    """

    default_prefix = 'iou'

    def __init__(
        self,
        class_of_interest: str | None = None,
        collect_device: str = 'cpu',
        prefix: str | None = None,
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        self.class_of_interest = class_of_interest
        self._warned: set[str] = set()

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Count the pixels of one batch.

        Args:
            data_batch (Any): Not used.
            data_samples (Sequence[dict]): With ``gt_sem_seg``,
                ``pred_sem_seg``, of a model that may answer "none"
                ``seg_logits``, and of a ``PartialLabelDataset``
                ``annotated_classes`` and ``exclusive``.

        Raises:
            ValueError: If a prediction is outside of the label space, or it
                is not known what a sample annotates.
        """
        num_classes = len(self._classes)
        for sample in data_samples:
            label = sample['gt_sem_seg']['data'].squeeze(0).cpu()
            confusion = pixel_confusion(
                label.numpy(),
                _predicted(sample, num_classes),
                num_classes + len(self._background) + 1,
                num_classes + 1,
            )
            annotated = sample.get('annotated_classes')
            if annotated is None:
                where = sample.get('img_path')
                check_all_annotated(label, num_classes, where)
                annotated = np.ones(num_classes, dtype=bool)
            exclusive = sample.get('exclusive', True)
            areas = known_areas(confusion, annotated, exclusive)
            self.results.append((areas, confusion, annotated))

    def compute_metrics(self, results: list) -> dict[str, float]:
        """Compute all values from the results of all ranks.

        Args:
            results (list): What :meth:`process` kept.

        Returns:
            dict[str, float]: See the class.
        """
        areas = np.sum([result[0] for result in results], axis=0)
        annotated = np.any([result[2] for result in results], axis=0)
        iou = np.where(annotated, iou_of_areas(areas), np.nan) * 100
        defined = ~np.isnan(iou)
        mean = float(iou[defined].mean()) if defined.any() else float('nan')
        metrics: dict[str, float] = {'mean': mean}
        metrics['num_classes'] = int(defined.sum())
        for index, name in enumerate(self._classes):
            metrics[name] = float(iou[index])
            if not annotated[index]:
                self._warn(f'iou/{name} is undefined: no image annotates it')
            elif not defined[index]:
                self._warn(f'iou/{name} is undefined: it is nowhere')
        if self.class_of_interest is not None:
            metrics.update(self._confusion(results, self.class_of_interest))
        return metrics

    def evaluate(self, size: int) -> dict[str, float]:
        """Compute all values; confusions have a prefix of their own.

        Args:
            size (int): Number of images.

        Returns:
            dict[str, float]: See the class.
        """
        metrics = super().evaluate(size)
        begin = f'{self.prefix}/confusion/'
        return {
            'confusion/' + key[len(begin) :]
            if key.startswith(begin)
            else key: value
            for key, value in metrics.items()
        }

    def _confusion(self, results: list, name: str) -> dict[str, float]:
        """Say which classes take pixels from the one of interest."""
        index = self._index(name)
        total = np.zeros_like(results[0][1])
        for _, confusion, annotated in results:
            if annotated[index]:
                total += confusion
        lost, taken = _percent(total[index]), _percent(total[:, index])
        table = PrettyTable(
            ['class', f'{name} lost to it', f'{name} taken from it']
        )
        table.align, table.float_format = 'r', '.2'
        metrics: dict[str, float] = {}
        columns = (*self._classes, *self._background, NONE)
        if NONE in columns[:-1]:
            raise ValueError(
                f'a class is named {NONE!r}, which stands for no class beside '
                f'class_of_interest={name!r}: rename it, for instance by '
                'aliases of its PartialLabelDataset'
            )
        for row, other in enumerate(columns):
            if row == index:
                continue
            # Background classes have no answer, so nothing is lost to them.
            is_none = other == NONE
            position = len(self._classes) if is_none else row
            answers = row < len(self._classes) or is_none
            cells: list[Any] = [other, '-', float(taken[row])]
            if answers:
                cells[1] = float(lost[position])
                metrics[f'confusion/{name}/lost_to/{other}'] = cells[1]
            metrics[f'confusion/{name}/taken_from/{other}'] = cells[2]
            table.add_row(cells)
        print_log(f'{name}: % of its pixels\n{table}', logger='current')
        return metrics

    def _index(self, name: str) -> int:
        if name not in self._classes:
            raise ValueError(
                f'class_of_interest: the label space has no {name!r}'
                f'{nearest(name, self._classes)}'
            )
        return self._classes.index(name)

    @property
    def _classes(self) -> tuple[str, ...]:
        if not self.dataset_meta or 'classes' not in self.dataset_meta:
            raise ValueError(
                "PartialLabelIoU needs the dataset's metainfo['classes']; "
                f'found {self.dataset_meta}'
            )
        check_names(self.dataset_meta['classes'])
        return tuple(self.dataset_meta['classes'])

    @property
    def _background(self) -> tuple[str, ...]:
        return tuple((self.dataset_meta or {}).get('background_classes', ()))

    def _warn(self, message: str) -> None:
        """Log a message once, not at every validation."""
        if message not in self._warned:
            self._warned.add(message)
            print_log(message, logger='current', level=logging.WARNING)


def _predicted(sample: dict, num_classes: int) -> np.ndarray:
    """Return the predicted classes, ``num_classes`` for none."""
    found = sample['pred_sem_seg']['data'].squeeze(0)
    best = int(found.max()) if found.numel() else 0
    if best > num_classes or (
        best == num_classes and not _answers_none(sample, num_classes)
    ):
        raise ValueError(
            f'the model predicts class {best}, but the label space has '
            f'{num_classes} classes (expected 0 to {num_classes - 1})'
        )
    return found.cpu().numpy()


def _answers_none(sample: dict, num_classes: int) -> bool:
    """Tell "none" from a class more: its answer is the same everywhere."""
    if 'seg_logits' not in sample:
        return False
    logits = sample['seg_logits']['data']
    if len(logits) != num_classes + 1:
        return False
    low, high = logits[-1].aminmax()
    return bool(high - low < 1e-3)


def _percent(counts: np.ndarray) -> np.ndarray:
    """Return shares in %, NaN of nothing."""
    total = int(counts.sum())
    return counts / total * 100 if total else np.full(len(counts), np.nan)
