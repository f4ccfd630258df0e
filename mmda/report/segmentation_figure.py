"""Two segmentors beside the truth: what each of them gets wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.patches import Patch
from mmseg.datasets import CityscapesDataset

from mmda.datasets.pixel_labels import joint_palette
from mmda.structures import UNKNOWN_PIXEL

from .figure import SMALL, new_figure, save_figure

#: What the error map shows, and in which colour (RGB).
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
    """One image, its truth, and what two models say.

    Args:
        image (ndarray): RGB, uint8 (H, W, 3).
        truth (ndarray): Names of classes, object (H, W); '' for none of those
            annotated, '?' where nothing is known.
        a (ndarray): Of the first model, likewise, '' for no class.
        b (ndarray): Of the second model.
        title (str): Name of the image.
    """

    image: np.ndarray
    truth: np.ndarray
    a: np.ndarray
    b: np.ndarray
    title: str = ''


def name_pixels(label: np.ndarray, names: Sequence[str]) -> np.ndarray:
    """Turn a label map or prediction into names.

    Args:
        label (ndarray): Integers (H, W), as in the label contract.
        names (Sequence[str]): Of the values 0, 1, ...

    Returns:
        ndarray: object (H, W), '' for a value without a name, '?' for 255.

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
    """Say at each pixel which model is wrong about one class.

    Args:
        truth (ndarray): Names, object (H, W), see :class:`Comparison`.
        a (ndarray): Of the first model.
        b (ndarray): Of the second model.
        name (str): The class: a model is wrong where it takes a pixel for it
            that is none, or the other way round.

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
    """Choose colours: those of Cityscapes where it knows the class.

    Args:
        names (Sequence[str]): Class names.

    Returns:
        dict[str, tuple]: Name -> RGB; '' is white, '?' black.
    """
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
    """Draw image, truth, both models and the error map, an image per row.

    Source: [0] Data-Assemble, Fig. 8; the error map is an addition.

    Args:
        rows (Sequence[Comparison]): At least one.
        names (Sequence[str]): All class names that can occur.
        models (tuple[str, str]): Names of the models.
        class_of_interest (str): The class of the error map.
        path (str | Path): PNG to write; a PDF lies beside it.
    """
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
        Patch(
            facecolor=(c[0] / 255, c[1] / 255, c[2] / 255),
            edgecolor='0.5',
            label=text,
        )
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
    """Colour a map of names, RGB uint8 (H, W, 3)."""
    picture = np.zeros((*names.shape, 3), dtype=np.uint8)
    for name, color in colors.items():
        picture[names == name] = color
    return picture
