"""Images that cannot be decoded: left out, counted, logged."""

from __future__ import annotations

import logging

import torch
from mmengine.logging import print_log


class BrokenImages:
    """Counts the images that are left out, over all workers of a loader."""

    def __init__(self) -> None:
        # Shared, so that the data loader's workers count into one number.
        self._skipped = torch.zeros(1, dtype=torch.int64).share_memory_()

    def __len__(self) -> int:
        return int(self._skipped)

    def skip(self, image: str, error: BaseException) -> None:
        """Count and log an image whose place another one takes.

        Args:
            image (str): What it is, for the log.
            error (BaseException): Why it cannot be decoded.
        """
        self._skipped += 1
        print_log(
            f'{image} cannot be decoded ({error}); another image takes its '
            f'place ({len(self)} so far)',
            logger='current',
            level=logging.WARNING,
        )
