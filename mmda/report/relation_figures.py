"""Relations of classes: heat map, dendrogram and chord diagram."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path as FilePath

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from scipy.cluster.hierarchy import dendrogram

from .class_relations import cluster_classes
from .figure import COLORS, COLUMN_WIDTH, SMALL, new_figure, save_figure


def draw_heat_map(
    similarity: np.ndarray, classes: Sequence[str], path: str | FilePath
) -> None:
    """Draw all similarities.

    Args:
        similarity (ndarray): (C, C), in [-1, 1]; NaN is hatched.
        classes (Sequence[str]): C names.
        path (str | Path): PNG to write; a PDF lies beside it.
    """
    num = len(classes)
    size = max(COLUMN_WIDTH, 1.4 + 0.21 * num)
    figure = new_figure(size, size * 0.9)
    axes = figure.subplots()
    axes.set_facecolor('0.9')
    axes.patch.set(hatch='////', edgecolor='0.6')
    image = axes.imshow(similarity, vmin=-1, vmax=1, cmap='RdBu_r')
    if num <= 10:
        for (y, x), value in np.ndenumerate(similarity):
            if not np.isnan(value):
                axes.text(
                    x,
                    y,
                    f'{value:.2f}',
                    ha='center',
                    va='center',
                    fontsize=5.5,
                    color='white' if abs(value) > 0.6 else 'black',
                )
    axes.set_xticks(range(num), classes, rotation=90, fontsize=SMALL)
    axes.set_yticks(range(num), classes, fontsize=SMALL)
    bar = figure.colorbar(image, ax=axes, shrink=0.8)
    bar.set_label('cosine similarity', fontsize=SMALL)
    bar.ax.tick_params(labelsize=SMALL)
    save_figure(figure, path)


def draw_dendrogram(
    similarity: np.ndarray, classes: Sequence[str], path: str | FilePath
) -> None:
    """Draw the hierarchy of classes.

    Args:
        similarity (ndarray): (C, C); classes without one are left out.
        classes (Sequence[str]): C names.
        path (str | Path): PNG to write; a PDF lies beside it.

    Raises:
        ValueError: If fewer than two classes have a similarity.
    """
    tree, kept = cluster_classes(similarity)
    figure = new_figure(COLUMN_WIDTH, 0.7 + 0.2 * len(kept))
    axes = figure.subplots()
    dendrogram(
        tree,
        labels=[classes[i] for i in kept],
        orientation='left',
        ax=axes,
        color_threshold=0,
        above_threshold_color=COLORS[0],
        leaf_font_size=SMALL,
    )
    axes.set_xlabel('1 - cosine similarity', fontsize=SMALL)
    axes.tick_params(axis='x', labelsize=SMALL)
    for side in ('top', 'left', 'right'):
        axes.spines[side].set_visible(False)
    save_figure(figure, path)


def draw_chord(
    similarity: np.ndarray,
    classes: Sequence[str],
    path: str | FilePath,
    strong: float | None = None,
) -> None:
    """Draw classes on a circle, joined by their positive similarities.

    Args:
        similarity (ndarray): (C, C); NaN draws no chord.
        classes (Sequence[str]): C names.
        path (str | Path): PNG to write; a PDF lies beside it.
        strong (float, optional): Chords from this similarity on are coloured,
            weaker ones are dimmed, as in Fig. 14 of the paper. Defaults to
            :func:`strong_from`.
    """
    if strong is None:
        strong = strong_from(similarity)
    num = len(classes)
    figure = new_figure(COLUMN_WIDTH * 1.3, COLUMN_WIDTH * 1.3)
    axes = figure.subplots()
    angles = np.pi / 2 - 2 * np.pi * np.arange(num) / num
    points = np.column_stack([np.cos(angles), np.sin(angles)])
    pairs = [
        (similarity[i, j], i, j)
        for i in range(num)
        for j in range(i)
        if similarity[i, j] > min(0.05, strong / 2)  # NaN is not
    ]
    for value, i, j in sorted(pairs):  # the strongest on top
        is_strong = value >= strong
        _add_chord(
            axes,
            points[i],
            points[j],
            value / max(1e-9, strong, *(pair[0] for pair in pairs)),
            COLORS[i % len(COLORS)] if is_strong else '0.8',
        )
    for index, name in enumerate(classes):
        x, y = points[index]
        missing = np.isnan(similarity[index, index])
        axes.plot(
            x,
            y,
            'o',
            markersize=6,
            markeredgewidth=0.8,
            color=COLORS[index % len(COLORS)],
            mfc='white' if missing else None,
        )
        degrees = np.degrees(angles[index])
        left = x < -1e-9
        axes.text(
            1.07 * x,
            1.07 * y,
            f'{name} (n/a)' if missing else name,
            fontsize=SMALL,
            rotation=degrees + 180 * left,
            rotation_mode='anchor',
            va='center',
            ha='right' if left else 'left',
        )
    axes.set(xlim=(-1.5, 1.5), ylim=(-1.5, 1.5), aspect='equal')
    axes.set_axis_off()
    figure.supxlabel(
        _legend(strong, len(pairs)),
        fontsize=SMALL,
    )
    save_figure(figure, path)


def strong_from(similarity: np.ndarray) -> float:
    """Choose from which similarity on a relation is called strong.

    Args:
        similarity (ndarray): (C, C), NaN where missing.

    Returns:
        float: 0.6, as in the paper, if one relation in ten reaches it; else
        what one positive relation in five reaches; 0.6 without any.

    Examples:
        >>> s = np.full((5, 5), 0.1)
        >>> s[0, 1] = s[1, 0] = s[2, 3] = s[3, 2] = 0.4
        >>> strong_from(s)
        0.4
    """
    pairs = similarity[np.tril_indices(len(similarity), -1)]
    pairs = pairs[~np.isnan(pairs)]
    positive = np.sort(pairs[pairs > 0])[::-1]
    if not len(positive) or (pairs >= 0.6).mean() >= 0.1:
        return 0.6
    chosen = positive[(len(positive) - 1) // 5]
    # Rounded down, so that the figure says what it does.
    digits = 2 - math.ceil(math.log10(chosen))
    return math.floor(round(chosen * 10**digits, 6)) / 10**digits


def _legend(strong: float, num: int) -> str:
    if not num:
        return 'no two classes have a positive cosine similarity'
    return (
        f'coloured: cosine similarity of {strong:g} or more; width: '
        'relative to the greatest'
    )


def _add_chord(
    axes: Axes, start: np.ndarray, end: np.ndarray, value: float, color: str
) -> None:
    curve = Path(
        [start, 0.25 * (start + end), end],
        [Path.MOVETO, Path.CURVE3, Path.CURVE3],
    )
    axes.add_patch(
        PathPatch(
            curve,
            fill=False,
            edgecolor=color,
            alpha=0.8,
            linewidth=0.3 + 4 * value**2,
        )
    )
