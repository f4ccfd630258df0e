"""Find the decision thresholds of a model."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

from mmengine.logging import print_log

from mmda.report.thresholds import other_model, read_thresholds, threshold_path
from mmda.structures import nearest


def find_thresholds(
    checkpoint: str | Path,
    classes: Sequence[str],
    given: Mapping[str, float] | str | Path | None = None,
) -> dict[str, float]:
    """Find the thresholds that were chosen for a checkpoint.

    Args:
        checkpoint (str | Path): The checkpoint.
        classes (Sequence[str]): The classes of the model.
        given (Mapping[str, float] | str | Path, optional): Thresholds by
            class, or a file that ``mmda thresholds`` wrote. Defaults to the
            file beside the checkpoint, if there is one.

    Returns:
        dict[str, float]: Class -> threshold in [0, 1]. A class without a
        threshold is left out.

    Raises:
        FileNotFoundError: If the file does not exist.
        ValueError: If a threshold names an unknown class or is not in [0, 1];
            or if the file beside the checkpoint was made for another
            checkpoint. Another file may be: a warning says so.
    """
    if given is None:
        beside = threshold_path(checkpoint)
        given = beside if beside.is_file() else {}
    if not isinstance(given, Mapping):
        if not Path(given).is_file():
            raise FileNotFoundError(f'there are no thresholds {given}')
        path, given = Path(given), read_thresholds(given)
        _check_origin(path, checkpoint)
    for name, value in given.items():
        if name not in classes:
            raise ValueError(
                f'the model has no class {name!r}{nearest(name, classes)}'
            )
        if not 0 <= value <= 1:
            raise ValueError(
                f'threshold of {name!r}: found {value}, expected 0 to 1'
            )
    return dict(given)


def _check_origin(path: Path, checkpoint: str | Path) -> None:
    other = other_model(path, checkpoint)
    if not other:
        return
    if path != threshold_path(checkpoint):
        # The user named this file, for example for folded weights.
        print_log(f'thresholds {path}: {other}', level=logging.WARNING)
        return
    raise ValueError(
        f'thresholds {path}: {other}. Choose new thresholds with '
        'mmda thresholds, or remove the file'
    )
