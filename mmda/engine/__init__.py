"""Hooks that watch a run."""

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
