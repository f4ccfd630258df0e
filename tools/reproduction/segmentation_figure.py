"""Two segmentation models beside the truth, with a map of their errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mmda.datasets.pixel_labels import joint_palette
from mmda.report.figure import SMALL, new_figure, save_figure
from mmda.structures import UNKNOWN_PIXEL

#: Names and colours (RGB) of the error map.
ERRORS = {
    'both right': (240, 240, 240),
    'only A wrong': (213, 94, 0),
    'only B wrong': (0, 114, 178),
    'both wrong': (0, 0, 0),
    'unknown': (190, 190, 190),
}
NO_CLASS_COLOR = (255, 255, 255)


@dataclass(frozen=True)
class Comparison:
    """One image, its truth, and the predictions of two models.

    Args:
        image (ndarray): RGB, uint8 (H, W, 3).
        truth (ndarray): Class names, object (H, W); '' for no annotated
            class, '?' where nothing is known.
        a (ndarray): Class names that the first model predicts, object (H, W);
            '' for no class.
        b (ndarray): Class names that the second model predicts.
        title (str): Name of the image.
    """

    image: np.ndarray
    truth: np.ndarray
    a: np.ndarray
    b: np.ndarray
    title: str = ''


def name_pixels(label: np.ndarray, names: Sequence[str]) -> np.ndarray:
    """Turn the ids of a label map or of a prediction into class names.

    Args:
        label (ndarray): Integers (H, W), as in the label contract.
        names (Sequence[str]): Names of the ids 0, 1, ...

    Returns:
        ndarray: object (H, W); '' for an id without a name, '?' for 255.

    Examples:
        >>> name_pixels(np.array([[0, 254, 255]]), ['bus']).tolist()
        [['bus', '', '?']]
    """
    table = np.full(256, '', dtype=object)
    table[: len(names)] = list(names)
    table[UNKNOWN_PIXEL] = '?'
    return table[label]


def error_map(
    truth: np.ndarray, a: np.ndarray, b: np.ndarray, name: str
) -> np.ndarray:
    """Say for each pixel which model is wrong about one class.

    A model is wrong where it predicts the class and the truth is another, and
    where the truth is the class and it predicts another.

    Args:
        truth (ndarray): Class names, object (H, W), see :class:`Comparison`.
        a (ndarray): Class names that the first model predicts.
        b (ndarray): Class names that the second model predicts.
        name (str): The class.

    Returns:
        ndarray: int64 (H, W), positions in :data:`ERRORS`.

    Examples:
        >>> names = np.array([['bus', 'bus', 'car', '?']], dtype=object)
        >>> error_map(names, names[:, [0, 2, 0, 0]], names, 'bus').tolist()
        [[0, 1, 1, 4]]
    """
    wanted = truth == name
    code = ((a == name) != wanted) + 2 * ((b == name) != wanted)
    return np.where(truth == '?', 4, code)


def class_colors(names: Sequence[str]) -> dict[str, tuple[int, ...]]:
    """Choose the colours of Cityscapes, and others for further classes.

    Args:
        names (Sequence[str]): Class names.

    Returns:
        dict[str, tuple]: Name -> RGB; '' is white, '?' black.
    """
    from mmseg.datasets import CityscapesDataset

    meta = CityscapesDataset.METAINFO
    known = dict(zip(meta['classes'], meta['palette'], strict=True))
    palette = joint_palette(len(names))
    colors = {
        name: tuple(known.get(name, color))
        for name, color in zip(names, palette, strict=True)
    }
    return {**colors, '': NO_CLASS_COLOR, '?': (0, 0, 0)}


def draw_comparison(
    rows: Sequence[Comparison],
    names: Sequence[str],
    models: tuple[str, str],
    class_of_interest: str,
    path: str | Path,
) -> None:
    """Draw a row for each image: image, truth, two predictions, errors.

    Source: [0] Data-Assemble, Fig. 8. The paper has no error map.

    Args:
        rows (Sequence[Comparison]): One or more images.
        names (Sequence[str]): All class names that can occur.
        models (tuple[str, str]): Names of the two models.
        class_of_interest (str): Class of the error map.
        path (str | Path): PNG to write, with a PDF of the same name.
    """
    from matplotlib.patches import Patch

    colors = class_colors(names)
    titles = (
        'image',
        'truth',
        f'A: {models[0]}',
        f'B: {models[1]}',
        f'errors: {class_of_interest}',
    )
    figure = new_figure(11, 0.7 + 1.25 * len(rows))
    panels = figure.subplots(len(rows), len(titles), squeeze=False)
    for axes, row in zip(panels, rows, strict=True):
        codes = error_map(row.truth, row.a, row.b, class_of_interest)
        errors = np.array(list(ERRORS.values()), dtype=np.uint8)[codes]
        maps = [_paint(m, colors) for m in (row.truth, row.a, row.b)]
        for cell, picture in zip(
            axes, (row.image, *maps, errors), strict=True
        ):
            cell.imshow(picture, interpolation='nearest')
            cell.set(xticks=[], yticks=[])
        axes[0].set_ylabel(row.title, fontsize=SMALL - 2)
    for cell, title in zip(panels[0], titles, strict=True):
        cell.set_title(title, fontsize=SMALL + 1)
    shown = {
        n for row in rows for m in (row.truth, row.a, row.b) for n in m.flat
    }
    entries = [(n, colors[n]) for n in names if n in shown]
    entries += [('no class', colors[''])] if '' in shown else []
    entries += list(ERRORS.items())
    handles = [
        Patch(facecolor=f'#{bytes(c).hex()}', edgecolor='0.5', label=text)
        for text, c in entries
    ]
    figure.legend(
        handles=handles,
        loc='outside lower center',
        ncols=min(9, len(handles)),
        fontsize=SMALL,
    )
    save_figure(figure, path)


def _paint(
    names: np.ndarray, colors: dict[str, tuple[int, ...]]
) -> np.ndarray:
    """Return a picture of a map of names, RGB uint8 (H, W, 3)."""
    picture = np.zeros((*names.shape, 3), dtype=np.uint8)
    for name, color in colors.items():
        picture[names == name] = color
    return picture
