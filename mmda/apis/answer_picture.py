"""An image with the answers about it."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from mmda.report.figure import COLORS, SMALL, new_figure, save_figure

from .partial_label_inferencer import Answer


def draw_answers(
    image: str | np.ndarray,
    answers: dict[str, Answer],
    path: str | Path,
    heat: tuple[str, np.ndarray, np.ndarray] | None = None,
) -> None:
    """Draw an image beside its answers, and where a class is seen.

    Args:
        image (str | ndarray): Path, or pixels in BGR.
        answers (dict[str, Answer]): Class -> answer.
        path (str | Path): PNG to write; a PDF lies beside it.
        heat (tuple, optional): Class, image and map, see
            :func:`~mmda.apis.activation_map.activation_map`.
    """
    pixels = image if isinstance(image, np.ndarray) else _read(image)
    pixels = pixels if pixels.ndim == 2 else pixels[..., ::-1]
    panels = 2 if heat is None else 3
    height = max(2.2, 0.6 + 0.17 * len(answers))
    figure = new_figure(2.4 * panels, height)
    axes = figure.subplots(1, panels)
    axes[0].imshow(pixels, cmap='gray' if pixels.ndim == 2 else None)
    axes[0].set_axis_off()
    if not isinstance(image, np.ndarray):
        axes[0].set_title(Path(image).name, fontsize=SMALL)
    if heat is not None:
        name, shown, strength = heat
        axes[1].imshow(shown)
        axes[1].imshow(strength, cmap='inferno', alpha=0.5, vmin=0, vmax=1)
        axes[1].set_title(f'where: {name}', fontsize=SMALL)
        axes[1].set_axis_off()
    bars = axes[-1]
    for row, answer in enumerate(answers.values()):
        if answer.probability is None:
            bars.text(
                0.02,
                row,
                'no answer',
                fontsize=SMALL,
                va='center',
                color='0.4',
                style='italic',
            )
            continue
        color = COLORS[1] if answer.decision else '0.7'
        bars.barh(row, answer.probability, color=color)
        bars.plot(
            [answer.threshold] * 2,
            [row - 0.4, row + 0.4],
            color='k',
            linewidth=1,
        )
    bars.set_yticks(range(len(answers)), list(answers), fontsize=SMALL)
    bars.set_xlim(0, 1)
    bars.invert_yaxis()
    bars.tick_params(axis='x', labelsize=SMALL)
    bars.set_xlabel('probability (line: threshold)', fontsize=SMALL)
    save_figure(figure, path)


def _read(path: str) -> np.ndarray:
    pixels = cv2.imread(path)
    if pixels is None:
        raise ValueError(f'cannot decode {path}')
    return pixels
