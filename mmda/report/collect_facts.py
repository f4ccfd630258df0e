"""Collect the facts about a run from its runner."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.runner import Runner
from torch import nn

from mmda.engine.checkpoint import load_checkpoint
from mmda.engine.hooks.check_label_space_hook import inner_model
from mmda.engine.hooks.check_weights_hook import load_weights

from .checkpoint_record import checkpoint_record
from .class_relations import cosine_similarity, task_encodings
from .class_rows import add_intervals, has_several_images_of_a_patient
from .image_answers import ImageAnswer, ImageAnswers, to_predictions
from .run_facts import RunFacts
from .thresholds import (
    choose_thresholds,
    other_model,
    read_thresholds,
    threshold_path,
)

_PACKAGES = ('mmda', 'mmengine', 'mmcv', 'mmpretrain', 'mmseg', 'torch')


@dataclass
class Evaluation:
    """One pass over validation or test images.

    Attributes:
        when (str): Such as 'validation, epoch 6'.
        metrics (dict[str, float]): Metrics by key.
        answers (ImageAnswers): The answers of this rank.
        dataset (Any): The images.
        indices (list[int]): Positions of the images of this rank.
        meta (Mapping): What the metrics know of the data.
    """

    when: str
    metrics: dict[str, float]
    answers: ImageAnswers
    dataset: Any
    indices: list[int]
    meta: Mapping[str, Any]

    def rows(self) -> list[ImageAnswer]:
        """Join the answers of all ranks. Every rank must call this."""
        return self.answers.gather(self.indices, len(self.dataset))


def collect_facts(
    runner: Runner,
    kind: str,
    monitor: str,
    history: Mapping[str, Any],
    checkpoint: str | None,
    evaluation: Evaluation | None,
    rows: Sequence[ImageAnswer],
) -> RunFacts:
    """Collect what needs no image and no label.

    Args:
        runner (Runner): The runner, at the end of the run.
        kind (str): 'training' or 'test'.
        monitor (str): Key of the main metric.
        history (Mapping): ``log_scalars`` and ``runtime_info`` of the message
            hub of the training.
        checkpoint (str, optional): Path of the weights.
        evaluation (Evaluation, optional): What the page shows.
        rows (Sequence[ImageAnswer]): The answers of all ranks.

    Returns:
        RunFacts: Without labels, relations and wrong images.
    """
    info = history.get('runtime_info') or {}
    meta = evaluation.meta if evaluation is not None else {}
    classes = tuple(meta.get('classes') or ())
    if not classes and rows and rows[0].score is not None:
        classes = tuple(map(str, range(len(rows[0].score))))
    name = Path(runner.cfg.filename).stem if runner.cfg.filename else ''
    facts = RunFacts(
        name or runner.experiment_name,
        kind,
        evaluation.when if evaluation is not None else 'not evaluated',
        monitor,
        classes,
        about=_about(runner, checkpoint),
        versions=_versions(),
        config=runner.cfg.pretty_text,
        metrics=dict(evaluation.metrics) if evaluation is not None else {},
        best=_numbers(info.get('best_metrics')),
        scalars=_scalars(history.get('log_scalars')),
        num_images=len(rows),
        positives=_counts(info.get('positives_per_source')),
        sampled=tuple(map(str, info.get('sampled_sources') or ())),
        unknown=tuple(meta.get('untrained_classes', ())),
        pixels=hasattr(inner_model(runner.model), 'decode_head'),
    )
    facts.predictions = to_predictions(rows, classes, facts.when)
    if facts.predictions is not None:
        unknown = np.isin(classes, facts.unknown)
        facts.predictions.target[:, unknown] = np.nan
        facts.metrics = add_intervals(
            facts.metrics, facts.predictions, facts.prefix
        )
        _note_patients(facts)
        _add_thresholds(facts, checkpoint)
    return facts


def _note_patients(facts: RunFacts) -> None:
    found = facts.predictions
    uses_delong = not any(k.endswith('/bootstrap_low') for k in facts.metrics)
    if found is not None and facts.prefix == 'auc' and uses_delong:
        if has_several_images_of_a_patient(found):
            facts.notes.append(
                "The intervals are DeLong's, which takes images as "
                'independent. Some patients have several images, so the '
                'intervals are too short: set bootstrap=1000 in the metric'
            )


def _add_thresholds(facts: RunFacts, checkpoint: str | None) -> None:
    """Choose thresholds on validation images, or read them for a test."""
    assert facts.predictions is not None
    path = threshold_path(checkpoint or '-')
    try:
        if facts.kind == 'training':
            found = choose_thresholds(facts.predictions)['classes']
            values = {k: entry['threshold'] for k, entry in found.items()}
            facts.thresholds = {
                k: v for k, v in values.items() if v is not None
            }
            facts.thresholds_from = (
                "Chosen on the same validation images (Youden's index), so "
                'sensitivity and specificity are a little too good. '
                'mmda thresholds writes thresholds beside the checkpoint'
            )
        elif checkpoint is None or not path.is_file():
            facts.thresholds_from = (
                'There are no thresholds beside the checkpoint: mmda '
                'thresholds chooses them on validation images'
            )
        elif problem := other_model(path, checkpoint):
            facts.thresholds_from = f'{path.name} is not used: {problem}'
        else:
            facts.thresholds = read_thresholds(path)
            facts.thresholds_from = f'From {path.name}'
    except ValueError as error:
        facts.thresholds_from = f'No thresholds: {error}'


def _about(runner: Runner, checkpoint: str | None) -> dict[str, str]:
    device = next(inner_model(runner.model).parameters()).device
    is_cuda = device.type == 'cuda'
    hardware = torch.cuda.get_device_name(device) if is_cuda else device.type
    about = {}
    if checkpoint:
        about['checkpoint'] = checkpoint.rpartition('/')[2]
        if Path(checkpoint).is_file():
            about['digest'] = str(checkpoint_record(checkpoint)['digest'])
    now = datetime.now().astimezone()
    about['finished'] = now.isoformat(' ', 'seconds')
    about['seed'] = str(runner.seed)
    about['device'] = f'{hardware}, {runner.world_size} process(es)'
    return about


def _versions() -> dict[str, str]:
    """Return the versions of the packages that the run has imported."""
    modules = {name: sys.modules.get(name) for name in (*_PACKAGES, 'numpy')}
    return {'Python': platform.python_version()} | {
        name: str(getattr(module, '__version__', '?'))
        for name, module in modules.items()
        if module is not None
    }


def _numbers(found: Any) -> dict[str, float]:
    """Keep the numbers of a dict that a checkpoint may have brought."""
    if not isinstance(found, dict):
        return {}
    return {
        str(k): float(v)
        for k, v in found.items()
        if isinstance(v, (int, float))
    }


def _counts(found: Any) -> dict[str, dict[str, int]] | None:
    """Keep counts of positives by class and source."""
    if not isinstance(found, dict):
        return None
    return {
        str(name): {
            str(source): int(count)
            for source, count in entry.items()
            if isinstance(count, int)
        }
        for name, entry in found.items()
        if isinstance(entry, dict)
    }


def _scalars(found: Any) -> dict[str, np.ndarray]:
    scalars = {}
    for key, buffer in (found or {}).items():
        values = np.asarray(getattr(buffer, 'data', [[]])[0])
        if values.ndim == 1 and values.dtype.kind in 'iuf':
            scalars[str(key)] = values
    return scalars


def add_relations(facts: RunFacts, model: nn.Module) -> None:
    """Add the similarity of the task encodings, if the model has any.

    Args:
        facts (RunFacts): Gets ``similarity``.
        model (Module): With the weights that the page is about.
    """
    encodings = task_encodings(model)
    if encodings is None or len(encodings) != len(facts.classes):
        return
    known = ~np.isin(facts.classes, facts.unknown)
    encodings = np.where(known[:, None], encodings, np.nan)
    facts.similarity = cosine_similarity(encodings)


@contextmanager
def weights_of(model: nn.Module, path: str | None) -> Iterator[None]:
    """Give a model the weights of a checkpoint in this block.

    Args:
        model (Module): The model. It has its own weights again afterwards.
        path (str, optional): The checkpoint. None changes nothing.
    """
    if path is None:
        yield
        return
    before = {k: v.detach().clone() for k, v in model.state_dict().items()}
    try:
        load_weights(model, load_checkpoint(path), path)
        yield
    finally:
        model.load_state_dict(before)
