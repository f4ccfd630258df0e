"""What a model answered about each image of a validation or of a test."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from mmengine.dist import all_gather_object
from mmengine.structures import BaseDataElement

from mmda.evaluation.functional import known_areas, pixel_confusion
from mmda.evaluation.metrics.label_metric import read_answers

from .predictions import Predictions


class ImageAnswer(NamedTuple):
    """The answers about one image, of C classes.

    Attributes:
        place (int): Position of the image in the dataset.
        path (str): Path of the image, or ''.
        source (str | None): Name of the source.
        patient (Any): Id of the patient, or None.
        score (ndarray | None): float32 (C,), probabilities. None for pixels.
        target (ndarray | None): float32 (C,), NaN where not annotated. None
            for pixels.
        areas (ndarray | None): int64 (3, C), see
            :func:`~mmda.evaluation.functional.known_areas`. None for answers
            about whole images.
    """

    place: int
    path: str
    source: str | None
    patient: Any
    score: np.ndarray | None = None
    target: np.ndarray | None = None
    areas: np.ndarray | None = None


class ImageAnswers:
    """Collects the answers of one pass over a dataset, batch by batch.

    Args:
        num_classes (int): Number of classes of the data, C.
    """

    def __init__(self, num_classes: int) -> None:
        self.num_classes = num_classes
        self.rows: list[ImageAnswer] = []

    def add(self, samples: Sequence[Any]) -> None:
        """Keep the answers of one batch.

        Args:
            samples (Sequence): What the model returned: data samples with
                ``pred_score`` and labels, or with ``pred_sem_seg`` and
                ``gt_sem_seg``. Others are left out.
        """
        for sample in samples:
            if not isinstance(sample, BaseDataElement):
                continue
            fields = sample.to_dict()
            row = ImageAnswer(
                len(self.rows),
                str(fields.get('img_path') or ''),
                fields.get('source'),
                fields.get('patient_id'),
            )
            if {'pred_sem_seg', 'gt_sem_seg'} <= fields.keys():
                row = row._replace(areas=_areas(fields, self.num_classes))
            elif 'pred_score' in fields:
                score, target = read_answers(fields)
                row = row._replace(score=score, target=target)
            else:
                continue
            self.rows.append(row)

    def gather(self, indices: Sequence[int], total: int) -> list[ImageAnswer]:
        """Join the answers of all ranks. Every rank must call this.

        Args:
            indices (Sequence[int]): Positions in the dataset of the images of
                this rank, in the order in which they were read.
            total (int): Number of images of the dataset.

        Returns:
            list[ImageAnswer]: In the order of the dataset, each image once:
            the sampler repeats a few images so that all ranks have as many.
        """
        mine = zip(self.rows, indices, strict=False)
        own = [row._replace(place=int(i)) for row, i in mine]
        found = {
            row.place: row
            for rows in all_gather_object(own)
            for row in rows
            if 0 <= row.place < total
        }
        return [found[place] for place in sorted(found)]


def _areas(fields: dict, num_classes: int) -> np.ndarray:
    """Return the areas of one image; as in ``PartialLabelIoU``."""
    label = fields['gt_sem_seg']['data'].squeeze(0).cpu().numpy()
    found = fields['pred_sem_seg']['data'].squeeze(0).cpu().numpy()
    confusion = pixel_confusion(
        label,
        np.minimum(found, num_classes),
        num_classes + 1,
        num_classes + 1,
    )
    annotated = fields.get('annotated_classes')
    if annotated is None:
        annotated = np.ones(num_classes, dtype=bool)
    return known_areas(
        confusion, np.asarray(annotated), fields.get('exclusive', True)
    )


def to_predictions(
    rows: Sequence[ImageAnswer], classes: Sequence[str], name: str
) -> Predictions | None:
    """Stack the answers about whole images.

    Args:
        rows (Sequence[ImageAnswer]): N answers.
        classes (Sequence[str]): C names.
        name (str): What was tested, for messages.

    Returns:
        Predictions | None: None if the answers are about pixels, or if there
        is none.
    """
    if not rows or rows[0].score is None:
        return None
    return Predictions(
        name,
        tuple(classes),
        np.stack([row.score for row in rows if row.score is not None]),
        np.stack([row.target for row in rows if row.target is not None]),
        tuple((row.source, row.place) for row in rows),
        tuple(row.path for row in rows),
        tuple(row.source for row in rows),
        tuple(row.patient for row in rows),
    )
