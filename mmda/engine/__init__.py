"""What runs beside the model."""

from .hooks import (
    CheckFiniteHook,
    CheckLabelSpaceHook,
    LabelReportHook,
    PersistentEarlyStoppingHook,
    RunSummaryHook,
    ValidateOnResumeHook,
)

__all__ = [
    'CheckFiniteHook',
    'CheckLabelSpaceHook',
    'LabelReportHook',
    'PersistentEarlyStoppingHook',
    'RunSummaryHook',
    'ValidateOnResumeHook',
]
