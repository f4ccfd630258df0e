"""What runs beside the model."""

from .hooks import (
    CheckFiniteHook,
    CheckLabelSpaceHook,
    PersistentEarlyStoppingHook,
    RunSummaryHook,
    ValidateOnResumeHook,
)

__all__ = [
    'CheckFiniteHook',
    'CheckLabelSpaceHook',
    'PersistentEarlyStoppingHook',
    'RunSummaryHook',
    'ValidateOnResumeHook',
]
