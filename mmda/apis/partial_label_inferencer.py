"""Ask a trained model questions about images."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.config import Config
from PIL import Image

from mmda.datasets.broken_images import UnusableImageError, is_decode_error
from mmda.datasets.images.pixels import from_array
from mmda.structures import nearest

from .images import as_sample, list_images
from .inference_model import load_model
from .thresholds import find_thresholds

#: An image: a path, or pixels of NumPy or Pillow.
Picture = str | Path | np.ndarray | Image.Image

_CANNOT_DECODE = 'cannot decode'


@dataclass(frozen=True)
class Answer:
    """The answer of a model about one class in one image.

    Attributes:
        question (str): The class.
        probability (float | None): In [0, 1]. None if the training had no
            positive of the class or the checkpoint does not know it, because
            the answer then means nothing. None also if the model answers
            NaN.
        decision (bool | None): Whether the probability reaches the threshold.
            None if the probability is None.
        threshold (float): Threshold of the decision, in [0, 1].
        sources (dict[str, int] | None): Number of training positives of the
            class, by source. None if it is unknown.
        note (str): The reason for a missing answer, otherwise ''.
    """

    question: str
    probability: float | None
    decision: bool | None
    threshold: float
    sources: dict[str, int] | None
    note: str = ''


class PartialLabelInferencer:
    """Answer questions about images with a trained model.

    By default, the thresholds come from the file that
    ``mmda thresholds`` wrote beside the checkpoint.
    Without this file, the threshold of the head counts. The checkpoint
    (through ``LabelReportHook``) or the label report beside it says which
    sources trained a class.

    Args:
        config (str | Path | Config): Config of the model.
        checkpoint (str | Path): Weights of the model.
        device (str): Such as 'cpu' or 'cuda:0'. Defaults to 'cpu'.
        thresholds (dict[str, float] | str | Path, optional): Thresholds in
            [0, 1] by class, or a file of thresholds.
        cfg_options (dict, optional): Changes of the config.
        unsafe_load (bool): Whether the checkpoint may hold more than data.
            Such a file can run any code. Defaults to False.

    Raises:
        FileNotFoundError: If config, checkpoint or thresholds do not exist.
        ValueError: If a threshold names an unknown class or is not in [0, 1];
            if the thresholds beside the checkpoint were chosen for another
            checkpoint; or if the checkpoint does not fit the model.

    Examples:
        >>> inferencer = PartialLabelInferencer(
        ...     'configs/da/digits.py', 'best.pth')  # doctest: +SKIP
        >>> inferencer.ask('image.png', '3').probability  # doctest: +SKIP
        0.97
    """

    def __init__(
        self,
        config: str | Path | Config,
        checkpoint: str | Path,
        device: str = 'cpu',
        thresholds: dict[str, float] | str | Path | None = None,
        cfg_options: dict[str, Any] | None = None,
        unsafe_load: bool = False,
    ) -> None:
        self.trained = load_model(
            config, checkpoint, device, cfg_options, unsafe_load
        )
        self.thresholds = find_thresholds(checkpoint, self.classes, thresholds)

    @property
    def classes(self) -> tuple[str, ...]:
        """tuple[str, ...]: The classes that can be asked about."""
        return self.trained.classes

    def __call__(
        self, inputs: Picture | Sequence[Picture], batch_size: int = 16
    ) -> list[dict[str, Answer]]:
        """Answer all questions about all images.

        Args:
            inputs (str | Path | ndarray | PIL.Image | Sequence): An image, a
                folder, a CSV file of paths, or a list of images. An image is
                a path or pixels, see :class:`~mmda.datasets.LoadMedicalImage`.
            batch_size (int): Number of images in a batch. Defaults to 16.

        Returns:
            list[dict[str, Answer]]: The answers of each image, by class. If
            one of several images cannot be decoded, its answers have a note
            and no probability.

        Raises:
            FileNotFoundError: If there is no such image, folder or file.
            ValueError: If the only image cannot be decoded, if pixels are no
                image, or if there is no image.
        """
        images = self._images(inputs)
        found = [answers for _, answers in self.iterate(images, batch_size)]
        if len(images) == 1 and unreadable(found[0]):
            raise ValueError(unreadable(found[0]))
        return found

    def iterate(
        self, images: Sequence[Picture], batch_size: int = 16
    ) -> Iterator[tuple[Picture, dict[str, Answer]]]:
        """Answer all questions about images, batch by batch.

        Args:
            images (Sequence[str | Path | ndarray | PIL.Image]): Paths or
                pixels.
            batch_size (int): Number of images in a batch. Defaults to 16.

        Yields:
            tuple[Picture, dict[str, Answer]]: An image and its answers. If a
            file cannot be decoded, its answers have a note and no
            probability.
        """
        if batch_size < 1:
            raise ValueError(f'batch_size={batch_size}: expected 1 or more')
        for start in range(0, len(images), batch_size):
            batch = images[start : start + batch_size]
            samples = [self._prepare(image) for image in batch]
            whole = [s for s in samples if isinstance(s, dict)]
            scores = iter(self.trained.answer(whole) if whole else ())
            for image, sample in zip(batch, samples, strict=True):
                if isinstance(sample, str):
                    unknown = np.full(len(self.classes), np.nan)
                    yield image, self._read(unknown, sample)
                else:
                    yield image, self._read(next(scores))

    def ask(self, image: Picture, question: str) -> Answer:
        """Ask whether an image shows a class.

        Args:
            image (str | Path | ndarray | PIL.Image): Path, or pixels.
            question (str): A class name.

        Returns:
            Answer: The answer of the model.

        Raises:
            ValueError: If there is no such class, or if ``image`` is not one
                image. The message names the nearest class.
        """
        self.check_class(question)
        images = self._images(image)
        if len(images) != 1:
            raise ValueError(
                f'ask() takes one image, found {len(images)} in {image!s:.80}:'
                ' call the inferencer itself for several'
            )
        return self(images)[0][question]

    def check_class(self, name: str) -> None:
        """Check that a question can be asked.

        Args:
            name (str): A class name.

        Raises:
            ValueError: If there is no such class. The message names the
                nearest class.
        """
        if name not in self.classes:
            raise ValueError(
                f'the model has no class {name!r}{nearest(name, self.classes)}'
            )

    def _images(
        self, inputs: Picture | Sequence[Picture]
    ) -> list[str | np.ndarray | Image.Image]:
        if isinstance(inputs, (np.ndarray, Image.Image)):
            return [inputs]
        if isinstance(inputs, (str, Path)):
            return list(list_images(inputs))
        if not isinstance(inputs, (list, tuple)):
            from_array(inputs)  # raises an error that names what it takes
        if not inputs:
            raise ValueError('there is no image in an empty list')
        return [str(i) if isinstance(i, Path) else i for i in inputs]

    def _prepare(self, image: Picture) -> dict | str:
        """Return the input of the model, or why a file cannot be decoded."""
        if isinstance(image, Path):
            image = str(image)
        if isinstance(image, str) and not Path(image).is_file():
            raise FileNotFoundError(f'there is no image {image}')
        try:
            return self.trained.pipeline(as_sample(image))
        except Exception as error:
            broken = isinstance(error, (OSError, UnusableImageError))
            broken = broken or is_decode_error(error)
            if not isinstance(image, str) or not broken:
                raise
            why = ' '.join(str(error).split())
            return f'{_CANNOT_DECODE} {image}: {why}'

    def _read(self, score: np.ndarray, why: str = '') -> dict[str, Answer]:
        """Turn scores into answers, or give all answers the note ``why``."""
        answers = {}
        for name, value in zip(self.classes, score.tolist(), strict=True):
            threshold = self.thresholds.get(
                name, self.trained.default_threshold
            )
            sources = None
            if self.trained.positives is not None:
                sources = self.trained.positives.get(name, {})
            note = why or _why_no_answer(value, sources)
            if name in self.trained.untrained:
                note = note or 'the checkpoint does not know this class'
            answers[name] = Answer(
                name,
                None if note else value,
                None if note else value >= threshold,
                threshold,
                sources,
                note,
            )
        return answers


def _why_no_answer(value: float, sources: dict[str, int] | None) -> str:
    if sources is not None and not sum(sources.values()):
        return 'no positive in the training data'
    return 'the model answers NaN' if math.isnan(value) else ''


def unreadable(answers: dict[str, Answer]) -> str:
    """Say why an image cannot be decoded.

    Args:
        answers (dict[str, Answer]): The answers about one image.

    Returns:
        str: The reason, or '' if the image was decoded.
    """
    notes = {answer.note for answer in answers.values()}
    return next((n for n in notes if n.startswith(_CANNOT_DECODE)), '')
