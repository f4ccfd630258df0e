"""Thresholds and calibration of a model, kept beside its checkpoint."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np

from mmda.evaluation.functional import (
    choose_threshold,
    reliability,
    why_undefined,
)
from mmda.evaluation.functional.thresholds import METHODS

from .checkpoint_record import other_checkpoint
from .figure import COLORS, PAGE_WIDTH, SMALL, new_figure, save_figure
from .predictions import Predictions


def threshold_path(checkpoint: str | Path) -> Path:
    """Return where the thresholds of a checkpoint lie.

    Args:
        checkpoint (str | Path): The checkpoint.

    Returns:
        Path: Beside it.

    Examples:
        >>> threshold_path('runs/epoch_7.pth').name
        'epoch_7.thresholds.json'
    """
    return Path(checkpoint).with_suffix('.thresholds.json')


def choose_thresholds(
    predictions: Predictions,
    method: str = 'youden',
    sensitivity: float = 0.9,
    num_bins: int = 10,
) -> dict:
    """Choose thresholds and measure the calibration, on annotated entries.

    Args:
        predictions (Predictions): Of validation images; thresholds chosen on
            the test images would flatter the test.
        method (str): Which of the methods gives the threshold that is used.
        sensitivity (float): Of the method of that name.
        num_bins (int): Of the expected calibration error.

    Returns:
        dict: Plain values: ``method``, ``sensitivity``, ``ece`` over all
        annotated entries, ``classes``: name -> ``threshold`` (None where
        undefined), ``positives``, ``negatives``, ``ece``, ``note``, and
        ``methods`` with what each method gives.

    Raises:
        ValueError: If a score is NaN or no probability; names the class.
    """
    _check_scores(predictions)
    classes = {}
    for index, name in enumerate(predictions.classes):
        target = predictions.target[:, index]
        rows = ~np.isnan(target)
        score, target = predictions.score[rows, index], target[rows]
        found = {
            key: {
                field: _plain(value)
                for field, value in choose_threshold(
                    score, target, key, sensitivity
                )
                ._asdict()
                .items()
            }
            for key in METHODS
        }
        positives = int((target > 0.5).sum())
        classes[name] = dict(
            threshold=found[method]['threshold'],
            positives=positives,
            negatives=len(target) - positives,
            ece=_plain(reliability(score, target, num_bins).ece),
            note=why_undefined(predictions.target[:, index]),
            methods=found,
        )
    overall = reliability(predictions.score, predictions.target, num_bins)
    return dict(
        method=method,
        sensitivity=sensitivity,
        predictions=predictions.name,
        images=len(predictions),
        ece=_plain(overall.ece),
        classes=classes,
    )


def read_thresholds(path: str | Path) -> dict[str, float]:
    """Read the thresholds that are defined.

    Args:
        path (str | Path): Written by ``tools/analysis_tools/thresholds.py``.

    Returns:
        dict[str, float]: Class -> threshold.

    Raises:
        ValueError: If it is no such file.
    """
    try:
        content = json.loads(Path(path).read_text(encoding='utf-8'))
        return {
            name: float(entry['threshold'])
            for name, entry in content['classes'].items()
            if entry['threshold'] is not None
        }
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(
            f'{path}: expected thresholds as '
            f'tools/analysis_tools/thresholds.py writes them ({error!r})'
        ) from error


def other_model(path: str | Path, checkpoint: str | Path) -> str:
    """Say that thresholds were chosen for another checkpoint.

    Args:
        path (str | Path): Written by ``tools/analysis_tools/thresholds.py``.
        checkpoint (str | Path): The one that they are used for.

    Returns:
        str: What differs; '' where nothing does, or the file does not say.
    """
    content = json.loads(Path(path).read_text(encoding='utf-8'))
    return other_checkpoint(content, checkpoint)


def _check_scores(predictions: Predictions) -> None:
    wrong = ~((predictions.score >= 0) & (predictions.score <= 1))
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        raise ValueError(
            f'{predictions.name}, image {row}, class '
            f'{predictions.classes[column]!r}: found the score '
            f'{predictions.score[row, column]:g}, expected a probability, in '
            '[0, 1]'
        )


def _plain(value: float) -> float | None:
    return None if math.isnan(value) else value


def draw_reliability(
    predictions: Predictions, path: str | Path, num_bins: int = 10
) -> None:
    """Draw a reliability diagram per class and one of all entries.

    Args:
        predictions (Predictions): Of N images.
        path (str | Path): PNG to write; a PDF lies beside it.
        num_bins (int): Bins of equal width. Defaults to 10.
    """
    panels = [('all classes', predictions.score, predictions.target)]
    panels += [
        (name, predictions.score[:, i], predictions.target[:, i])
        for i, name in enumerate(predictions.classes)
    ]
    columns = min(4, len(panels))
    rows = math.ceil(len(panels) / columns)
    figure = new_figure(PAGE_WIDTH * columns / 4, 1.9 * rows + 0.3)
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes in grid[len(panels) :]:
        axes.set_axis_off()
    for axes, (name, score, target) in zip(grid, panels, strict=False):
        found = reliability(score, target, num_bins)
        axes.plot([0, 1], [0, 1], color='0.6', linewidth=0.8)
        total = max(1, found.num.sum())
        centers = [(i + 0.5) / num_bins for i in range(num_bins)]
        axes.bar(centers, found.num / total, 0.9 / num_bins, color='0.85')
        shown = found.num > 0
        axes.plot(
            found.confidence[shown],
            found.frequency[shown],
            'o-',
            color=COLORS[0],
            markersize=3,
            linewidth=1,
        )
        ece = 'n/a' if math.isnan(found.ece) else f'{found.ece:.3f}'
        axes.set_title(
            f'{name}\nECE {ece}, n = {found.num.sum():,}', fontsize=SMALL
        )
        axes.set(
            xlim=(0, 1), ylim=(0, 1), xticks=[0, 0.5, 1], yticks=[0, 0.5, 1]
        )
        axes.tick_params(labelsize=SMALL)
    figure.supxlabel('mean answer (grey: share of entries)', fontsize=SMALL)
    figure.supylabel('frequency of positives', fontsize=SMALL)
    save_figure(figure, path)
