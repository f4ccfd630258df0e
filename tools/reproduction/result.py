"""The result of one run: a file that is there only when the test is done."""

from __future__ import annotations

import json
import math
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from .table import Recipe

NAME = 'result.json'


@dataclass(frozen=True)
class Run:
    """A recipe with a seed, and where it is kept.

    Attributes:
        recipe (Recipe): What is trained.
        seed (int): Of the run.
        content (str): See ``fingerprint``.
        root (str): Folder of all runs.
        quick (bool): Whether it is cut down to seconds.
    """

    recipe: Recipe
    seed: int
    content: str
    root: str
    quick: bool = False

    @property
    def folder(self) -> Path:
        """Path: Of this run; the same for every table that shows it."""
        config = self.recipe.config.removesuffix('.py')
        seed = f'seed_{self.seed}'
        return Path(self.root, config, self.recipe.changes, seed)

    def __str__(self) -> str:
        return f'{self.recipe} seed {self.seed}'


@dataclass
class Result:
    """What came out of a run.

    Attributes:
        content (str): Fingerprint of the config that was trained.
        seed (int): Of the run.
        metrics (dict[str, float]): Of the test, in %; empty if diverged.
        seconds (float): Training and test.
        checkpoint (str): File that was tested, in the folder of the run.
        diverged (str): Why there is no result, such as a loss that is NaN, or
            ''.
        resumed (bool): Whether it went on after an interruption, and so saw
            other random numbers than a run in one piece.
        device (str): That it ran on.
    """

    content: str
    seed: int
    metrics: dict[str, float]
    seconds: float
    checkpoint: str = ''
    diverged: str = ''
    resumed: bool = False
    device: str = 'cpu'


def write_result(folder: Path, result: Result) -> None:
    """Write a result; the file is whole or not there.

    Args:
        folder (Path): Of the run.
        result (Result): What came out. NaN is written as null.
    """
    plain = asdict(result)
    plain['metrics'] = {
        key: value if math.isfinite(value) else None
        for key, value in result.metrics.items()
    }
    text = json.dumps(plain, indent=2, allow_nan=False)
    partial = folder / (NAME + '.partial')
    with open(partial, 'w', encoding='utf-8') as file:
        file.write(text + '\n')
        file.flush()
        os.fsync(file.fileno())
    os.replace(partial, folder / NAME)


def read_result(folder: Path) -> Result | None:
    """Read the result of a run.

    Args:
        folder (Path): Of the run.

    Returns:
        Result | None: None where there is none.

    Raises:
        ValueError: If the file is not one of these.
    """
    path = folder / NAME
    if not path.is_file():
        return None
    try:
        result = Result(**json.loads(path.read_text(encoding='utf-8')))
    except (ValueError, TypeError) as error:
        raise ValueError(
            f'{path} is no result of a run ({error}): remove it to run again'
        ) from error
    result.metrics = {
        key: math.nan if value is None else value
        for key, value in result.metrics.items()
    }
    return result


def finished(run: Run) -> Result | None:
    """Return the result of a run that need not be run again.

    Args:
        run (Run): The run.

    Returns:
        Result | None: None where there is none, or one of another config.
    """
    result = read_result(run.folder)
    if result is None or result.content != run.content:
        return None
    return result
