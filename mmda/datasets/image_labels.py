"""Rewrite the image labels of a source for the joint label space."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mmda.structures import UNANNOTATED, score_of


@dataclass(frozen=True)
class ImageLabels:
    """Turns the labels that a source gives an image into ``gt_score``.

    Args:
        own (ndarray): int64, indices of the annotated classes in the source.
        joint (ndarray): int64, indices of the same classes in the joint label
            space.
        num_own (int): Number of classes of the source.
        num_classes (int): Number of classes of the joint label space, C.

    Examples:
        >>> labels = ImageLabels(np.array([1]), np.array([0]), 2, 3)
        >>> info = dict(gt_label=1)
        >>> labels.annotate(info)
        >>> info
        {'gt_score': array([ 1., nan, nan], dtype=float32)}
    """

    own: np.ndarray
    joint: np.ndarray
    num_own: int
    num_classes: int

    def annotate(self, info: dict) -> None:
        """Set ``gt_score``, float32 (C,), and drop ``gt_label``, in place.

        Args:
            info (dict): From the source, with ``gt_score`` or ``gt_label``.

        Raises:
            ValueError: If ``info`` has neither field, if the labels do not
                fit the classes of the source, or if a score is neither in
                [0, 1] nor NaN.
        """
        values = score_of(info, self.num_own)[self.own]
        if (np.abs(values - 0.5) > 0.5).any():  # NaN > 0.5 is False
            raise ValueError(
                f'the source gives the scores {values.tolist()}; expected '
                'numbers in [0, 1], or NaN where a class is not annotated'
            )
        score = np.full(self.num_classes, UNANNOTATED, dtype=np.float32)
        score[self.joint] = values
        info.pop('gt_label', None)
        info['gt_score'] = score
