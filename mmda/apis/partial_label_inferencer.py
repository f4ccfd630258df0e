"""Ask a trained model about images."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.config import Config

from mmda.analysis.threshold_file import read_thresholds, threshold_path
from mmda.structures import nearest

from .inference_inputs import list_images
from .inference_model import load_model

Image = str | Path | np.ndarray


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
            or the checkpoint is not one of this model.

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
            thresholds = read_thresholds(thresholds)
        for name, value in thresholds.items():
            self.check_class(name)
            if not 0 <= value <= 1:
                raise ValueError(
                    f'threshold of {name!r}: found {value}, expected 0 to 1'
                )
        self.thresholds = dict(thresholds)

    @property
    def classes(self) -> tuple[str, ...]:
        """tuple[str, ...]: The questions there are."""
        return self.trained.classes

    def __call__(
        self, inputs: Image | Sequence[Image], batch_size: int = 16
    ) -> list[dict[str, Answer]]:
        """Answer all questions about all images.

        Args:
            inputs (str | Path | ndarray | Sequence): An image, a folder, a
                CSV file of paths, or several images. Pixels are uint8,
                (H, W, 3) in BGR or (H, W).
            batch_size (int): Images answered at a time. Defaults to 16.

        Returns:
            list[dict[str, Answer]]: Per image, class -> answer.

        Raises:
            FileNotFoundError: If there is no such image, folder or file.
            ValueError: If an image cannot be decoded, or a folder has none.
        """
        images = self._images(inputs)
        return [answers for _, answers in self.iterate(images, batch_size)]

    def iterate(
        self, images: Sequence[str | np.ndarray], batch_size: int = 16
    ) -> Iterator[tuple[str | np.ndarray, dict[str, Answer]]]:
        """Answer one batch after the other.

        Args:
            images (Sequence[str | ndarray]): Paths or pixels.
            batch_size (int): Images answered at a time. Defaults to 16.

        Yields:
            tuple[str | ndarray, dict[str, Answer]]: Image and answers.
        """
        if batch_size < 1:
            raise ValueError(f'batch_size={batch_size}: expected 1 or more')
        for start in range(0, len(images), batch_size):
            batch = images[start : start + batch_size]
            scores = self._answer(batch)
            for image, score in zip(batch, scores, strict=True):
                yield image, self._read(score)

    def ask(self, image: Image, question: str) -> Answer:
        """Ask whether an image shows a class.

        Args:
            image (str | Path | ndarray): Path, or pixels.
            question (str): A class name.

        Returns:
            Answer: The model's.

        Raises:
            ValueError: If there is no such class; names the nearest.
        """
        self.check_class(question)
        return self(image)[0][question]

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
        self, inputs: Image | Sequence[Image]
    ) -> list[str | np.ndarray]:
        if isinstance(inputs, np.ndarray):
            return [inputs]
        if isinstance(inputs, (str, Path)):
            return list(list_images(inputs))
        return [i if isinstance(i, np.ndarray) else str(i) for i in inputs]

    def _answer(self, batch: Sequence[str | np.ndarray]) -> np.ndarray:
        for image in batch:
            if isinstance(image, str) and not Path(image).is_file():
                raise FileNotFoundError(f'there is no image {image}')
        try:
            return self.trained.answer(batch)
        except (OSError, AssertionError, AttributeError, SyntaxError) as error:
            names = [image for image in batch if isinstance(image, str)]
            raise ValueError(
                f'cannot decode an image among {names}: {error}'
            ) from error

    def _read(self, score: np.ndarray) -> dict[str, Answer]:
        answers = {}
        for name, value in zip(self.classes, score.tolist(), strict=True):
            threshold = self.thresholds.get(
                name, self.trained.default_threshold
            )
            sources = None
            if self.trained.positives is not None:
                sources = self.trained.positives.get(name, {})
            note = ''
            if sources is not None and not sum(sources.values()):
                note = 'no positive in the training data'
            elif math.isnan(value):
                note = 'the model answers NaN'
            answers[name] = Answer(
                name,
                None if note else value,
                None if note else value >= threshold,
                threshold,
                sources,
                note,
            )
        return answers


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
