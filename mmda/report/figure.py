"""What all figures share: canvas, colours, files, and a matrix."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mmda.files import replacing

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: The palette of Okabe and Ito, which colour-blind readers can tell apart.
COLORS = ('#0072B2', '#D55E00', '#009E73', '#CC79A7', '#E69F00', '#56B4E9')
#: Width in inches of one column, and of the page, of a two-column paper.
COLUMN_WIDTH, PAGE_WIDTH = 3.5, 7.2
#: Pixels of the longer side of a PNG. The PDF has every detail.
_MAX_PIXELS = 2400
#: Bytes of an SVG from which on a page gets a PNG.
_MAX_SVG = 400_000
#: Size of small letters that a reader can still read in print.
SMALL = 7
#: Rows of a matrix that get a name. Drawing more takes minutes.
MAX_ROWS = 100


def new_figure(width: float, height: float) -> Figure:
    """Return a figure that needs no display and no global state.

    Args:
        width (float): In inches.
        height (float): In inches.

    Returns:
        Figure: Its canvas writes PNG and PDF.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout='constrained', dpi=150)
    FigureCanvasAgg(figure)
    return figure


def save_figure(figure: Figure, path: str | Path) -> None:
    """Write a figure as PNG and as PDF.

    Args:
        figure (Figure): The figure.
        path (str | Path): Path of the PNG. The PDF has the same name. The
            folder is made.
    """
    path = Path(path)
    _take_names_as_text(figure)
    dpi = min(300, _MAX_PIXELS / max(figure.get_size_inches()))
    for suffix, options in (('.png', dict(dpi=dpi)), ('.pdf', {})):
        with replacing(path.with_suffix(suffix)) as part:
            figure.savefig(part, **options)
        # The parts of the figure have their places now. To find the places
        # again takes as long as to draw.
        figure.set_layout_engine('none')


def _take_names_as_text(figure: Figure) -> None:
    """Keep matplotlib from reading the name of a class as a formula.

    The labels of a logarithmic axis are formulas. They have no text yet.
    """
    from matplotlib.text import Text

    for text in figure.findobj(Text):
        if isinstance(text, Text) and '$' in text.get_text():
            text.set_parse_math(False)


def figure_uri(figure: Figure) -> str:
    """Return a figure as an address that holds the picture itself.

    Args:
        figure (Figure): The figure.

    Returns:
        str: ``data:image/svg+xml;base64,...`` for an ``<img>``. A figure with
        very many parts is a PNG, which is smaller.
    """
    content = BytesIO()
    _take_names_as_text(figure)
    figure.savefig(content, format='svg', metadata=dict(Date=None))
    if content.tell() <= _MAX_SVG:
        return data_uri(content.getvalue(), 'image/svg+xml')
    content = BytesIO()
    figure.savefig(content, format='png', dpi=110)
    return data_uri(content.getvalue(), 'image/png')


def data_uri(content: bytes, kind: str) -> str:
    """Return a file as an address that holds the file itself.

    Args:
        content (bytes): The file.
        kind (str): Its media type.

    Returns:
        str: The address.

    Examples:
        >>> data_uri(b'a', 'image/png')
        'data:image/png;base64,YQ=='
    """
    return f'data:{kind};base64,{base64.b64encode(content).decode()}'


def draw_matrix(
    figure: Figure,
    values: np.ndarray,
    rows: Sequence[str],
    columns: Sequence[str],
    texts: np.ndarray | None,
    label: str,
    rotation: float = 0,
    **options: Any,
) -> None:
    """Draw a matrix as coloured cells with a colour bar.

    Args:
        figure (Figure): An empty figure.
        values (ndarray): (R, C); NaN is drawn as a hatched cell.
        rows (Sequence[str]): R names. Of more than ``MAX_ROWS`` names, every
            second or so is shown.
        columns (Sequence[str]): C names.
        texts (ndarray, optional): str (R, C), written in the cells that have
            a value.
        label (str): Label of the colour bar.
        rotation (float): Rotation of the column names in degrees. Defaults to
            0.
        **options: Arguments of ``Axes.imshow``.
    """
    axes = figure.subplots()
    axes.patch.set(facecolor='0.95', hatch='////', edgecolor='0.7')
    # Colour the cells, not each pixel of the picture.
    image = axes.imshow(
        values, interpolation='nearest', interpolation_stage='rgba', **options
    )
    for (y, x), text in np.ndenumerate([] if texts is None else texts):
        if not np.isnan(values[y, x]):
            axes.text(
                x,
                y,
                text,
                ha='center',
                va='center',
                fontsize=SMALL - 1,
                color='white' if abs(values[y, x]) > 0.6 else 'black',
            ).set_in_layout(False)  # it lies inside of the axes
    axes.set_xticks(
        range(len(columns)), columns, fontsize=SMALL, rotation=rotation
    )
    step = -(-len(rows) // MAX_ROWS)  # rounds up
    named = range(0, len(rows), step)
    axes.set_yticks(named, rows[::step], fontsize=SMALL)
    axes.set_xticks(np.arange(len(columns) + 1) - 0.5, minor=True)
    if step == 1:  # else the lines would cover the cells
        axes.set_yticks(np.arange(len(rows) + 1) - 0.5, minor=True)
    axes.grid(which='minor', color='white', linewidth=1)
    axes.tick_params(which='both', length=0)
    bar = figure.colorbar(image, ax=axes, shrink=0.8, pad=0.02)
    bar.set_label(label, fontsize=SMALL)
    bar.ax.tick_params(labelsize=SMALL)
