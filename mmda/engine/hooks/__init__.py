"""Hooks that watch a run. They write no reports."""

from .check_finite_hook import CheckFiniteHook
from .check_label_space_hook import CheckLabelSpaceHook
from .persistent_early_stopping_hook import PersistentEarlyStoppingHook
from .resumable_checkpoint_hook import ResumableCheckpointHook
from .validate_on_resume_hook import ValidateOnResumeHook

__all__ = [
    'CheckFiniteHook',
    'CheckLabelSpaceHook',
    'PersistentEarlyStoppingHook',
    'ResumableCheckpointHook',
    'ValidateOnResumeHook',
]
