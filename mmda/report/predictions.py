"""Predictions of a test run, read back from the file it wrote."""

from __future__ import annotations

import os
import pickle
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import Any

import numpy as np
import torch
from mmpretrain.structures import label_to_onehot

_EXPECTED = 'expected what `tools/test.py --out FILE.pkl` writes'


@dataclass(frozen=True)
class Predictions:
    """Answers and annotations of N images.

    Attributes:
        name (str): Name of the file, for messages.
        classes (tuple[str, ...]): C names.
        score (ndarray): float32 (N, C), probabilities.
        target (ndarray): float32 (N, C), NaN where not annotated.
        keys (tuple): N identities of images: source and index, or path.
        paths (tuple): N paths or None.
        sources (tuple): N names or None.
        patients (tuple): N ids or None.
        named (bool): Whether the classes have names, not indices.
        run (dict | None): ``checkpoint``, ``digest`` and ``split``; None for
            a file of another tool.
    """

    name: str
    classes: tuple[str, ...]
    score: np.ndarray
    target: np.ndarray
    keys: tuple
    paths: tuple
    sources: tuple
    patients: tuple
    named: bool = True
    run: dict | None = None

    def __len__(self) -> int:
        return len(self.score)


def load_predictions(
    path: str | Path, classes: Sequence[str] | None = None
) -> Predictions:
    """Read the predictions of a test run.

    Args:
        path (str | Path): Pickle file, written by ``tools/test.py --out``.
        classes (Sequence[str], optional): Class names, which the file does
            not have. Defaults to their indices.

    Returns:
        Predictions: In the order of the file.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no file of predictions, is empty, holds an image
            twice, or has another number of classes.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f'there are no predictions {path}')
    try:
        with path.open('rb') as file:
            samples = pickle.load(file)
    # Text can look like anything, for instance like the name of a module.
    except Exception as error:
        raise ValueError(f'{path}: {_EXPECTED} ({error})') from error
    if not isinstance(samples, list) or not samples:
        found = 'an empty list' if samples == [] else type(samples).__name__
        raise ValueError(f'{path}: found {found}, {_EXPECTED}')
    return collect_predictions(samples, classes, str(path))


def collect_predictions(
    samples: Sequence[dict], classes: Sequence[str] | None, name: str
) -> Predictions:
    """Stack the samples of a test run.

    Args:
        samples (Sequence[dict]): With ``pred_score`` and ``gt_score`` or
            ``gt_label``; of ``source``, ``sample_idx``, ``img_path`` and
            ``patient_id`` what there is.
        classes (Sequence[str], optional): Class names.
        name (str): Where they come from, for messages.

    Returns:
        Predictions: In the order given.

    Raises:
        ValueError: See :func:`load_predictions`.

    Examples:
        >>> found = collect_predictions(
        ...     [dict(pred_score=torch.tensor([.9, .1]), gt_label=[0],
        ...           img_path='a.png')], ['cat', 'dog'], 'test.pkl')
        >>> found.target, found.keys
        (array([[1., 0.]], dtype=float32), ((None, 'a.png'),))
    """
    scores, targets = [], []
    for row, sample in enumerate(samples):
        if not isinstance(sample, dict) or 'pred_score' not in sample:
            raise ValueError(
                f'{name}, image {row}: no `pred_score`; {_EXPECTED}'
            )
        scores.append(_to_array(sample['pred_score']))
        targets.append(
            _target(sample, len(scores[-1]), f'{name}, image {row}')
        )
    keys = _identify(samples, name)
    num_classes = len(scores[0])
    names = tuple(classes or map(str, range(num_classes)))
    if len(names) != num_classes:
        raise ValueError(
            f'{name} has {num_classes} answers per image, expected '
            f'{len(names)}, one per class of {names}'
        )
    columns = {
        field: tuple(sample.get(key) for sample in samples)
        for field, key in (
            ('paths', 'img_path'),
            ('sources', 'source'),
            ('patients', 'patient_id'),
        )
    }
    return Predictions(
        name,
        names,
        np.stack(scores),
        np.stack(targets),
        tuple(keys),
        **columns,
        named=bool(classes),
        run=samples[0].get('run'),
    )


def _identify(samples: Sequence[dict], name: str) -> list[tuple]:
    """Return what tells the images apart, the same in every test of them."""
    keys: list[tuple] = []
    for row, sample in enumerate(samples):
        index = sample.get('sample_idx')
        image = sample.get('img_path') if index is None else index
        keys.append((sample.get('source'), row if image is None else image))
    seen = Counter(keys)
    twice = {key for key, num in seen.items() if num > 1}
    paths = [str(sample.get('img_path') or '') for sample in samples]
    if twice and all(paths):
        # Sources without a name count from 0 each; below their common folder
        # the paths do not depend on where the data lie.
        root = os.path.commonpath([os.path.dirname(path) for path in paths])
        keys = [
            (*key, os.path.relpath(path, root)) if key in twice else key
            for key, path in zip(keys, paths, strict=True)
        ]
        twice = {key for key, num in Counter(keys).items() if num > 1}
    if twice:
        first = next(key for key in keys if key in twice)
        raise ValueError(f'{name}: image {_say(first)} occurs twice')
    return keys


def match_predictions(first: Predictions, other: Predictions) -> Predictions:
    """Put a second file of predictions into the order of the first.

    Images are the same if source and index (or path) are, and, where both
    files have paths, these too: only the root may differ, in the same way for
    all images of a source. An entry that one of the two does not
    annotate is not annotated in the result.

    Args:
        first (Predictions): Sets the order.
        other (Predictions): Of the same images.

    Returns:
        Predictions: ``other``, its images in the order of ``first``.

    Raises:
        ValueError: If the images, the classes or the annotations differ.
    """
    names = f'{first.name} and {other.name}'
    if first.classes != other.classes:
        raise ValueError(
            f'{names} have different classes: {first.classes} and '
            f'{other.classes}'
        )
    rows = {key: row for row, key in enumerate(other.keys)}
    missing = [key for key in first.keys if key not in rows]
    extra = set(other.keys) - set(first.keys)
    if missing or extra:
        example = missing[0] if missing else min(extra, key=str)
        raise ValueError(
            f'{names} hold different images: {len(missing)} of {len(first)} '
            f'are only in the first, {len(extra)} of {len(other)} only in the '
            f'second, such as {_say(example)}; test both on the same data'
        )
    order = np.array([rows[key] for key in first.keys])
    _check_paths(first, other, order)
    target = other.target[order]
    conflict = np.abs(first.target - target) > 1e-6  # NaN: no conflict
    if conflict.any():
        row, column = np.argwhere(conflict)[0]
        raise ValueError(
            f'{names} disagree about {_say(first.keys[row])}, class '
            f'{first.classes[column]!r}: annotated as '
            f'{first.target[row, column]:g} and {target[row, column]:g}'
        )
    target[np.isnan(first.target)] = np.nan
    return replace(
        other,
        score=other.score[order],
        target=target,
        keys=first.keys,
        paths=tuple(other.paths[i] for i in order),
        sources=first.sources,
        patients=first.patients,
    )


def _check_paths(
    first: Predictions, other: Predictions, order: np.ndarray
) -> None:
    roots: dict[str | None, tuple] = {}
    for row, position in enumerate(order):
        own, theirs = first.paths[row], other.paths[position]
        if not own or not theirs:
            continue
        root = _roots(own, theirs)
        same_name = PurePath(own).name == PurePath(theirs).name
        if same_name and roots.setdefault(first.sources[row], root) == root:
            continue
        raise ValueError(
            f'{first.name} and {other.name} hold different images: '
            f'{_say(first.keys[row])} is {own} in the first and {theirs} '
            'in the second'
        )


def _roots(first: str, second: str) -> tuple[tuple, tuple]:
    """Return what is left of two paths without their common end."""
    own, theirs = PurePath(first).parts, PurePath(second).parts
    num = 0
    for a, b in zip(reversed(own), reversed(theirs), strict=False):
        if a != b:
            break
        num += 1
    return own[: len(own) - num], theirs[: len(theirs) - num]


def _target(sample: dict, num_classes: int, where: str) -> np.ndarray:
    if 'gt_score' in sample:
        return _to_array(sample['gt_score'])
    if 'gt_label' not in sample:
        raise ValueError(f'{where}: neither `gt_score` nor `gt_label`')
    label = torch.as_tensor(sample['gt_label'], dtype=torch.int64)
    return _to_array(label_to_onehot(label.reshape(-1), num_classes))


def _to_array(values: Any) -> np.ndarray:
    return torch.as_tensor(values).float().cpu().numpy()


def _say(key: tuple) -> str:
    source, image, *path = key
    image = f'{image} ({path[0]})' if path else image
    return f'{image}' if source is None else f'{image} of {source}'
