"""Tables and figures."""

from .metrics_table import metrics_table, split_metrics
from .run_figures import draw_auc, draw_training, new_figure

__all__ = [
    'draw_auc',
    'draw_training',
    'metrics_table',
    'new_figure',
    'split_metrics',
]
