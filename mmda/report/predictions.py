"""The predictions of a test, and how those of two tests match."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Any

import numpy as np
import torch

from mmda.structures import score_of


@dataclass(frozen=True)
class Predictions:
    """Answers and labels of N images.

    Attributes:
        name (str): Name of the file, for messages.
        classes (tuple[str, ...]): C names.
        score (ndarray): float32 (N, C), probabilities.
        target (ndarray): float32 (N, C), NaN where not annotated.
        keys (tuple): N identities of images: source and index, or path.
        paths (tuple): N paths, or None.
        sources (tuple): N names of sources, or None.
        patients (tuple): N ids, or None.
        named (bool): False if the names of the classes are their indices.
        run (dict | None): ``checkpoint``, ``digest`` and ``split`` of the
            test; None if the file does not say it.
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


def collect_predictions(
    samples: Sequence[dict], classes: Sequence[str] | None, name: str
) -> Predictions:
    """Stack the samples of a test.

    Args:
        samples (Sequence[dict]): With ``pred_score``, and with ``gt_score``
            or ``gt_label``. They may have ``source``, ``sample_idx``,
            ``img_path`` and ``patient_id``.
        classes (Sequence[str], optional): Class names.
        name (str): Name of the file, for messages.

    Returns:
        Predictions: In the order given.

    Raises:
        ValueError: If a sample holds no prediction, if an image is there
            twice, or if there are other classes.

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
                f'{name}, image {row}: no `pred_score`; expected the '
                'predictions of whole images'
            )
        scores.append(_to_array(sample['pred_score']))
        if scores[-1].ndim != 1 or scores[-1].shape != scores[0].shape:
            raise ValueError(
                f'{name}, image {row}: `pred_score` has the shape '
                f'{scores[-1].shape}, expected one answer per class'
            )
        try:
            targets.append(_to_array(score_of(sample, len(scores[-1]))))
        except ValueError as error:
            raise ValueError(f'{name}, image {row}: {error}') from error
    keys = _identify(samples, name)
    num_classes = len(scores[0])
    names = tuple(classes or map(str, range(num_classes)))
    if len(names) != num_classes:
        raise ValueError(
            f'{name} has {num_classes} answers per image, expected '
            f'{len(names)}, one for each class of {names}'
        )
    paths, sources, patients = (
        tuple(sample.get(key) for sample in samples)
        for key in ('img_path', 'source', 'patient_id')
    )
    return Predictions(
        name,
        names,
        np.stack(scores),
        np.stack(targets),
        tuple(keys),
        paths,
        sources,
        patients,
        named=bool(classes),
        run=samples[0].get('run'),
    )


def _to_array(values: Any) -> np.ndarray:
    return torch.as_tensor(values).float().cpu().numpy()


def _identify(samples: Sequence[dict], name: str) -> list[tuple]:
    """Return an identity of each image that every test of it gives."""
    keys: list[tuple] = []
    for row, sample in enumerate(samples):
        index = sample.get('sample_idx')
        image = sample.get('img_path') if index is None else index
        keys.append((sample.get('source'), row if image is None else image))
    twice = _repeated(keys)
    paths = [str(sample.get('img_path') or '') for sample in samples]
    if twice and all(paths):
        # Two sources without a name both count from 0. Their paths tell them
        # apart: below the common folder, paths are equal on all machines.
        root = os.path.commonpath([os.path.dirname(path) for path in paths])
        keys = [
            (*key, os.path.relpath(path, root)) if key in twice else key
            for key, path in zip(keys, paths, strict=True)
        ]
        twice = _repeated(keys)
    if twice:
        raise ValueError(f'{name}: image {_say(twice[0])} occurs twice')
    return keys


def _repeated(keys: Sequence[tuple]) -> list[tuple]:
    return [key for key, num in Counter(keys).items() if num > 1]


def match_predictions(first: Predictions, other: Predictions) -> Predictions:
    """Put a second file of predictions into the order of the first file.

    Two images are the same if their source and index (or path) are equal. If
    both files have paths, these must agree, too. The root folders may differ,
    but each source must have one root folder per file. An entry counts as
    annotated if both files annotate it.

    Args:
        first (Predictions): Sets the order.
        other (Predictions): Has the same images.

    Returns:
        Predictions: ``other``, in the order of ``first``.

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
    paths = tuple(other.paths[i] for i in order)
    roots: dict[str | None, tuple] = {}
    for row, (own, theirs) in enumerate(zip(first.paths, paths, strict=True)):
        if not own or not theirs:
            continue
        root = _roots(own, theirs)
        same_name = PurePath(own).name == PurePath(theirs).name
        if not same_name or roots.setdefault(first.sources[row], root) != root:
            raise ValueError(
                f'{names} hold different images: {_say(first.keys[row])} is '
                f'{own} in the first and {theirs} in the second'
            )
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
        paths=paths,
        sources=first.sources,
        patients=first.patients,
    )


def _roots(first: str, second: str) -> tuple[tuple, tuple]:
    """Return two paths without the parts at their ends that are equal."""
    own, theirs = list(PurePath(first).parts), list(PurePath(second).parts)
    while own and theirs and own[-1] == theirs[-1]:
        own.pop()
        theirs.pop()
    return tuple(own), tuple(theirs)


def _say(key: tuple) -> str:
    source, image, *path = key
    image = f'{image} ({path[0]})' if path else image
    return f'{image}' if source is None else f'{image} of {source}'
