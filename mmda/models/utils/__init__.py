"""What several models share."""

from .running_stats import frozen_running_stats

__all__ = ['frozen_running_stats']
