"""Tables and figures."""

from .figure import new_figure, save_figure
from .run_summary import (
    draw_auc,
    draw_training,
    metrics_table,
    split_intervals,
    split_metrics,
)

__all__ = [
    'draw_auc',
    'draw_training',
    'metrics_table',
    'new_figure',
    'save_figure',
    'split_intervals',
    'split_metrics',
]
