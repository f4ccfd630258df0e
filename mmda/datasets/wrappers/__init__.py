"""Wrappers that change which images or labels a source has."""
