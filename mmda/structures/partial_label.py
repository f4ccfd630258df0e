"""The label contract: how annotated and unannotated labels are written.

* Classes are indexed by the joint :class:`~mmda.structures.LabelSpace` of C
  classes, equal for all assembled datasets.
* Per image, ``gt_score`` is float32 of shape (C,): in [0, 1] where the source
  annotates the class, **NaN where it does not**. NaN passes unchanged through
  the stock pipeline, collate function and preprocessor. A stock loss
  that meets NaN raises an error: see
  :mod:`mmda.structures.checked_labels`. With a filler such as -1 it would
  train on wrong labels without an error.
* Per pixel, the label map of the host (uint8 on disk, int64 in a batch). The
  stock transforms crop, flip, resize and pad it as usual. Its values:

  - 0 to C - 1: the pixel carries this class, and the source annotates it;
  - 254 (:data:`NO_ANNOTATED_CLASS`): the pixel carries none of the classes
    that the source annotates. All values from C to 254 mean this. An
    evaluation may count some of them separately, see ``background_classes`` of
    :class:`~mmda.datasets.PartialLabelDataset`;
  - 255 (:data:`UNKNOWN_PIXEL`): nothing is known. Padding is 255, too.

  In addition, the metainfo of every image has ``annotated_classes`` (bool,
  (C,)) and ``exclusive``. :class:`~mmda.structures.PixelTarget` derives from
  them which entries are known.
* Every sample has the same fields. "Not annotated" is a value, never a missing
  field.
* Losses and metrics call :func:`split_annotated`. It splits a target into
  numbers without NaN and a mask. Apply the mask before any arithmetic, since
  0 * NaN is NaN.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from mmengine.structures import BaseDataElement

from .checked_labels import plain_tensor

UNANNOTATED = float('nan')
UNKNOWN_PIXEL = 255


def split_annotated(
    target: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Split a target into numbers and the mask of annotated entries.

    Args:
        target (Tensor): Any shape, in [0, 1] or NaN where not annotated.

    Returns:
        tuple[Tensor, Tensor]: Two tensors of the shape of ``target``: the
        target with 0 in place of NaN, and a bool mask, True where annotated.

    Examples:
        >>> split_annotated(torch.tensor([1., float('nan')]))
        (tensor([1., 0.]), tensor([ True, False]))
    """
    target = plain_tensor(target)
    annotated = ~torch.isnan(target)
    return target.nan_to_num(nan=0.0), annotated


def label_to_score(
    label: int | Sequence[int] | np.ndarray, num_classes: int
) -> np.ndarray:
    """Turn a stock label into scores of a fully annotated image.

    Args:
        label (int | Sequence[int] | ndarray): Index of the class, or the
            indices of all positive classes. The list may be empty.
        num_classes (int): Number of classes of the source.

    Returns:
        ndarray: float32 (num_classes,), 1 where positive, else 0.

    Raises:
        ValueError: If an index lies outside [0, num_classes).

    Examples:
        >>> label_to_score([0, 2], 3)
        array([1., 0., 1.], dtype=float32)
    """
    indices = np.atleast_1d(np.asarray(label, dtype=np.int64))
    if indices.size and not 0 <= indices.min() <= indices.max() < num_classes:
        raise ValueError(
            f'label {indices.tolist()} lies outside the {num_classes} classes '
            f'of its source (expected 0 to {num_classes - 1})'
        )
    score = np.zeros(num_classes, dtype=np.float32)
    score[indices] = 1.0
    return score


def positive_label(score: np.ndarray) -> int | list[int]:
    """Return the stock label of an image: its annotated, positive classes.

    A tool of the hosts that knows both fields reads ``gt_score``.

    Args:
        score (ndarray): (C,), in [0, 1] or NaN where not annotated.

    Returns:
        int | list[int]: The index, or the indices if there is not one.

    Examples:
        >>> positive_label(np.array([0., 1., np.nan]))
        1
        >>> positive_label(np.array([0., 0., np.nan]))
        []
    """
    positive = np.flatnonzero(score > 0.5).tolist()  # NaN > 0.5 is False
    return positive[0] if len(positive) == 1 else positive


def score_of(
    sample: Mapping | BaseDataElement, num_classes: int
) -> np.ndarray | torch.Tensor:
    """Return the labels of an image as scores.

    Args:
        sample (Mapping | BaseDataElement): With ``gt_score`` ((C,), in [0, 1]
            or NaN where not annotated), or with ``gt_label`` (the index of
            the class, or the indices of all positive classes).
        num_classes (int): Number of classes, C.

    Returns:
        ndarray | Tensor: float32 (C,), ``gt_score`` itself, or the one-hot
        form of ``gt_label``. It is a tensor if the field is a tensor, on the
        same device.

    Raises:
        ValueError: If the sample has neither field, or if the labels do not
            fit the number of classes.

    Examples:
        >>> score_of(dict(gt_label=[0, 2]), 3)
        array([1., 0., 1.], dtype=float32)
    """
    score = sample.get('gt_score')
    if score is not None:
        if len(score) != num_classes:
            raise ValueError(
                f'gt_score has {len(score)} entries, expected one for each '
                f'of the {num_classes} classes'
            )
        if isinstance(score, torch.Tensor):
            return plain_tensor(score).float()
        return np.asarray(score, dtype=np.float32)
    label = sample.get('gt_label')
    if label is None:
        raise ValueError(
            'neither gt_score nor gt_label is given for an image; found '
            f'{sorted(sample.keys())}'
        )
    if isinstance(label, torch.Tensor):
        one_hot = label_to_score(label.cpu().numpy(), num_classes)
        return torch.from_numpy(one_hot).to(label.device)
    return label_to_score(label, num_classes)
