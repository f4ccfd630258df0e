"""What all metrics on partial labels share."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence

import numpy as np
import torch
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log

from mmda.structures import class_indices, score_of

#: Warnings of one kind that the log shows. More would hide everything else.
MAX_WARNINGS = 20
_KEYS = (
    'mean',
    'mean_shared',
    'mean_of_interest',
    'num_classes',
    'delong_low',
    'delong_high',
    'bootstrap_low',
    'bootstrap_high',
)


class LabelMetric(BaseMetric):
    """Know the classes of the data, and log each warning once.

    Args:
        collect_device (str): Where the results of several ranks are
            collected, 'cpu' or 'gpu'. Defaults to 'cpu'.
        prefix (str, optional): Begins all keys. Defaults to the prefix of the
            subclass.
    """

    #: Whether a class that the checkpoint does not know is left out.
    marks_untrained = False

    def __init__(
        self, collect_device: str = 'cpu', prefix: str | None = None
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        self._warned: set[str] = set()
        self._counts: Counter[str] = Counter()

    @property
    def dataset_meta(self) -> dict | None:
        """What the evaluated data says about itself; None before it is set.

        Raises:
            ValueError: On setting, if a class has the name of a key of the
                metrics.
        """
        return self._dataset_meta

    @dataset_meta.setter
    def dataset_meta(self, dataset_meta: dict | None) -> None:
        for name in (dataset_meta or {}).get('classes') or ():
            if name in _KEYS:
                raise ValueError(
                    f'a class is named {name!r}, which is a key of the '
                    'metrics: rename it'
                )
        self._dataset_meta = dataset_meta

    def class_names(self, num_classes: int | None = None) -> tuple[str, ...]:
        """Return the class names of the evaluated data.

        Args:
            num_classes (int, optional): Number of answers of the model, C.

        Returns:
            tuple[str, ...]: C names. Without names in the metainfo of the
            data, the names are '0' to 'C - 1'.

        Raises:
            ValueError: If C is not the number of names, or if neither names
                nor C are known.
        """
        names = (self.dataset_meta or {}).get('classes')
        if names is None:
            if num_classes is None:
                raise ValueError(
                    f'{type(self).__name__} needs `classes` in the metainfo '
                    f'of the dataset; found {self.dataset_meta}'
                )
            return tuple(map(str, range(num_classes)))
        if num_classes not in (None, len(names)):
            raise ValueError(
                f'the model answers {num_classes} questions, but the dataset '
                f'has {len(names)} classes: {tuple(names)}'
            )
        return tuple(names)

    @property
    def untrained(self) -> tuple[str, ...]:
        """tuple[str, ...]: Classes that the checkpoint does not know."""
        return tuple((self.dataset_meta or {}).get('untrained_classes', ()))

    def indices(
        self, option: str, names: Sequence[str], classes: Sequence[str]
    ) -> np.ndarray:
        """Return the positions of the classes that an option names.

        Args:
            option (str): Name of the option, for messages.
            names (Sequence[str]): Value of the option.
            classes (Sequence[str]): C names of the evaluated data.

        Returns:
            ndarray: int64, positions in ``classes``.

        Raises:
            ValueError: If a class is unknown; names the option and the
                nearest class.
        """
        where = f'{option} of {type(self).__name__}'
        return np.array(class_indices(names, classes, where), dtype=int)

    def warn(self, message: str, kind: str = '') -> None:
        """Log a warning once, not at every validation.

        Args:
            message (str): The warning.
            kind (str): What is undefined, in the plural. Many warnings of one
                kind are counted, see :meth:`warn_of_the_rest`. Defaults to
                '', a warning that is always shown.
        """
        if message in self._warned:
            return
        self._warned.add(message)
        if kind:
            self._counts[kind] += 1
        if not kind or self._counts[kind] <= MAX_WARNINGS:
            print_log(message, logger='current', level=logging.WARNING)

    def warn_of_the_rest(self) -> None:
        """Log how many warnings :meth:`warn` has left out."""
        for kind, number in self._counts.items():
            if number > MAX_WARNINGS:
                self.warn(
                    f'{self.prefix}: {number - MAX_WARNINGS:,} more {kind} '
                    'of classes are undefined'
                )


def read_answers(sample: dict) -> tuple[np.ndarray, np.ndarray]:
    """Return the answers and the labels of an image.

    Args:
        sample (dict): With ``pred_score`` (C,), and with ``gt_score`` (C,) or
            a stock ``gt_label``.

    Returns:
        tuple[ndarray, ndarray]: float32 (C,) each. Labels are in [0, 1] or
        NaN where not annotated.
    """
    score = sample['pred_score'].float().cpu()
    target = torch.as_tensor(score_of(sample, len(score)))
    return score.numpy(), target.cpu().numpy()
