"""Hooks that watch a run or speed it up, and a strategy to divide it."""

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
from .resumable_fsdp_strategy import ResumableFSDPStrategy

__all__ = [
    'ChannelsLastHook',
    'CheckFiniteHook',
    'CheckLabelSpaceHook',
    'CheckWeightsHook',
    'KeepOldClassesHook',
    'PersistentEarlyStoppingHook',
    'ResumableCheckpointHook',
    'ResumableFSDPStrategy',
    'TimedLoggerHook',
    'ValidateOnResumeHook',
]
