"""Turn a checkpoint into a model that can be exported."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config, ConfigDict
from mmengine.registry import MODELS
from torch import Tensor, nn

from mmda.engine.checkpoint import checkpoint_loading, load_checkpoint
from mmda.report.checkpoint_record import checkpoint_record

from ..config import classes_of, find_pipeline
from ..fold_checkpoint import fold_checkpoint, read_config, trained_model
from ..inference_model import find_positives, find_sampled
from ..thresholds import find_thresholds
from .facts import label_facts, model_facts, plain
from .pipeline import input_size, pixel_range
from .pixel_model import PixelModel


@dataclass(frozen=True)
class Exportable:
    """A trained model and what a file holds of it.

    Attributes:
        trained (Module): The model as it was trained, in evaluation mode.
        model (PixelModel): The same answers, folded where this is possible.
        config (Config): ``default_scope``, ``model`` and ``test_pipeline`` of
            the folded model.
        state (dict[str, Tensor]): The weights of the folded model.
        facts (dict[str, Any]): What a file says of the model, as values of
            JSON.
    """

    trained: nn.Module
    model: PixelModel
    config: Config
    state: dict[str, Tensor]
    facts: dict[str, Any]

    def batch(self) -> Tensor:
        """Return two black images, from which torch learns the shapes."""
        return torch.zeros(2, *self.facts['input']['shape'][1:])


def open_exportable(
    name: str,
    thresholds: Mapping[str, float] | str | Path | None = None,
    size: Sequence[int] | None = None,
    unsafe_load: bool = False,
) -> Exportable:
    """Read a checkpoint; see :func:`~mmda.apis.export.export_model`.

    Args:
        name (str): The checkpoint.
        thresholds (Mapping[str, float] | str | Path, optional): See there.
        size (Sequence[int], optional): See there.
        unsafe_load (bool): See there.

    Returns:
        Exportable: The model.
    """
    content = load_checkpoint(name, unsafe_load=unsafe_load)
    meta = content.get('meta') or {}
    training = read_config(meta, name, unsafe_load)
    config, stock = fold_checkpoint(content, name, unsafe_load, as_is=True)
    classes = config.get('classes') or classes_of(training)
    if not classes:
        raise ValueError(f'{name} does not name its classes')
    host = build_model(config, unsafe_load)
    host.load_state_dict(stock['state_dict'])
    trained = trained_model(training, content, classes, name, unsafe_load)
    rules = getattr(getattr(trained, 'head', None), 'rules', None)
    model = PixelModel(host.eval(), len(classes), rules).eval()
    # A folded config has the loader of a host, which takes 8 bits.
    pipeline = find_pipeline(training.get('test_dataloader'))
    facts = dict(
        model_facts(
            model,
            classes,
            input_size(config, model, size),
            _thresholds(model, classes, name, thresholds),
        ),
        **label_facts(
            training,
            classes,
            find_positives(content, name),
            find_sampled(content, name),
        ),
        pixel_range=pixel_range(pipeline),
        pipeline=plain(pipeline, 'test_pipeline'),
        **checkpoint_record(name),
    )
    return Exportable(
        trained.eval(), model, config, stock['state_dict'], facts
    )


def _thresholds(
    model: PixelModel,
    classes: Sequence[str],
    name: str,
    given: Mapping[str, float] | str | Path | None,
) -> dict[str, float]:
    """Return the threshold of each class."""
    if model.is_segmentor:
        if given is not None:
            raise ValueError(
                'thresholds are for answers about images: expected none for '
                'a segmentor, whose head has its own `thr`'
            )
        return dict.fromkeys(classes, model.pixel_threshold)
    thr = getattr(model.model.head, 'thr', None)
    default = dict.fromkeys(classes, 0.5 if thr is None else float(thr))
    return default | find_thresholds(name, classes, given)


def build_model(
    config: Mapping[str, Any], unsafe_load: bool = False
) -> nn.Module:
    """Build a model.

    Args:
        config (Mapping): ``default_scope`` and ``model``.
        unsafe_load (bool): Whether weights that a part loads may run code.
            Defaults to False.

    Returns:
        Module: The model, without trained weights.
    """
    scope = config['default_scope']
    with (
        checkpoint_loading(unsafe_load),  # a part may load weights, too
        MODELS.switch_scope_and_registry(scope) as registry,
    ):
        return registry.build(ConfigDict(copy.deepcopy(config['model'])))
