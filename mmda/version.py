"""Version of mmda."""

__version__ = '0.2.0'
