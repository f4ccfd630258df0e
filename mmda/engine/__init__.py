"""Hooks that watch a run."""

from .hooks import (
    CheckFiniteHook,
    CheckLabelSpaceHook,
    PersistentEarlyStoppingHook,
    ResumableCheckpointHook,
    ValidateOnResumeHook,
)

__all__ = [
    'CheckFiniteHook',
    'CheckLabelSpaceHook',
    'PersistentEarlyStoppingHook',
    'ResumableCheckpointHook',
    'ValidateOnResumeHook',
]
