"""How long runs take: measured on finished runs, else estimated."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from statistics import fmean
from typing import Any

from mmengine.config import Config

from .data import facts_of
from .result import Result, Run


class Clock:
    """Estimates the time of runs.

    The time of a run is the mean over the finished runs of its recipe. If
    there are none, it is the guess for the recipe, scaled by the error of the
    other guesses. If there is no guess, it is the mean of all finished runs.

    Args:
        guesses (Mapping, optional): Key of a recipe -> seconds; see
            :func:`guess_seconds`.
    """

    def __init__(
        self, guesses: Mapping[tuple[str, str], float] | None = None
    ) -> None:
        self._seconds: dict[tuple[str, str], list[float]] = defaultdict(list)
        self._guesses = dict(guesses or {})

    def add(self, run: Run, result: Result) -> None:
        """Take a finished run into account.

        Args:
            run (Run): The run.
            result (Result): Its result. A run that diverged does not count.
        """
        if not result.diverged:
            self._seconds[run.recipe.key].append(result.seconds)

    def expect(self, run: Run) -> float | None:
        """Estimate the time of a run.

        Args:
            run (Run): The run.

        Returns:
            float | None: Seconds. None if nothing is known.
        """
        key = run.recipe.key
        if key in self._seconds:
            return fmean(self._seconds[key])
        if key in self._guesses:
            errors = [
                fmean(seconds) / self._guesses[known]
                for known, seconds in self._seconds.items()
                if known in self._guesses
            ]
            return self._guesses[key] * fmean(errors or [1.0])
        known = [s for seconds in self._seconds.values() for s in seconds]
        return fmean(known) if known else None

    def remaining(
        self, runs: Iterable[tuple[Run, float]], jobs: int
    ) -> float | None:
        """Estimate the time until all runs have finished.

        Args:
            runs (Iterable[tuple[Run, float]]): Each run, and the part of it
                that is done, 0 to 1.
            jobs (int): Number of processes.

        Returns:
            float | None: Seconds. None if nothing is known about a run.
        """
        total = 0.0
        for run, done in runs:
            seconds = self.expect(run)
            if seconds is None:
                return None
            total += seconds * (1 - done)
        return total / jobs

    def tell(self, runs: Iterable[tuple[Run, float]], jobs: int) -> str:
        """Write the time until all runs have finished.

        Args:
            runs (Iterable[tuple[Run, float]]): As for :meth:`remaining`.
            jobs (int): Number of processes.

        Returns:
            str: Such as '2.5 h'. It says so if the time is an estimate.
        """
        seconds = self.remaining(runs, jobs)
        text = duration(seconds)
        if seconds and not self._seconds:
            text += ' (estimate for two CPU cores: no run has finished)'
        return text


def guess_seconds(cfg: Config) -> float | None:
    """Guess how long a config trains on two CPU cores.

    No data is read. Validation and early stopping are left out.

    Args:
        cfg (Config): The config.

    Returns:
        float | None: Seconds of the whole schedule. None if the speed is not
        known.
    """
    loader = cfg.train_dataloader
    images, speed = _images_and_speed(loader.dataset, cfg.model)
    if not images or not speed:
        return None
    if 'max_iters' in cfg.train_cfg:
        images = cfg.train_cfg.max_iters * loader.batch_size
    else:
        images *= cfg.train_cfg.max_epochs
    model = cfg.model
    if model.get('data_preprocessor', {}).get('strong_view'):
        images *= 2
    if model.type == 'MultiNetworkClassifier':
        images *= len(model.head.classes)
    return images / speed


def _images_and_speed(
    node: Mapping[str, Any], model: Mapping[str, Any]
) -> tuple[float, float]:
    """Return images of a dataset, and images per second; 0: not known."""
    if 'datasets' in node:
        parts = [_images_and_speed(child, model) for child in node['datasets']]
        number, speeds = zip(*parts, strict=True)
        return (sum(number), min(speeds)) if all(number) else (0, 0)
    if 'dataset' in node:
        images, speed = _images_and_speed(node['dataset'], model)
    else:
        facts = facts_of(node)
        images, speed = facts.get('images', 0), facts.get('speed', 0)
        if isinstance(speed, dict):
            speed = speed.get(model['backbone']['type'], 0)
    if node.get('part'):
        chosen, parts = node['part']
        if isinstance(parts, str):  # a file of mmda split
            return 0, 0
        images *= (1 if isinstance(chosen, int) else len(chosen)) / parts
    limits = [node.get('num_samples'), node.get('indices')]
    return min([images, *(n for n in limits if isinstance(n, int))]), speed


def duration(seconds: float | None) -> str:
    """Write a time for people.

    Args:
        seconds (float, optional): The time. None: not known.

    Returns:
        str: The time in seconds, minutes, hours or days.

    Examples:
        >>> duration(42), duration(150), duration(9000), duration(None)
        ('42 s', '2.5 min', '2.5 h', 'unknown')
        >>> duration(200000)
        '2.3 days'
    """
    if seconds is None:
        return 'unknown'
    for unit, size in (('days', 86400.0), ('h', 3600.0), ('min', 60.0)):
        if seconds >= 2 * size:
            return f'{seconds / size:.1f} {unit}'
    return f'{seconds:.0f} s'
