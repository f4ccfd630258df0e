"""Draw an image with its answers, and where the model sees a class."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from mmda.datasets import LoadMedicalImage
from mmda.report.activation import NOTHING_SEEN, grad_cam, shown_pixels
from mmda.report.figure import COLORS, SMALL, new_figure, save_figure
from mmda.structures import nearest

from .images import as_sample
from .inference_model import TrainedModel
from .partial_label_inferencer import Answer


def activation_map(
    trained: TrainedModel,
    image: str | np.ndarray,
    question: str,
    layer: str | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Show where the model sees a class, by Grad-CAM.

    Args:
        trained (TrainedModel): The model.
        image (str | ndarray): Path, or pixels.
        question (str): A class name.
        layer (str, optional): Module whose output is the feature map, such as
            'backbone.layer3'. Defaults to the last output of the backbone.

    Returns:
        tuple[ndarray, ndarray]: The image as the model gets it, float32
        (H, W, 3) RGB in [0, 1], and the map, float32 (H, W) in [0, 1].

    Raises:
        ImportError: If grad-cam is not installed.
        ValueError: If there is no such class or layer, or if the backbone
            gives no feature map.
    """
    if question not in trained.classes:
        raise ValueError(
            f'the model has no class {question!r}'
            f'{nearest(question, trained.classes)}'
        )
    sample = trained.pipeline(as_sample(image))
    index = trained.classes.index(question)
    heat = grad_cam(trained.model, sample, index, layer)
    return shown_pixels(sample['inputs']), heat


def draw_answers(
    image: str | np.ndarray,
    answers: dict[str, Answer],
    path: str | Path,
    heat: tuple[str, np.ndarray, np.ndarray] | None = None,
    load: Callable[[dict], dict] | None = None,
) -> None:
    """Draw an image beside its answers, and where the model sees a class.

    Args:
        image (str | ndarray): Path, or pixels in BGR.
        answers (dict[str, Answer]): The answers, by class.
        path (str | Path): PNG file to write, with a PDF file beside it.
        heat (tuple, optional): A class, and the two results of
            :func:`activation_map`.
        load (Callable, optional): The transform that loads the image for the
            model. Defaults to :class:`~mmda.datasets.LoadMedicalImage`.
    """
    pixels = image
    if not isinstance(pixels, np.ndarray):
        pixels = (load or LoadMedicalImage())(as_sample(image))['img']
    pixels = pixels if pixels.ndim == 2 else pixels[..., ::-1]
    panels = 2 if heat is None else 3
    figure = new_figure(2.4 * panels, max(2.2, 0.6 + 0.17 * len(answers)))
    axes = figure.subplots(1, panels)
    axes[0].imshow(pixels, cmap='gray' if pixels.ndim == 2 else None)
    axes[0].set_axis_off()
    if not isinstance(image, np.ndarray):
        axes[0].set_title(Path(image).name, fontsize=SMALL)
    if heat is not None:
        name, shown, strength = heat
        axes[1].imshow(shown)
        axes[1].imshow(strength, cmap='inferno', alpha=0.5, vmin=0, vmax=1)
        seen = f'where: {name}'
        if not strength.any():
            seen += f'\n{NOTHING_SEEN}'
        axes[1].set_title(seen, fontsize=SMALL)
        axes[1].set_axis_off()
    _draw_bars(axes[-1], answers)
    save_figure(figure, path)


def _draw_bars(bars: Any, answers: dict[str, Answer]) -> None:
    for row, answer in enumerate(answers.values()):
        if answer.probability is None:
            style = dict(fontsize=SMALL, va='center', style='italic')
            bars.text(0.02, row, 'no answer', color='0.4', **style)
            continue
        color = COLORS[1] if answer.decision else '0.7'
        bars.barh(row, answer.probability, color=color)
        ends = [row - 0.4, row + 0.4]
        bars.plot([answer.threshold] * 2, ends, color='k', linewidth=1)
    bars.set_yticks(range(len(answers)), list(answers), fontsize=SMALL)
    bars.set_xlim(0, 1)
    bars.invert_yaxis()
    bars.tick_params(axis='x', labelsize=SMALL)
    bars.set_xlabel('probability (line: threshold)', fontsize=SMALL)
