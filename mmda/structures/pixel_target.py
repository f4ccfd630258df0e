"""Partial labels of pixels: label maps and their annotated classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from mmengine.structures import BaseDataElement
from torch import Tensor

from .checked_labels import plain_tensor
from .partial_label import UNKNOWN_PIXEL


@dataclass(frozen=True)
class PixelTarget:
    """Label maps of N images, and which entries are known.

    The label contract (:mod:`mmda.structures.partial_label`) defines the
    values of ``label``. There are two kinds of labelled pixels:

    - A pixel that carries an annotated class is known for the classes of
      ``known_on_class``. These are all classes if classes exclude each other,
      else the annotated classes.
    - A pixel that carries none of the annotated classes is a known negative
      for the classes of ``known_elsewhere``. These are the annotated classes.
      It is unknown for all other classes.

    Args:
        label (Tensor): int64 (N, H, W).
        known_on_class (Tensor): bool (N, C).
        known_elsewhere (Tensor): bool (N, C).

    Examples:
        >>> target = PixelTarget(torch.tensor([[[0, 254, 255]]]),
        ...                      torch.tensor([[True, True]]),
        ...                      torch.tensor([[True, False]]))
        >>> target.dense()[0, :, 0].tolist()
        [[1.0, 0.0, nan], [0.0, nan, nan]]
    """

    label: Tensor
    known_on_class: Tensor
    known_elsewhere: Tensor

    @classmethod
    def from_samples(
        cls, samples: Sequence[BaseDataElement], num_classes: int
    ) -> PixelTarget:
        """Collect the targets of a batch.

        Args:
            samples (Sequence[SegDataSample]): Samples with ``gt_sem_seg``. A
                sample of another dataset than ``PartialLabelDataset`` has no
                ``annotated_classes``. All its classes count as annotated, so
                each of its pixels must have a class or be unknown.
            num_classes (int): Number of classes that the model answers, C.

        Returns:
            PixelTarget: On the device of the label maps.

        Raises:
            ValueError: If the label space of a sample has another size, or if
                a sample without ``annotated_classes`` has pixels of no class.
        """
        label = torch.cat(
            [plain_tensor(sample.gt_sem_seg.data) for sample in samples]
        )
        on_class, elsewhere = [], []
        for sample in samples:
            stated = sample.metainfo.get('annotated_classes')
            if stated is None:
                check_all_annotated(
                    plain_tensor(sample.gt_sem_seg.data),
                    num_classes,
                    sample.metainfo.get('img_path'),
                )
                stated = torch.ones(num_classes, dtype=torch.bool)
            annotated = torch.as_tensor(stated)
            if len(annotated) != num_classes:
                raise ValueError(
                    f'the label space of {sample.metainfo.get("source")} has '
                    f'{len(annotated)} classes, but the head answers '
                    f'num_classes={num_classes} questions'
                )
            exclusive = sample.metainfo.get('exclusive', True)
            elsewhere.append(annotated)
            on_class.append(
                torch.ones_like(annotated) if exclusive else annotated
            )
        return cls(
            label,
            torch.stack(on_class).to(label.device),
            torch.stack(elsewhere).to(label.device),
        )

    @classmethod
    def from_label_maps(
        cls, label: Tensor, num_classes: int, ignore_index: int = UNKNOWN_PIXEL
    ) -> PixelTarget:
        """Read label maps without the annotated classes of each image.

        A pixel with a class is known for all classes. Every other pixel is
        unknown for all classes.

        Args:
            label (Tensor): int64 (N, H, W).
            num_classes (int): Number of classes that the model answers, C.
            ignore_index (int): Value of unknown pixels. Defaults to 255.

        Returns:
            PixelTarget: On the device of the label maps.

        Raises:
            ValueError: If there are fewer than two classes.

        Examples:
            >>> label = torch.tensor([[[0, 254, 255]]])
            >>> target = PixelTarget.from_label_maps(label, num_classes=2)
            >>> target.dense()[0, :, 0].tolist()
            [[1.0, nan, nan], [0.0, nan, nan]]
        """
        if num_classes < 2:
            raise ValueError(
                f'num_classes={num_classes}: one answer per pixel cannot be '
                'compared with a label map of classes; expected at least 2'
            )
        if ignore_index != UNKNOWN_PIXEL:
            ignored = label == ignore_index
            label = label.masked_fill(ignored, UNKNOWN_PIXEL)
        known = label.new_ones(len(label), num_classes, dtype=torch.bool)
        return cls(label, known, ~known)

    @property
    def num_classes(self) -> int:
        """int: C."""
        return self.known_on_class.shape[1]

    @property
    def shape(self) -> torch.Size:
        """torch.Size: Of the target that is written out, (N, C, H, W)."""
        num, height, width = self.label.shape
        return torch.Size((num, self.num_classes, height, width))

    def known(self) -> Tensor:
        """Return which entries are known.

        Returns:
            Tensor: bool (N, C, H, W).
        """
        label = self.label[:, None]  # (N, H, W) -> (N, 1, H, W)
        on_class = label < self.num_classes
        elsewhere = ~on_class & (label != UNKNOWN_PIXEL)
        return (on_class & self.known_on_class[..., None, None]) | (
            elsewhere & self.known_elsewhere[..., None, None]
        )

    def positive(self) -> Tensor:
        """Return which pixels carry each class.

        Returns:
            Tensor: bool (N, C, H, W).
        """
        classes = torch.arange(self.num_classes, device=self.label.device)
        return self.label[:, None] == classes[:, None, None]

    def num_known(self) -> Tensor:
        """Count the known entries.

        Returns:
            Tensor: int64 (N, C).
        """
        pixels = self.label.flatten(1)  # (N, H, W) -> (N, H * W)
        on_class = (pixels < self.num_classes).sum(1, keepdim=True)
        labelled = (pixels != UNKNOWN_PIXEL).sum(1, keepdim=True)
        return (
            on_class * self.known_on_class
            + (labelled - on_class) * self.known_elsewhere
        )

    def rows(self, start: int, stop: int) -> PixelTarget:
        """Return the target of a strip of image rows.

        Args:
            start (int): First row.
            stop (int): Row after the last.

        Returns:
            PixelTarget: A view.
        """
        return PixelTarget(
            self.label[:, start:stop],
            self.known_on_class,
            self.known_elsewhere,
        )

    def dense(self) -> Tensor:
        """Return all entries in the form of image labels.

        Returns:
            Tensor: float32 (N, C, H, W), 0 or 1, NaN where not known.
        """
        return torch.where(self.known(), self.positive().float(), torch.nan)


def check_all_annotated(
    label: Tensor, num_classes: int, where: str | None = None
) -> None:
    """Check that all classes of an image can count as annotated.

    They do if a sample has no ``annotated_classes``.

    Args:
        label (Tensor): Label map of the image, of any shape.
        num_classes (int): Number of classes, C.
        where (str, optional): The image, for the message.

    Raises:
        ValueError: If a pixel carries none of the classes and is not unknown.
    """
    if ((label >= num_classes) & (label != UNKNOWN_PIXEL)).any():
        raise ValueError(
            f'{where} has no annotated_classes in its metainfo, but pixels of '
            f'no class (a value from {num_classes} to 254). So it is unknown '
            'which classes it annotates. PartialLabelDataset sets the field. '
            'A dataset around it that packs the samples again (such as '
            'MultiImageMixDataset) drops it'
        )
