"""Reports: labels of a config, results of a run, comparisons, figures.

Each module serves one question, for instance ``label_report``, ``comparison``
or ``thresholds``. Importing them loads no plotting library and no pandas.
"""

from .comparison import compare
from .figure import draw_matrix, new_figure, save_figure
from .hooks import LabelReportHook, RunSummaryHook
from .label_report import positives_per_source
from .label_report_files import report_text, write_label_report
from .leaks import equal_files
from .predictions import load_predictions
from .run_summary import (
    draw_auc,
    draw_training,
    metrics_table,
    split_intervals,
    split_metrics,
)
from .source_labels import sources_of_config, sources_of_datasets
from .thresholds import choose_thresholds, read_thresholds

__all__ = [
    'LabelReportHook',
    'RunSummaryHook',
    'choose_thresholds',
    'compare',
    'draw_auc',
    'draw_matrix',
    'draw_training',
    'equal_files',
    'load_predictions',
    'metrics_table',
    'new_figure',
    'positives_per_source',
    'read_thresholds',
    'report_text',
    'save_figure',
    'sources_of_config',
    'sources_of_datasets',
    'split_intervals',
    'split_metrics',
    'write_label_report',
]
