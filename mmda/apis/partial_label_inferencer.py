"""Ask a trained model about images."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.config import Config
from mmengine.logging import print_log
from PIL import Image

from mmda.datasets.broken_images import (
    MAYBE_DECODE_ERRORS,
    is_decode_error,
)
from mmda.report.thresholds import (
    other_model,
    read_thresholds,
    threshold_path,
)
from mmda.structures import nearest

from .inference_inputs import list_images
from .inference_model import as_sample, load_model
from .pixels import to_bgr

#: What is asked about: a path, or pixels of NumPy or Pillow.
Picture = str | Path | np.ndarray | Image.Image


_CANNOT_DECODE = 'cannot decode'


@dataclass(frozen=True)
class Answer:
    """What a model says about one class in one image.

    Attributes:
        question (str): The class.
        probability (float | None): In [0, 1]; None for a class that never had
            a positive in training, whose answer means nothing, and for NaN.
        decision (bool | None): Whether the probability reaches the threshold;
            None likewise.
        threshold (float): Of the decision.
        sources (dict[str, int] | None): Which sources trained the class, with
            how many positives; None where it is not known.
        note (str): Why there is no answer, or ''.
    """

    question: str
    probability: float | None
    decision: bool | None
    threshold: float
    sources: dict[str, int] | None
    note: str = ''


class PartialLabelInferencer:
    """Answer questions about images with a trained model.

    Thresholds are those that ``tools/analysis_tools/thresholds.py`` left
    beside the checkpoint, else the head's. Which sources trained a class is
    in the checkpoint (``LabelReportHook``) or in the label report beside it.

    Args:
        config (str | Path | Config): Config of the model.
        checkpoint (str | Path): Its weights.
        device (str): Such as 'cpu' or 'cuda:0'. Defaults to 'cpu'.
        thresholds (dict[str, float] | str | Path, optional): Class ->
            threshold, or a file of them.
        cfg_options (dict, optional): Changes of the config.

    Raises:
        FileNotFoundError: If config, checkpoint or thresholds are missing.
        ValueError: If a threshold names an unknown class or is not in [0, 1],
            those beside the checkpoint were chosen for another one, or the
            checkpoint is not one of this model.

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
    ) -> None:
        self.trained = load_model(config, checkpoint, device, cfg_options)
        if thresholds is None:
            beside = threshold_path(checkpoint)
            thresholds = beside if beside.is_file() else {}
        if not isinstance(thresholds, dict):
            if not Path(thresholds).is_file():
                raise FileNotFoundError(
                    f'there are no thresholds {thresholds}'
                )
            path, thresholds = Path(thresholds), read_thresholds(thresholds)
            self._check_origin(path, checkpoint)
        for name, value in thresholds.items():
            self.check_class(name)
            if not 0 <= value <= 1:
                raise ValueError(
                    f'threshold of {name!r}: found {value}, expected 0 to 1'
                )
        self.thresholds = dict(thresholds)

    def _check_origin(self, path: Path, checkpoint: str | Path) -> None:
        other = other_model(path, checkpoint)
        if not other:
            return
        if path != threshold_path(checkpoint):
            # Named by the user, as for folded weights of the same model.
            print_log(f'thresholds {path}: {other}', level=logging.WARNING)
            return
        raise ValueError(
            f'thresholds {path}: {other}. Choose them anew with '
            'tools/analysis_tools/thresholds.py, or remove the file'
        )

    @property
    def classes(self) -> tuple[str, ...]:
        """tuple[str, ...]: The questions there are."""
        return self.trained.classes

    def __call__(
        self, inputs: Picture | Sequence[Picture], batch_size: int = 16
    ) -> list[dict[str, Answer]]:
        """Answer all questions about all images.

        Args:
            inputs (str | Path | ndarray | PIL.Image | Sequence): An image, a
                folder, a CSV file of paths, or several images. Pixels are an
                image of Pillow, or an array, (H, W), or (H, W, 3) in BGR, of
                uint8, uint16 or float in [0, 1].
            batch_size (int): Images answered at a time. Defaults to 16.

        Returns:
            list[dict[str, Answer]]: Per image, class -> answer. Of several
            images, one that cannot be decoded has answers without a
            probability, and a note.

        Raises:
            FileNotFoundError: If there is no such image, folder or file.
            ValueError: If the only image cannot be decoded, pixels are no
                image, or there is none.
        """
        images = self._images(inputs)
        found = [answers for _, answers in self.iterate(images, batch_size)]
        if len(images) == 1 and unreadable(found[0]):
            raise ValueError(unreadable(found[0]))
        return found

    def iterate(
        self, images: Sequence[Picture], batch_size: int = 16
    ) -> Iterator[tuple[Picture, dict[str, Answer]]]:
        """Answer one batch after the other.

        Args:
            images (Sequence[str | Path | ndarray | PIL.Image]): Paths of
                images or pixels.
            batch_size (int): Images answered at a time. Defaults to 16.

        Yields:
            tuple: Image and answers; those about a file that cannot be
            decoded have no probability, and a note.
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
            Answer: The model's.

        Raises:
            ValueError: If there is no such class (names the nearest), or it
                is not one image.
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
            ValueError: If there is no such class; names the nearest.
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
            to_bgr(inputs)  # says what it takes
        if not inputs:
            raise ValueError('there is no image in an empty list')
        return [str(i) if isinstance(i, Path) else i for i in inputs]

    def _prepare(self, image: Picture) -> dict | str:
        """Return what the model takes, or why a file cannot be decoded."""
        if isinstance(image, Path):
            image = str(image)
        if isinstance(image, str) and not Path(image).is_file():
            raise FileNotFoundError(f'there is no image {image}')
        try:
            return self.trained.pipeline(as_sample(image))
        except MAYBE_DECODE_ERRORS as error:
            if not isinstance(image, str) or not is_decode_error(error):
                raise
            return f'{_CANNOT_DECODE} {image}: {error}'

    def _read(self, score: np.ndarray, why: str = '') -> dict[str, Answer]:
        """Turn scores into answers, or say of all why there is none."""
        answers = {}
        for name, value in zip(self.classes, score.tolist(), strict=True):
            threshold = self.thresholds.get(
                name, self.trained.default_threshold
            )
            sources = None
            if self.trained.positives is not None:
                sources = self.trained.positives.get(name, {})
            note = why or _why_no_answer(value, sources)
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
    """Say why a file has no answers.

    Args:
        answers (dict[str, Answer]): About one image.

    Returns:
        str: The reason, '' for an image that could be decoded.
    """
    notes = {answer.note for answer in answers.values()}
    return next((n for n in notes if n.startswith(_CANNOT_DECODE)), '')


def plain(answers: dict[str, Answer]) -> dict[str, dict]:
    """Turn the answers about an image into plain values.

    Args:
        answers (dict[str, Answer]): Class -> answer.

    Returns:
        dict[str, dict]: Ready for JSON.

    Examples:
        >>> plain({'a': Answer('a', .9, True, .5, None)})['a']['decision']
        True
    """
    return {name: asdict(answer) for name, answer in answers.items()}
