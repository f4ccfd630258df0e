"""Hooks."""

from .check_finite_hook import CheckFiniteHook
from .check_label_space_hook import CheckLabelSpaceHook
from .label_report_hook import LabelReportHook
from .persistent_early_stopping_hook import PersistentEarlyStoppingHook
from .run_summary_hook import RunSummaryHook
from .validate_on_resume_hook import ValidateOnResumeHook

__all__ = [
    'CheckFiniteHook',
    'CheckLabelSpaceHook',
    'LabelReportHook',
    'PersistentEarlyStoppingHook',
    'RunSummaryHook',
    'ValidateOnResumeHook',
]
