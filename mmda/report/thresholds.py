"""Decision thresholds and calibration of a model."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mmda.evaluation.functional import (
    choose_threshold,
    reliability,
    why_undefined,
)
from mmda.evaluation.functional.thresholds import METHODS
from mmda.files import json_values

from .checkpoint_record import other_checkpoint
from .figure import COLORS, PAGE_WIDTH, SMALL, new_figure, save_figure
from .predictions import Predictions

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def threshold_path(checkpoint: str | Path) -> Path:
    """Return the path of the thresholds of a checkpoint.

    Args:
        checkpoint (str | Path): The checkpoint.

    Returns:
        Path: A file beside the checkpoint.

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
    """Choose thresholds and measure the calibration of each class.

    Args:
        predictions (Predictions): Predictions of validation images. If the
            thresholds come from test images, the test is too good.
        method (str): Method whose threshold is used. See
            :func:`~mmda.evaluation.functional.choose_threshold`.
        sensitivity (float): For the method 'sensitivity'. Defaults to 0.9.
        num_bins (int): Bins of the calibration error. Defaults to 10.

    Returns:
        dict: Plain values: ``method``, ``sensitivity``, ``predictions`` (name
        of the file), ``images`` (their number), ``ece`` over all annotated
        entries, and ``classes``. For each class: ``threshold`` (None if
        undefined), ``positives``, ``negatives``, ``ece``, ``note``, and
        ``methods``, the result of each method.

    Raises:
        ValueError: If a score is NaN or no probability; names the class.
    """
    _check_scores(predictions)
    classes = {}
    for index, name in enumerate(predictions.classes):
        column = predictions.target[:, index]
        rows = ~np.isnan(column)
        score, target = predictions.score[rows, index], column[rows]
        found = {}
        for key in METHODS:
            chosen = choose_threshold(score, target, key, sensitivity)
            found[key] = chosen._asdict()
        positives = int((target > 0.5).sum())
        classes[name] = dict(
            threshold=found[method]['threshold'],
            positives=positives,
            negatives=len(target) - positives,
            ece=reliability(score, target, num_bins).ece,
            note=why_undefined(column),
            methods=found,
        )
    overall = reliability(predictions.score, predictions.target, num_bins)
    return json_values(
        dict(
            method=method,
            sensitivity=sensitivity,
            predictions=predictions.name,
            images=len(predictions),
            ece=overall.ece,
            classes=classes,
        )
    )


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


def read_thresholds(path: str | Path) -> dict[str, float]:
    """Read the thresholds from a file.

    Args:
        path (str | Path): File that ``mmda thresholds``
            wrote.

    Returns:
        dict[str, float]: Class -> threshold, without undefined ones.

    Raises:
        ValueError: If the file holds no thresholds, or a threshold that is
            not in [0, 1].
    """
    found = {}
    for name, entry in _read(path)['classes'].items():
        value = entry.get('threshold', -1)
        if value is None:
            continue
        # NaN fails the comparison. JSON has booleans, which are no numbers.
        if type(value) not in (int, float) or not 0 <= value <= 1:
            raise ValueError(
                f'{path}, class {name!r}: found the threshold '
                f'{entry.get("threshold")!r:.80}, expected a number from 0 to '
                '1, or null'
            )
        found[name] = float(value)
    return found


def _read(path: str | Path) -> dict:
    """Read a file of thresholds, and check the kinds of its parts."""
    try:
        content = json.loads(Path(path).read_text(encoding='utf-8'))
        classes = content['classes']
        texts = [content.get(key) for key in ('checkpoint', 'digest')]
        is_right = all(isinstance(e, dict) for e in classes.values())
        is_right &= all(t is None or isinstance(t, str) for t in texts)
        why = 'another kind of value'
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        is_right, why = False, repr(error)
    if not is_right:
        raise ValueError(
            f'{path}: expected thresholds as mmda thresholds writes them '
            f'({why})'
        )
    return content


def other_model(path: str | Path, checkpoint: str | Path) -> str:
    """Say whether thresholds were chosen for another checkpoint.

    Args:
        path (str | Path): File that ``mmda thresholds``
            wrote.
        checkpoint (str | Path): Checkpoint that uses the thresholds.

    Returns:
        str: The difference; '' if there is none, or if the file does not name
        its checkpoint.

    Raises:
        ValueError: If the file holds no thresholds.
    """
    return other_checkpoint(_read(path), checkpoint)


def draw_reliability(
    predictions: Predictions, path: str | Path, num_bins: int = 10
) -> None:
    """Draw a reliability diagram of all entries, and one of each class.

    Args:
        predictions (Predictions): Predictions of N images.
        path (str | Path): PNG to write, with a PDF of the same name.
        num_bins (int): Number of bins of equal width. Defaults to 10.
    """
    save_figure(reliability_figure(predictions, num_bins=num_bins), path)


def reliability_figure(
    predictions: Predictions,
    classes: Sequence[str] | None = None,
    num_bins: int = 10,
) -> Figure:
    """Draw a reliability diagram of all entries, and one of each class.

    Args:
        predictions (Predictions): Predictions of N images.
        classes (Sequence[str], optional): Classes with a diagram of their
            own. Defaults to all.
        num_bins (int): Number of bins of equal width. Defaults to 10.

    Returns:
        Figure: A panel for all classes, then one for each class.
    """
    panels = {'all classes': (predictions.score, predictions.target)}
    for index, name in enumerate(predictions.classes):
        if classes is None or name in classes:
            score, target = (a[:, index] for a in panels['all classes'])
            panels[name] = (score, target)
    width = min(4, len(panels))
    height = math.ceil(len(panels) / width)
    figure = new_figure(PAGE_WIDTH * width / 4, 1.9 * height + 0.3)
    grid = figure.subplots(height, width, squeeze=False).ravel()
    for axes in grid[len(panels) :]:
        axes.set_axis_off()
    centers = (np.arange(num_bins) + 0.5) / num_bins
    for axes, (name, entries) in zip(grid, panels.items(), strict=False):
        found = reliability(*entries, num_bins)
        total = found.num.sum()
        axes.plot([0, 1], [0, 1], color='0.6', linewidth=0.8)
        shares = found.num / max(1, total)
        axes.bar(centers, shares, 0.9 / num_bins, color='0.85')
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
        title = f'{name}\nECE {ece}, n = {total:,}'
        axes.set_title(title, fontsize=SMALL)
        ticks = [0, 0.5, 1]
        axes.set(xlim=(0, 1), ylim=(0, 1), xticks=ticks, yticks=ticks)
        axes.tick_params(labelsize=SMALL)
    figure.supxlabel('mean answer (grey: share of entries)', fontsize=SMALL)
    figure.supylabel('frequency of positives', fontsize=SMALL)
    return figure
