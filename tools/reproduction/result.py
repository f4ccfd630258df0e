"""The result of a run: a file that exists only after the test has finished."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path

from mmda.files import json_values, write_text

from .table import Recipe

NAME = 'result.json'


@dataclass(frozen=True)
class Run:
    """A recipe with a seed, and the folder of the run.

    Attributes:
        recipe (Recipe): The training.
        seed (int): Seed of the training and of the draws of images.
        content (str): Fingerprint of the config.
        root (str): Folder of all runs.
        quick (bool): Whether the training is shortened to seconds.
    """

    recipe: Recipe
    seed: int
    content: str
    root: str
    quick: bool = False

    @property
    def folder(self) -> Path:
        """Path: Folder of the run. All tables that show it share it."""
        config = self.recipe.config.removesuffix('.py')
        seed = f'seed_{self.seed}'
        return Path(self.root, config, self.recipe.changes, seed)

    def __str__(self) -> str:
        return f'{self.recipe} seed {self.seed}'


@dataclass
class Result:
    """The result of a run.

    Attributes:
        content (str): Fingerprint of the config that was trained.
        seed (int): Seed of the run.
        metrics (dict[str, float]): Metrics of the test, in %. Empty if the
            training diverged.
        seconds (float): Time of training and test.
        checkpoint (str): Name of the file that was tested. The file lies in
            the folder of the run.
        diverged (str): Why the training diverged, such as a loss of NaN. ''
            if it did not.
        resumed (bool): Whether the run continued after an interruption. Such
            a run saw other random numbers than a run in one piece.
        device (str): The device of the run.
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
    """Write a result. The file is complete, or it does not exist.

    Args:
        folder (Path): Folder of the run.
        result (Result): The result. NaN is written as null.
    """
    text = json.dumps(json_values(asdict(result)), indent=2, allow_nan=False)
    write_text(folder / NAME, text + '\n')


def read_result(folder: Path) -> Result | None:
    """Read the result of a run.

    Args:
        folder (Path): Folder of the run.

    Returns:
        Result | None: None if there is no result.

    Raises:
        ValueError: If the file does not hold a result.
    """
    path = folder / NAME
    if not path.is_file():
        return None
    try:
        result = Result(**json.loads(path.read_text(encoding='utf-8')))
    except (ValueError, TypeError) as error:
        raise ValueError(
            f'{path} does not hold the result of a run ({error}): remove the '
            'file to run again'
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
        Result | None: None if there is no result, or if the result is that of
        another config.
    """
    result = read_result(run.folder)
    return result if result and result.content == run.content else None
