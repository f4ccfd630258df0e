"""Helpers of several models."""

from .running_stats import frozen_running_stats
from .views import split_views

__all__ = ['frozen_running_stats', 'split_views']
