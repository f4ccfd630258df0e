"""What mmengine's current logger was told."""

import logging
from contextlib import contextmanager

from mmengine.logging import MMLogger


class _Keep(logging.Handler):
    def __init__(self):
        super().__init__()
        self.records = []

    def emit(self, record):
        self.records.append(record)


@contextmanager
def logged(level=logging.INFO):
    """Give a list that holds the messages from ``level`` on, at the end."""
    logger = MMLogger.get_current_instance()
    handler = _Keep()
    logger.addHandler(handler)
    messages = []
    try:
        yield messages
    finally:
        logger.removeHandler(handler)
        messages += [
            record.getMessage()
            for record in handler.records
            if record.levelno >= level
        ]
