"""The file that keeps which labels of a data set were hidden."""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np


def save_mask(
    path: str,
    kept: np.ndarray,
    settings: Mapping[str, Any],
    classes: Sequence[str],
    scores: np.ndarray,
) -> None:
    """Write a mask, with what it was made from.

    Args:
        path (str): ``.npz`` file; its folder is made.
        kept (ndarray): bool (N, C), True where the label stays.
        settings (Mapping[str, Any]): What it was made with.
        classes (Sequence[str]): Names of the C columns.
        scores (ndarray): float32 (N, C), the labels before.
    """
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    # Whole or not at all: several processes may write the same file.
    part = f'{path}.{os.getpid()}.part'
    with open(part, 'wb') as file:
        np.savez_compressed(
            file,
            kept=kept,
            settings=json.dumps(dict(settings)),
            classes=np.array(classes, dtype=str),
            labels=_digest(scores),
        )
    os.replace(part, path)


def load_mask(
    path: str,
    settings: Mapping[str, Any],
    classes: Sequence[str],
    scores: np.ndarray,
) -> np.ndarray | None:
    """Read a mask, if it is there and belongs to these labels.

    Args:
        path (str): ``.npz`` file.
        settings (Mapping[str, Any]): What it should have been made with.
        classes (Sequence[str]): Names of the C columns.
        scores (ndarray): float32 (N, C), the labels before.

    Returns:
        ndarray | None: bool (N, C); None where there is no file.

    Raises:
        ValueError: If the file is no mask, or another one.
    """
    if not os.path.exists(path):
        return None
    try:
        with np.load(path, allow_pickle=False) as file:
            kept = file['kept']
            found = dict(
                settings=json.loads(str(file['settings'])),
                classes=file['classes'].tolist(),
                labels=str(file['labels']),
            )
    except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile) as e:
        raise ValueError(f'{path} is no mask of labels: {e!r}') from e
    expected = dict(
        settings=dict(settings), classes=list(classes), labels=_digest(scores)
    )
    for what, value in found.items():
        if value != expected[what]:
            raise ValueError(
                f'the mask {path} was made for other {what}: found {value}, '
                f'expected {expected[what]}. Name another file, or remove it'
            )
    return kept


def _digest(scores: np.ndarray) -> str:
    """Tell label tables apart, without keeping the labels themselves."""
    data = np.ascontiguousarray(scores, dtype=np.float32)
    text = hashlib.blake2b(data.tobytes(), digest_size=8).hexdigest()
    return f'{data.shape} {text}'
