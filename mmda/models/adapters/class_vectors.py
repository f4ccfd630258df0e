"""Start the task encodings of an adapter from a vector of each class."""

from __future__ import annotations

import csv
import json
import logging
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import torch
from mmengine.logging import print_log
from mmengine.registry import WEIGHT_INITIALIZERS
from torch import nn

from mmda.structures import nearest

from .dynamic_adapter import DynamicAdapter

_SUFFIXES = ('.csv', '.json', '.npz')
# What a reader raises for a file of another form.
_BROKEN = (ValueError, TypeError, KeyError, csv.Error, BadZipFile)
# Two vectors with a cosine above it point in one direction.
_EQUAL = 1 - 1e-6


@WEIGHT_INITIALIZERS.register_module()
class ClassVectors:
    r"""Initialise the task encodings of a :class:`DynamicAdapter`.

    .. math::
        q = (\hat V \hat V^T)^{1/2}

    Row i of :math:`\hat V` is the vector of class i from the file, with
    length 1. So the similarity of two questions is the cosine of the two
    vectors: :math:`q q^T = \hat V \hat V^T`. The vectors may have any
    dimension; q has (n, n) entries as always, and a checkpoint can be loaded,
    grown and folded as always. With orthogonal vectors q is the identity, the
    start without a file.

    Use it as ``init_cfg`` of the classifier of a head. The file is read once,
    when a training starts. A checkpoint needs no file.

    Args:
        file (str): ``.csv`` with a header and one row per class: the name,
            then the numbers. ``.json``: one object, name -> list. ``.npz``:
            the arrays ``classes`` (N,), text, and ``vectors`` (N, d). Classes
            that the adapter does not have are ignored.

    Raises:
        ValueError: If the suffix is another one.

    Examples:
        >>> init_cfg = dict(type='ClassVectors', file='vectors.csv')
        >>> classifier = dict(type='DynamicAdapter', init_cfg=init_cfg)
        >>> head = dict(type='DynamicAdapterHead', classifier=classifier)
    """

    def __init__(self, file: str) -> None:
        if Path(file).suffix not in _SUFFIXES:
            raise ValueError(
                f'file of ClassVectors: found {file!r}, expected a name that '
                f'ends in one of {_SUFFIXES}'
            )
        self.file = file

    def __call__(self, module: nn.Module) -> None:
        """Write the task encodings.

        Args:
            module (Module): A :class:`DynamicAdapter` with ``classes``.

        Raises:
            FileNotFoundError: If there is no such file.
            TypeError: If the module has no task encodings.
            ValueError: If the adapter has no names of classes, and as
                :func:`read_class_vectors` and :func:`similarity`.
        """
        if not isinstance(module, DynamicAdapter):
            raise TypeError(
                f'ClassVectors: found {type(module).__name__}, expected a '
                'DynamicAdapter: other modules have no task encodings'
            )
        if module.classes is None:
            raise ValueError(
                'ClassVectors needs the names: expected `classes` of the head'
            )
        vectors = read_class_vectors(self.file)
        cosine = similarity(vectors, module.classes, self.file)
        values, columns = np.linalg.eigh(cosine)
        root = (columns * np.sqrt(values.clip(min=0))) @ columns.T
        with torch.no_grad():
            module.task_encoding.copy_(torch.from_numpy(root))
        others = cosine[~np.eye(len(cosine), dtype=bool)]
        if len(others):
            print_log(
                f'task encodings from {self.file}: the cosine of two classes '
                f'is {others.mean():.2f} on average, {others.max():.2f} at '
                'most',
                logger='current',
                level=logging.INFO,
            )


def read_class_vectors(path: str) -> dict[str, np.ndarray]:
    """Read a file of vectors; see :class:`ClassVectors`.

    Args:
        path (str): The file.

    Returns:
        dict[str, ndarray]: Name of a class -> float64 (d,).

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file has another form, a class twice, vectors of
            different lengths, or a number that is not finite.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f'ClassVectors: no file {path}')
    found: dict[str, np.ndarray] = {}
    try:
        for name, numbers in _rows(path):
            if name in found:
                raise ValueError(f'found class {name!r} twice')
            found[name] = np.array(numbers, dtype=np.float64)
            if found[name].ndim != 1 or not found[name].size:
                raise ValueError(f'{name!r} has no list of numbers')
            if not np.isfinite(found[name]).all():
                raise ValueError(f'{name!r} has a number that is not finite')
        sizes = {name: len(vector) for name, vector in found.items()}
        for name, size in sizes.items():
            first = next(iter(sizes))
            if size != sizes[first]:
                raise ValueError(
                    f'{name!r} has {size} numbers, and {first!r} has '
                    f'{sizes[first]}'
                )
    except _BROKEN as error:
        raise ValueError(
            f'{path}: {error}; expected one vector of each class'
        ) from error
    return found


def _rows(path: str) -> Iterable[tuple[str, Any]]:
    if path.endswith('.npz'):
        with np.load(path, allow_pickle=False) as arrays:
            names = arrays['classes'].tolist()
            return list(zip(names, arrays['vectors'], strict=True))
    with open(path, encoding='utf-8-sig', newline='') as file:
        if path.endswith('.json'):
            return json.load(file, object_pairs_hook=list)
        rows = [row for row in csv.reader(file, strict=True) if row][1:]
        return [(name, [*map(float, cells)]) for name, *cells in rows]


def similarity(
    vectors: dict[str, np.ndarray], classes: Sequence[str], path: str
) -> np.ndarray:
    """Compute the cosine of the vectors of each two classes.

    Args:
        vectors (dict[str, ndarray]): Name of a class -> (d,).
        classes (Sequence[str]): C names.
        path (str): The file of the vectors, for messages.

    Returns:
        ndarray: float64 (C, C).

    Raises:
        ValueError: If a class has no vector, if its vector is 0, or if the
            vectors of two classes have one direction.

    Examples:
        >>> vectors = dict(a=np.array([3, 0]), b=np.array([.6, .8]))
        >>> similarity(vectors, ['a', 'b'], 'vectors.csv').round(2)
        array([[1. , 0.6],
               [0.6, 1. ]])
    """
    for name in classes:
        if name not in vectors:
            raise ValueError(
                f'{path}: no vector of class {name!r}{nearest(name, vectors)}'
            )
        if not vectors[name].any():
            raise ValueError(f'{path}: the vector of class {name!r} is 0')
    rows = np.stack([vectors[name] for name in classes])
    rows = rows / np.abs(rows).max(axis=1, keepdims=True)  # no overflow
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    cosine = rows @ rows.T
    equal = np.argwhere(np.triu(cosine, 1) > _EQUAL)
    if len(equal):
        names = sorted({classes[i] for i in equal.ravel().tolist()})
        raise ValueError(
            f'{path}: the vectors of {names} do not differ, expected another '
            'direction for each class'
        )
    return cosine
