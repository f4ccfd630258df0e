"""What all figures share: canvas, colours, files."""

from __future__ import annotations

from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

# Okabe and Ito's palette: told apart by all kinds of colour vision.
COLORS = ('#0072B2', '#D55E00', '#009E73', '#CC79A7', '#E69F00', '#56B4E9')
#: One column of a two-column paper, and the whole page, in inches.
COLUMN_WIDTH, PAGE_WIDTH = 3.5, 7.2
#: Size of small lettering that is still readable in print.
SMALL = 7


def new_figure(width: float, height: float) -> Figure:
    """Return a figure that needs no display and no global state.

    Args:
        width (float): In inches.
        height (float): In inches.

    Returns:
        Figure: With a canvas that writes PNG and PDF.
    """
    figure = Figure(figsize=(width, height), layout='constrained', dpi=150)
    FigureCanvasAgg(figure)
    return figure


def save_figure(figure: Figure, path: str | Path) -> None:
    """Write a figure as PNG and as PDF.

    Args:
        figure (Figure): The figure.
        path (str | Path): Of the PNG; the PDF lies beside it. The folder is
            made.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path.with_suffix('.png'), dpi=300)
    figure.savefig(path.with_suffix('.pdf'))
