"""Write a folder for the Hugging Face Hub."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from mmengine.config import Config, ConfigDict
from mmengine.registry import MODELS
from torch import Tensor, nn

from mmda.files import replacing

from .card import model_card
from .facts import plain
from .formats import Run, write_onnx
from .pixel_model import PixelModel

#: The files of the folder.
WEIGHTS, CONFIG, CARD = 'model.safetensors', 'config.json', 'README.md'
ONNX = 'model.onnx'


def write_hub_folder(
    files: ExitStack,
    folder: Path,
    config: Config,
    state: Mapping[str, Tensor],
    model: PixelModel,
    batch: Tensor,
    facts: Mapping[str, Any],
) -> dict[str, Run]:
    """Write weights, config, page and ONNX file of a model.

    Args:
        files (ExitStack): It puts the files in place when it is left.
        folder (Path): The folder. Other files in it stay.
        config (Config): Config of the model, with ``default_scope``,
            ``model`` and ``test_pipeline``.
        state (Mapping[str, Tensor]): Weights of the model.
        model (PixelModel): The same model.
        batch (Tensor): At least two images.
        facts (Mapping[str, Any]): Values of JSON.

    Returns:
        dict[str, Callable]: By file, what runs the model that was read back.

    Raises:
        ValueError: If the config holds values that JSON has not.
    """
    from safetensors.torch import load_file, save_file

    parts = {
        name: files.enter_context(replacing(folder / name))
        for name in (WEIGHTS, CONFIG, CARD, ONNX)
    }
    scope = config.default_scope
    content = dict(
        architectures=[config.model.type],
        id2label=dict(enumerate(facts['classes'])),
        label2id={name: i for i, name in enumerate(facts['classes'])},
        num_labels=len(facts['classes']),
        mmda=facts,
        openmmlab=dict(
            default_scope=scope,
            model=plain(config.model, 'model'),
            test_pipeline=plain(config.test_pipeline, 'test_pipeline'),
        ),
    )
    if facts['output']['activation'] == 'sigmoid' and not model.is_segmentor:
        content['problem_type'] = 'multi_label_classification'
    text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
    parts[CONFIG].write_text(text + '\n', encoding='utf-8')
    # safetensors refuses two names of one memory, and views of a tensor.
    own = {key: value.detach().clone() for key, value in state.items()}
    save_file(own, parts[WEIGHTS], metadata=dict(format='pt'))
    read = build_model(json.loads(text)['openmmlab'])
    read.load_state_dict(load_file(parts[WEIGHTS]))
    card = model_card(folder.resolve().name, facts, scope, uses_mmda(read))
    parts[CARD].write_text(card, encoding='utf-8')
    return {
        WEIGHTS: PixelModel(read.eval(), model.num_classes),
        ONNX: write_onnx(model, batch, facts, parts[ONNX]),
    }


def build_model(config: Mapping[str, Any]) -> nn.Module:
    """Build a model.

    Args:
        config (Mapping): ``default_scope`` and ``model``.

    Returns:
        Module: The model, without trained weights.
    """
    scope = config['default_scope']
    with MODELS.switch_scope_and_registry(scope) as registry:
        return registry.build(ConfigDict(copy.deepcopy(config['model'])))


def uses_mmda(model: nn.Module) -> bool:
    """Say whether a part of a model is a part of mmda.

    Args:
        model (Module): The model.

    Returns:
        bool: False for a model that its host alone can build.
    """
    return any(
        type(part).__module__.partition('.')[0] == 'mmda'
        for part in model.modules()
    )
