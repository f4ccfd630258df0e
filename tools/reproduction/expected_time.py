"""How long runs take: as those that have finished, else by an estimate."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from mmengine.config import Config

from .result import Result, Run

#: Type of a reader -> images of its training split, and images per second of
#: two CPU cores, forward and backward, with the network that the configs have
#: for it.
_READERS = {
    'ChestXray14': (75_708, 3.3),
    'CheXpert': (166_739, 3.3),
    'LocalCIFAR10': (50_000, 132.0),
    'LocalMNIST': (60_000, 320.0),
    'Digits': (1_078, 320.0),
}
_MEDMNIST = {
    'dermamnist': 7_007,
    'tissuemnist': 165_466,
    'organamnist': 34_561,
}
_MEDMNIST_RATE = 132.0


class Clock:
    """Estimates the time of runs.

    A run takes as long as the mean of its recipe; else as its guess, scaled
    by how far the guesses were wrong; else as the mean of all that is known.

    Args:
        guesses (Mapping, optional): Recipe's key -> seconds, for those of
            which no run has finished; see :func:`guess_seconds`.
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
            result (Result): Its result; a diverged one tells nothing.
        """
        if not result.diverged:
            self._seconds[run.recipe.key].append(result.seconds)

    def expect(self, run: Run) -> float | None:
        """Estimate the time of a run.

        Args:
            run (Run): The run.

        Returns:
            float | None: Seconds; None where nothing is known.
        """
        key = run.recipe.key
        if key in self._seconds:
            return _mean(self._seconds[key])
        if key in self._guesses:
            wrong = [
                _mean(values) / self._guesses[known]
                for known, values in self._seconds.items()
                if known in self._guesses
            ]
            return self._guesses[key] * _mean(wrong or [1.0])
        known = [v for values in self._seconds.values() for v in values]
        return _mean(known) if known else None

    def remaining(
        self, runs: Iterable[tuple[Run, float]], jobs: int
    ) -> float | None:
        """Estimate the time until all are done.

        Args:
            runs (Iterable[tuple[Run, float]]): What is to do, and the part of
                it that is done, 0 to 1.
            jobs (int): Processes at it.

        Returns:
            float | None: Seconds; None where nothing is known.
        """
        total = 0.0
        for run, done in runs:
            seconds = self.expect(run)
            if seconds is None:
                return None
            total += seconds * (1 - done)
        return total / jobs

    def tell(self, runs: Iterable[tuple[Run, float]], jobs: int) -> str:
        """Write the time until all are done, and whether it is a guess.

        Args:
            runs (Iterable[tuple[Run, float]]): As for :meth:`remaining`.
            jobs (int): Processes at it.

        Returns:
            str: Such as '2.5 h'.
        """
        seconds = self.remaining(runs, jobs)
        text = duration(seconds)
        if seconds and not self._seconds:
            text += ' (estimate for two CPU cores: no run has finished)'
        return text


def guess_seconds(cfg: Config) -> float | None:
    """Guess how long a config trains on two CPU cores, without reading data.

    Args:
        cfg (Config): The config.

    Returns:
        float | None: Seconds of the whole schedule, without validation and
        early stopping; None where the speed is not known.
    """
    loader = cfg.train_dataloader
    found = _images_and_rate(loader.dataset)
    if found is None:
        return None
    images, rate = found
    if 'max_iters' in cfg.train_cfg:
        images = cfg.train_cfg.max_iters * loader.batch_size
    else:
        images *= cfg.train_cfg.max_epochs
    model = cfg.model
    if model.get('data_preprocessor', {}).get('strong_view'):
        images *= 2
    if model.type == 'MultiNetworkClassifier':
        images *= len(model.head.classes)
    return images / rate


def _images_and_rate(node: Mapping[str, Any]) -> tuple[float, float] | None:
    """Return the images that a dataset has, and how many pass in a second."""
    if 'datasets' in node:
        parts = [_images_and_rate(child) for child in node['datasets']]
        known = [part for part in parts if part is not None]
        if len(known) < len(parts):
            return None
        images = sum(number for number, _ in known)
        return images, min(rate for _, rate in known)
    if 'dataset' in node:
        found = _images_and_rate(node['dataset'])
    elif node.get('type') == 'MedMNIST':
        number = _MEDMNIST.get(str(node.get('name')))
        found = (number, _MEDMNIST_RATE) if number else None
    else:
        found = _READERS.get(str(node.get('type')))
    if found is None:
        return None
    images, rate = found
    if node.get('part'):
        images /= node['part'][1]
    limits = (node.get('num_samples'), node.get('indices'))
    return min([images, *(n for n in limits if isinstance(n, int))]), rate


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)


def duration(seconds: float | None) -> str:
    """Write a time for people.

    Args:
        seconds (float, optional): None: not known.

    Returns:
        str: In seconds, minutes, hours or days.

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
