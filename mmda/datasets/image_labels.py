"""Image labels of a source, rewritten for the joint label space."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from mmda.structures import UNANNOTATED, label_to_score


class ImageLabels:
    """Turns a source's labels of an image into ``gt_score``.

    Args:
        own (ndarray): int64, annotated classes among the source's own.
        joint (ndarray): int64, the same classes in the joint label space.
        num_own (int): Number of classes of the source.
        num_classes (int): Number of classes of the joint label space, C.

    Examples:
        >>> labels = ImageLabels(np.array([1]), np.array([0]), 2, 3)
        >>> info = dict(gt_label=1)
        >>> labels.annotate(info)
        >>> info
        {'gt_score': array([ 1., nan, nan], dtype=float32)}
    """

    def __init__(
        self,
        own: np.ndarray,
        joint: np.ndarray,
        num_own: int,
        num_classes: int,
    ) -> None:
        self._own = own
        self._joint = joint
        self._num_own = num_own
        self._num_classes = num_classes

    def annotate(self, info: dict) -> None:
        """Set ``gt_score``, float32 (C,), and drop ``gt_label``, in place.

        Args:
            info (dict): From the source, with ``gt_score`` or ``gt_label``.

        Raises:
            ValueError: If it has neither, they do not fit the classes, or a
                score is neither in [0, 1] nor NaN.
        """
        own_score = info.get('gt_score')
        label = info.pop('gt_label', None)
        if own_score is None:
            if label is None:
                raise ValueError(
                    'the source gives neither gt_score nor gt_label for an '
                    f'image; found {sorted(info)}'
                )
            own_score = label_to_score(label, self._num_own)
        elif len(own_score) != self._num_own:
            raise ValueError(
                f'the source gives {len(own_score)} scores for an image, '
                f'expected one for each of its {self._num_own} classes'
            )
        score = np.full(self._num_classes, UNANNOTATED, dtype=np.float32)
        values = np.asarray(own_score, dtype=np.float32)[self._own]
        if (np.abs(values - 0.5) > 0.5).any():  # NaN > 0.5 is False
            raise ValueError(
                f'the source gives the scores {values.tolist()}; expected '
                'numbers in [0, 1], or NaN where a class is not annotated'
            )
        score[self._joint] = values
        info['gt_score'] = score

    def run(self, pipeline: Callable[[dict], Any], info: dict) -> Any:
        """Run the pipeline; nothing has to be added to its output."""
        return pipeline(info)

    def positive_classes(self, info: dict) -> list[int]:
        """Return the joint indices of the annotated, positive classes.

        Args:
            info (dict): After :meth:`annotate`.

        Returns:
            list[int]: Possibly empty.
        """
        # NaN > 0.5 is False
        return np.flatnonzero(info['gt_score'] > 0.5).tolist()
