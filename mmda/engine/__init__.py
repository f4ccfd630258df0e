"""What runs beside the model."""

from .hooks import (
    CheckFiniteHook,
    CheckLabelSpaceHook,
    PersistentEarlyStoppingHook,
    ValidateOnResumeHook,
)

__all__ = [
    'CheckFiniteHook',
    'CheckLabelSpaceHook',
    'PersistentEarlyStoppingHook',
    'ValidateOnResumeHook',
]
