"""Write and read the predictions of a test. Nothing in the file can run."""

from __future__ import annotations

import json
import logging
import pickle
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.logging import print_log

from mmda.engine.checkpoint import UNSAFE_HINT
from mmda.evaluation.metrics.label_metric import LabelMetric, read_answers
from mmda.files import replacing

from .predictions import Predictions, collect_predictions

_EXPECTED = 'expected what `mmda test --out FILE.npz` writes'
# A file system may hold names that are no UTF-8.
_NAMES = dict(encoding='utf-8', errors='surrogateescape')
_COLUMNS = ('source', 'sample_idx', 'img_path', 'patient_id')


class DumpPredictions(LabelMetric):
    """Write answers and labels of a test as numbers and text.

    The file is a NumPy archive with ``score`` and ``target``, float32 (N, C),
    NaN where not annotated, and ``about``: JSON in UTF-8 with the classes, the
    source, index, path and patient of each image, and the facts about the
    test.

    Args:
        out_file_path (str): Ends with '.npz'.
        run (Mapping): Facts about the test: ``checkpoint``, ``digest`` and
            ``split``.
        collect_device (str): 'cpu' or 'gpu'. Defaults to 'cpu'.
    """

    default_prefix = 'predictions'
    marks_untrained = True

    def __init__(self, out_file_path: str, run: Mapping[str, Any]) -> None:
        super().__init__()
        self.out_file_path = out_file_path
        self.run = dict(run)

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Keep answers, labels and origin of one batch.

        Args:
            data_batch (Any): Not used.
            data_samples (Sequence[dict]): With ``pred_score`` (C,), and with
                ``gt_score`` (C,) or a stock ``gt_label``.
        """
        for sample in data_samples:
            origin = [sample.get(key) for key in _COLUMNS]
            self.results.append((*read_answers(sample), origin))

    def compute_metrics(self, results: list) -> dict[str, float]:
        """Write the predictions of all ranks.

        Args:
            results (list): What :meth:`process` kept.

        Returns:
            dict[str, float]: Empty.
        """
        scores, targets, origins = zip(*results, strict=True)
        classes = None
        if (self.dataset_meta or {}).get('classes') is not None:
            classes = self.class_names(len(scores[0]))
        columns = zip(*origins, strict=True)
        about = dict(
            classes=classes,
            untrained_classes=self.untrained,
            images=dict(zip(_COLUMNS, columns, strict=True)),
            run=self.run,
        )
        text = json.dumps(about, ensure_ascii=False, default=_plain)
        with (
            replacing(self.out_file_path) as part,
            part.open('wb') as file,
        ):
            np.savez_compressed(
                file,
                score=np.stack(scores),
                target=np.stack(targets),
                about=np.frombuffer(text.encode(**_NAMES), np.uint8),
            )
        print_log(f'predictions lie in {self.out_file_path}', 'current')
        return {}


def _plain(value: Any) -> Any:
    """Turn a number or an array of NumPy, or a path, into a plain value."""
    return value.tolist() if hasattr(value, 'tolist') else str(value)


def load_predictions(
    path: str | Path,
    classes: Sequence[str] | None = None,
    unsafe_load: bool = False,
) -> Predictions:
    """Read the predictions of a test.

    Args:
        path (str | Path): File that ``mmda test --out FILE.npz`` wrote.
        classes (Sequence[str], optional): Class names. Defaults to the names
            in the file, or to the indices of the classes.
        unsafe_load (bool): Whether to read a pickle, too: what mmengine's
            ``DumpResults`` wrote. It can run any code. Defaults to False.

    Returns:
        Predictions: In the order of the file. A class that the checkpoint did
        not know is not annotated.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file holds no predictions, is empty, holds an image
            twice, or has other classes.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f'there are no predictions {path}')
    is_archive = zipfile.is_zipfile(path)
    if not is_archive and not unsafe_load:
        raise ValueError(
            f'{path} is no NumPy archive: {_EXPECTED}. A pickle (.pkl) can '
            f'run code. {UNSAFE_HINT}'
        )
    read = _read_archive if is_archive else _read_pickle
    try:
        samples, about = read(path)
    except Exception as error:  # a broken file raises any kind
        raise ValueError(f'{path}: {_EXPECTED} ({error!r:.200})') from error
    if not isinstance(samples, list) or not samples:
        found = 'an empty list' if samples == [] else type(samples).__name__
        raise ValueError(f'{path}: found {found}, {_EXPECTED}')
    stored = about.get('classes')
    if classes and stored and list(classes) != list(stored):
        raise ValueError(
            f'{path} has the classes {tuple(stored)}, expected '
            f'{tuple(classes)}'
        )
    return collect_predictions(samples, classes or stored, str(path))


def _read_archive(path: Path) -> tuple[list[dict], dict]:
    with np.load(path, allow_pickle=False) as arrays:
        score, target = arrays['score'], arrays['target']
        about = json.loads(arrays['about'].tobytes().decode(**_NAMES))
    if score.ndim != 2 or score.shape != target.shape:
        raise ValueError(f'score is {score.shape}, target {target.shape}')
    if {score.dtype.kind, target.dtype.kind} != {'f'}:
        raise ValueError(f'score is {score.dtype}, target {target.dtype}')
    score, target = score.astype(np.float32), target.astype(np.float32)
    _check_kinds(about)
    unknown = about['untrained_classes']
    if unknown:
        target[:, np.isin(about['classes'], unknown)] = np.nan
        print_log(
            f'{path}: the checkpoint does not know the classes {unknown}; '
            'their answers do not count',
            'current',
            logging.WARNING,
        )
    columns = [about['images'][key] for key in _COLUMNS]
    origins = zip(*columns, strict=True)
    return [
        dict(
            zip(_COLUMNS, origin, strict=True),
            pred_score=answers,
            gt_score=labels,
            run=about['run'],
        )
        for answers, labels, origin in zip(score, target, origins, strict=True)
    ], about


def _check_kinds(about: dict) -> None:
    run = about['run']
    if not isinstance(run, dict) or not all(
        value is None or isinstance(value, str) for value in run.values()
    ):
        raise ValueError(f'run: found {run!r:.80}, expected facts as text')
    classes = about['classes']
    if classes is not None and not (
        isinstance(classes, list) and all(isinstance(c, str) for c in classes)
    ):
        raise ValueError(f'classes: found {classes!r:.80}, expected names')
    for key in _COLUMNS:
        kinds = (str,) if key == 'img_path' else (str, int, float)
        for value in about['images'][key]:
            if value is not None and not isinstance(value, kinds):
                raise ValueError(f'images.{key}: found {value!r:.80}')


def _read_pickle(path: Path) -> tuple[Any, dict]:
    with path.open('rb') as file:
        return pickle.load(file), {}
