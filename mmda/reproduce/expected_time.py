"""How long runs take: from those that have finished, and said so."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from .result import Result, Run


class Clock:
    """Estimates the time of runs from finished ones.

    A run takes as long as the mean of its recipe, else as the mean of all
    that is known.
    """

    def __init__(self) -> None:
        self._seconds: dict[tuple[str, str], list[float]] = defaultdict(list)

    def add(self, run: Run, result: Result) -> None:
        """Take a finished run into account.

        Args:
            run (Run): The run.
            result (Result): Its result; a diverged one tells nothing.
        """
        if not result.diverged:
            self._seconds[run.recipe.key].append(result.seconds)

    def expect(self, run: Run) -> float | None:
        """Estimate the time of a run.

        Args:
            run (Run): The run.

        Returns:
            float | None: Seconds; None where no run has finished.
        """
        known = self._seconds.get(run.recipe.key) or [
            value for values in self._seconds.values() for value in values
        ]
        return sum(known) / len(known) if known else None

    def remaining(
        self, runs: Iterable[tuple[Run, float]], jobs: int
    ) -> float | None:
        """Estimate the time until all are done.

        Args:
            runs (Iterable[tuple[Run, float]]): What is to do, and the part of
                it that is done, 0 to 1.
            jobs (int): Processes at it.

        Returns:
            float | None: Seconds; None where no run has finished.
        """
        total = 0.0
        for run, done in runs:
            seconds = self.expect(run)
            if seconds is None:
                return None
            total += seconds * (1 - done)
        return total / jobs


def duration(seconds: float | None) -> str:
    """Write a time for people.

    Args:
        seconds (float, optional): None: not known.

    Returns:
        str: In seconds, minutes or hours.

    Examples:
        >>> duration(42), duration(150), duration(9000), duration(None)
        ('42 s', '2.5 min', '2.5 h', 'unknown')
    """
    if seconds is None:
        return 'unknown'
    for unit, size in (('h', 3600.0), ('min', 60.0)):
        if seconds >= 2 * size:
            return f'{seconds / size:.1f} {unit}'
    return f'{seconds:.0f} s'
