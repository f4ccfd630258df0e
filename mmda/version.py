"""Version of mmda."""

__version__ = '0.1.0'
