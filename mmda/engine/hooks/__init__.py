"""Hooks that watch a run, speed it up, or keep old classes. No reports."""

from .channels_last_hook import ChannelsLastHook
from .check_finite_hook import CheckFiniteHook
from .check_label_space_hook import CheckLabelSpaceHook
from .check_weights_hook import CheckWeightsHook
from .keep_old_classes_hook import KeepOldClassesHook
from .persistent_early_stopping_hook import PersistentEarlyStoppingHook
from .resumable_checkpoint_hook import ResumableCheckpointHook
from .timed_logger_hook import TimedLoggerHook
from .validate_on_resume_hook import ValidateOnResumeHook

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
