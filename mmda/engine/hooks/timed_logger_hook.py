"""Write a line to the log after some iterations, or after some seconds."""

from __future__ import annotations

import time
from typing import Any

from mmengine.dist import is_distributed
from mmengine.hooks import LoggerHook
from mmengine.registry import HOOKS


@HOOKS.register_module()
class TimedLoggerHook(LoggerHook):
    """A ``LoggerHook`` that is never silent for long while a model runs.

    The stock hook writes a line every ``interval`` iterations. Where an
    iteration takes seconds, nothing tells for minutes that the training goes
    on. ``mmda train`` and ``mmda test`` use this hook in place of the stock
    one.

    Args:
        seconds (float): Write a line after the first iteration that ends
            later than this many seconds after the last line. Several
            processes keep to ``interval``: they write a line together, and
            their clocks differ. Defaults to 30.
        **kwargs: Arguments of ``LoggerHook``.
    """

    def __init__(self, seconds: float = 30.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.seconds = seconds
        self._last = time.monotonic()

    def every_n_inner_iters(self, inner_iter: int, n: int) -> bool:
        """Say whether to write a line after this iteration.

        Args:
            inner_iter (int): Number of the iteration in its epoch, from 0.
            n (int): ``interval``.

        Returns:
            bool: True after every n iterations, or after ``seconds``.
        """
        now = time.monotonic()
        is_due = super().every_n_inner_iters(inner_iter, n) or (
            now - self._last >= self.seconds and not is_distributed()
        )
        if is_due:
            self._last = now
        return is_due
