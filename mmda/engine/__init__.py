"""Hooks that watch a run or speed it up."""

from .hooks import (
    ChannelsLastHook,
    CheckFiniteHook,
    CheckLabelSpaceHook,
    CheckWeightsHook,
    KeepOldClassesHook,
    PersistentEarlyStoppingHook,
    ResumableCheckpointHook,
    TimedLoggerHook,
    ValidateOnResumeHook,
)

__all__ = [
    'ChannelsLastHook',
    'CheckFiniteHook',
    'CheckLabelSpaceHook',
    'CheckWeightsHook',
    'KeepOldClassesHook',
    'PersistentEarlyStoppingHook',
    'ResumableCheckpointHook',
    'TimedLoggerHook',
    'ValidateOnResumeHook',
]
