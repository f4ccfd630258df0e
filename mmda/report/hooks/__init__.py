"""Hooks that write reports."""

from .label_report_hook import LabelReportHook
from .run_report_hook import RunReportHook
from .run_summary_hook import RunSummaryHook

__all__ = ['LabelReportHook', 'RunReportHook', 'RunSummaryHook']
