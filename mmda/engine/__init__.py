"""Hooks that watch a run."""

from .hooks import (
    CheckFiniteHook,
    CheckLabelSpaceHook,
    CheckWeightsHook,
    PersistentEarlyStoppingHook,
    ValidateOnResumeHook,
)

__all__ = [
    'CheckFiniteHook',
    'CheckLabelSpaceHook',
    'CheckWeightsHook',
    'PersistentEarlyStoppingHook',
    'ValidateOnResumeHook',
]
