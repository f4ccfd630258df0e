"""Write a folder for the Hugging Face Hub."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path

from torch import nn

from mmda.files import replacing

from .card import model_card
from .exportable import Exportable, build_model
from .facts import plain
from .formats import Run, write_onnx
from .pixel_model import PixelModel

#: The files of the folder.
WEIGHTS, CONFIG, CARD = 'model.safetensors', 'config.json', 'README.md'
ONNX = 'model.onnx'


def write_hub_folder(
    files: ExitStack, folder: Path, found: Exportable
) -> dict[str, Run]:
    """Write weights, config, page and ONNX file of a model.

    Args:
        files (ExitStack): It puts the files in place when it is left.
        folder (Path): The folder. Other files in it stay.
        found (Exportable): The model.

    Returns:
        dict[str, Callable]: By file, what runs the model that was read back.

    Raises:
        ValueError: If the config holds values that JSON has not.
    """
    from safetensors.torch import load_file, save

    parts = {
        name: files.enter_context(replacing(folder / name))
        for name in (WEIGHTS, CONFIG, CARD, ONNX)
    }
    text = _config_text(found)
    parts[CONFIG].write_text(text, encoding='utf-8')
    # safetensors refuses two names of one memory, and views of a tensor.
    own = {key: value.detach().clone() for key, value in found.state.items()}
    parts[WEIGHTS].write_bytes(save(own, metadata=dict(format='pt')))
    read = build_model(json.loads(text)['openmmlab'])
    read.load_state_dict(load_file(parts[WEIGHTS]))
    scope = found.config.default_scope
    card = model_card(
        folder.resolve().name, found.facts, scope, uses_mmda(read)
    )
    parts[CARD].write_text(card, encoding='utf-8')
    return {
        WEIGHTS: PixelModel(
            read.eval(), found.model.num_classes, found.model.rules
        ),
        ONNX: write_onnx(found.model, found.batch(), found.facts, parts[ONNX]),
    }


def _config_text(found: Exportable) -> str:
    facts, config = found.facts, found.config
    classes = facts['classes']
    content = dict(
        architectures=[config.model.type],
        id2label=dict(enumerate(classes)),
        label2id={name: index for index, name in enumerate(classes)},
        num_labels=len(classes),
        mmda=facts,
        openmmlab=dict(
            default_scope=config.default_scope,
            model=plain(config.model, 'model'),
            test_pipeline=plain(config.get('test_pipeline'), 'test_pipeline'),
        ),
    )
    if found.model.activation == 'sigmoid' and not found.model.is_segmentor:
        content['problem_type'] = 'multi_label_classification'
    return (
        json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
        + '\n'
    )


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
