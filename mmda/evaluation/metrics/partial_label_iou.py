"""Intersection over union on partial labels, and what is confused."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.logging import print_log
from mmengine.registry import METRICS
from PIL import Image

from mmda.files import replacing
from mmda.structures import UNKNOWN_PIXEL, check_all_annotated

from ..functional import (
    iou_of_areas,
    known_areas,
    mean_of_defined,
    pixel_confusion,
)
from .label_metric import LabelMetric
from .metric_keys import key_part

#: Name of "no class" beside the names of the classes.
NONE = 'none'


@METRICS.register_module()
class PartialLabelIoU(LabelMetric):
    """Intersection over union of each class over its known pixels, in %.

    =====================================  ===================================
    key                                    value
    =====================================  ===================================
    ``iou/<class>``                        the IoU of the class
    ``iou/mean``                           mean over the classes with an IoU
    ``iou/num_classes``                    number of classes with an IoU
    ``confusion/<class>/lost_to/<x>``      of the pixels of the class of
                                           interest, the share that the model
                                           predicts as x
    ``confusion/<class>/taken_from/<x>``   of the pixels that the model
                                           predicts as the class of interest,
                                           the share that is labelled x
    =====================================  ===================================

    A class is NaN if no image annotates it, or if it is neither labelled nor
    predicted anywhere. The log says why. A confusion counts the images that
    annotate the class of interest. It is NaN if these have no such pixel. The
    log shows the confusions as a table.

    The metric takes the prediction of the model. A ``DynamicAdapterHead`` with
    ``thr`` predicts no class ("none") for a pixel whose best answer is below
    ``thr``.

    Args:
        class_of_interest (str, optional): Report the confusions of this
            class. Defaults to None, no confusions.
        collect_device (str): Where the results of several ranks are
            collected, 'cpu' or 'gpu'. Defaults to 'cpu'.
        prefix (str, optional): Begins the keys of the IoU. Defaults to 'iou'.
        output_dir (str, optional): Save each prediction there, as the stock
            ``IoUMetric`` does: ``<name of the image>.png``, 8 bit, the index
            of the class, or 255 for no class. Defaults to None.
        keep_results (bool): Changes nothing. The stock ``tools/test.py --out``
            sets it together with ``output_dir``.

    Raises:
        ValueError: If the dataset has no ``classes`` in its metainfo, or if
            the class of interest is unknown.

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
        output_dir: str | None = None,
        keep_results: bool = False,
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        self.class_of_interest = class_of_interest
        self.output_dir = output_dir
        self._written: dict[str, str] = {}  # name -> image
        if output_dir is not None:
            Path(output_dir).mkdir(parents=True, exist_ok=True)

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Count the pixels of one batch.

        Args:
            data_batch (Any): Not used.
            data_samples (Sequence[dict]): With ``gt_sem_seg`` and
                ``pred_sem_seg``. A model that can answer "none" adds
                ``seg_logits``. A ``PartialLabelDataset`` adds
                ``annotated_classes`` and ``exclusive``.

        Raises:
            ValueError: If a prediction is outside of the label space, or if a
                sample with pixels of no class has no ``annotated_classes``.
        """
        num_classes = len(self.class_names())
        for sample in data_samples:
            label = sample['gt_sem_seg']['data'].squeeze(0).cpu()
            predicted = _predicted(sample, num_classes)
            if self.output_dir is not None:
                name = Path(sample['img_path']).stem
                other = self._written.setdefault(name, sample['img_path'])
                if other != sample['img_path']:
                    raise ValueError(
                        f'output_dir: {other} and {sample["img_path"]} would '
                        f'both become {name}.png; expected names that differ'
                    )
                values = np.where(
                    predicted == num_classes, UNKNOWN_PIXEL, predicted
                )
                with replacing(Path(self.output_dir, f'{name}.png')) as part:
                    Image.fromarray(values.astype(np.uint8)).save(part, 'PNG')
            confusion = pixel_confusion(
                label.numpy(),
                predicted,
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
            # A whole confusion of 150 classes has 180 kB, of each image.
            kept = self.class_of_interest is not None
            self.results.append(
                (areas, confusion if kept else None, annotated)
            )

    def compute_metrics(self, results: list) -> dict[str, float]:
        """Compute all values from the results of all ranks.

        Args:
            results (list): What :meth:`process` kept.

        Returns:
            dict[str, float]: See the class.
        """
        classes = self.class_names()
        areas = np.sum([result[0] for result in results], axis=0)
        annotated = np.any([result[2] for result in results], axis=0)
        iou = np.where(annotated, iou_of_areas(areas), np.nan) * 100
        metrics: dict[str, float] = {'mean': float(mean_of_defined(iou))}
        metrics['num_classes'] = int((~np.isnan(iou)).sum())
        for index, name in enumerate(classes):
            metrics[key_part(name)] = float(iou[index])
            if not annotated[index]:
                self.warn(f'iou/{name} is undefined: no image annotates it')
            elif np.isnan(iou[index]):
                self.warn(
                    f'iou/{name} is undefined: no pixel is labelled or '
                    'predicted as this class'
                )
        if self.class_of_interest is not None:
            metrics.update(
                self._confusion(results, classes, self.class_of_interest)
            )
        return metrics

    def evaluate(self, size: int) -> dict[str, float]:
        """Compute all values; confusions begin with ``confusion``.

        Args:
            size (int): Number of images.

        Returns:
            dict[str, float]: See the class.
        """
        start = f'{self.prefix}/confusion/'
        return {
            'confusion/' + key.removeprefix(start)
            if key.startswith(start)
            else key: value
            for key, value in super().evaluate(size).items()
        }

    def _confusion(
        self, results: list, classes: tuple[str, ...], name: str
    ) -> dict[str, float]:
        """Say which classes take pixels from the class of interest."""
        from prettytable import PrettyTable  # not at `import mmda`

        if NONE in (*classes, *self._background):
            raise ValueError(
                f'a class is named {NONE!r}, which stands for no class beside '
                f'class_of_interest={name!r}: rename it, for instance by '
                '`aliases` of its PartialLabelDataset'
            )
        index = self.indices('class_of_interest', [name], classes)[0]
        total = np.zeros_like(results[0][1])
        for _, confusion, annotated in results:
            if annotated[index]:
                total += confusion
        # The model never predicts a background class.
        predicted = (*classes, NONE)
        labelled = (*classes, *self._background, NONE)
        lost = dict(zip(predicted, _percent(total[index]), strict=True))
        taken = dict(zip(labelled, _percent(total[:, index]), strict=True))
        table = PrettyTable(['class', 'lost to it', 'taken from it'])
        table.align, table.float_format = 'r', '.2'
        metrics: dict[str, float] = {}
        for other in labelled:
            if other == name:
                continue
            key = f'confusion/{key_part(name)}/{{}}/{key_part(other)}'
            if other in lost:
                metrics[key.format('lost_to')] = lost[other]
            metrics[key.format('taken_from')] = taken[other]
            table.add_row([other, lost.get(other, '-'), taken[other]])
        print_log(
            f'confusion of {name}, in % of its pixels\n{table}',
            logger='current',
        )
        return metrics

    @property
    def _background(self) -> tuple[str, ...]:
        return tuple((self.dataset_meta or {}).get('background_classes', ()))


def _predicted(sample: dict, num_classes: int) -> np.ndarray:
    """Return the predicted classes; ``num_classes`` stands for none."""
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
    """Tell "none" from a further class: its logit is equal in all pixels."""
    if 'seg_logits' not in sample:
        return False
    logits = sample['seg_logits']['data']
    if len(logits) != num_classes + 1:
        return False
    low, high = logits[-1].aminmax()
    return bool(high - low < 1e-3)


def _percent(counts: np.ndarray) -> list[float]:
    """Return shares in %; NaN where there is nothing to share."""
    total = counts.sum()
    return (counts / total * 100 if total else counts * np.nan).tolist()
