"""Tables and figures."""

from .figure import new_figure, save_figure
from .metrics_table import metrics_table, split_intervals, split_metrics
from .run_figures import draw_auc, draw_training

__all__ = [
    'draw_auc',
    'draw_training',
    'metrics_table',
    'new_figure',
    'save_figure',
    'split_intervals',
    'split_metrics',
]
