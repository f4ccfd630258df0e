"""Relations of classes: heat map, dendrogram and chord diagram."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .class_relations import cluster_classes
from .figure import (
    COLORS,
    COLUMN_WIDTH,
    SMALL,
    draw_matrix,
    new_figure,
    save_figure,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw_heat_map(
    similarity: np.ndarray, classes: Sequence[str], path: str | Path
) -> None:
    """Draw all similarities as a matrix.

    Args:
        similarity (ndarray): See :func:`heat_map`.
        classes (Sequence[str]): C names.
        path (str | Path): PNG to write, with a PDF of the same name.
    """
    save_figure(heat_map(similarity, classes), path)


def heat_map(similarity: np.ndarray, classes: Sequence[str]) -> Figure:
    """Draw all similarities as a matrix.

    Args:
        similarity (ndarray): (C, C), in [-1, 1]; NaN is hatched.
        classes (Sequence[str]): C names.

    Returns:
        Figure: The matrix.
    """
    size = max(COLUMN_WIDTH, 1.4 + 0.21 * len(classes))
    figure = new_figure(size, size * 0.9)
    draw_matrix(
        figure,
        similarity,
        classes,
        classes,
        np.char.mod('%.2f', similarity) if len(classes) <= 10 else None,
        'cosine similarity',
        rotation=90,
        vmin=-1,
        vmax=1,
        cmap='RdBu_r',
    )
    return figure


def draw_dendrogram(
    similarity: np.ndarray, classes: Sequence[str], path: str | Path
) -> None:
    """Draw the hierarchy of classes.

    Args:
        similarity (ndarray): (C, C). Classes without a similarity are left
            out.
        classes (Sequence[str]): C names.
        path (str | Path): PNG to write, with a PDF of the same name.

    Raises:
        ValueError: If fewer than two classes have a similarity.
    """
    from scipy.cluster.hierarchy import dendrogram

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
    axes.spines[['top', 'left', 'right']].set_visible(False)
    save_figure(figure, path)


def draw_chord(
    similarity: np.ndarray,
    classes: Sequence[str],
    path: str | Path,
    strong: float | None = None,
) -> None:
    """Draw classes on a circle, joined by their positive similarities.

    Args:
        similarity (ndarray): (C, C); NaN draws no chord.
        classes (Sequence[str]): C names.
        path (str | Path): PNG to write, with a PDF of the same name.
        strong (float, optional): Chords from this similarity on have a
            colour; weaker chords are grey, as in Fig. 14 of the paper.
            Defaults to :func:`strong_from`.
    """
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path as Curve

    if strong is None:
        strong = strong_from(similarity)
    figure = new_figure(COLUMN_WIDTH * 1.3, COLUMN_WIDTH * 1.3)
    axes = figure.subplots()
    angles = np.pi / 2 - 2 * np.pi * np.arange(len(classes)) / len(classes)
    points = np.column_stack([np.cos(angles), np.sin(angles)])
    pairs = sorted(
        (similarity[i, j], i, j)
        for i in range(len(classes))
        for j in range(i)
        if similarity[i, j] > min(0.05, strong / 2)  # NaN is not
    )
    widest = max(1e-9, strong, *(pair[0] for pair in pairs))
    for value, i, j in pairs:  # the strongest on top
        corners = [points[i], (points[i] + points[j]) / 4, points[j]]
        chord = PathPatch(
            Curve(corners, [Curve.MOVETO, Curve.CURVE3, Curve.CURVE3]),
            fill=False,
            edgecolor=COLORS[i % len(COLORS)] if value >= strong else '0.8',
            alpha=0.8,
            linewidth=0.3 + 4 * (value / widest) ** 2,
        )
        axes.add_patch(chord)
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
        left = x < -1e-9
        axes.text(
            1.07 * x,
            1.07 * y,
            f'{name} (n/a)' if missing else name,
            fontsize=SMALL,
            rotation=np.degrees(angles[index]) + 180 * left,
            rotation_mode='anchor',
            va='center',
            ha='right' if left else 'left',
        )
    axes.set(xlim=(-1.5, 1.5), ylim=(-1.5, 1.5), aspect='equal')
    axes.set_axis_off()
    legend = 'no two classes have a positive cosine similarity'
    if pairs:
        legend = (
            f'colour: cosine similarity of {strong:g} or more; width: '
            'relative to the greatest'
        )
    figure.supxlabel(legend, fontsize=SMALL)
    save_figure(figure, path)


def strong_from(similarity: np.ndarray) -> float:
    """Choose the similarity from which a relation is called strong.

    Args:
        similarity (ndarray): (C, C), NaN where missing.

    Returns:
        float: 0.6, as in the paper, if one relation in ten reaches it.
        Otherwise the value that one positive relation in five reaches.
        Without a positive relation, 0.6.

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
    # Rounded down, so that the figure states the limit that it uses.
    digits = 2 - math.ceil(math.log10(chosen))
    return math.floor(round(chosen * 10**digits, 6)) / 10**digits
