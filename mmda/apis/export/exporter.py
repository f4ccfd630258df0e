"""Export a checkpoint, and compare the file with the trained model."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from torch import Tensor

from mmda.engine.checkpoint import load_checkpoint
from mmda.engine.hooks.check_label_space_hook import head_classes
from mmda.files import replacing
from mmda.report.checkpoint_record import checkpoint_record

from ..fold_checkpoint import fold_checkpoint, read_config
from ..inference_model import find_positives
from ..thresholds import find_thresholds
from .facts import label_facts, model_facts, plain
from .formats import (
    Run,
    write_onnx,
    write_torch_export,
    write_torchscript,
)
from .hub_folder import build_model, write_hub_folder
from .input_size import input_size
from .packages import SUFFIXES, check_packages
from .pixel_model import PixelModel

#: Largest difference of a probability between the file and the model.
TOLERANCE = 1e-5
_BATCHES = (1, 3)
_WRITERS = {
    'onnx': write_onnx,
    'torchscript': write_torchscript,
    'torch-export': write_torch_export,
}


def export_model(
    checkpoint: str | Path,
    out: str | Path,
    form: str = 'onnx',
    thresholds: dict[str, float] | str | Path | None = None,
    size: Sequence[int] | None = None,
    unsafe_load: bool = False,
) -> dict[str, float]:
    """Write a trained model as a file that needs no mmda.

    An adapter is folded first. A model without an adapter, or with one that
    cannot be folded, is written as it is. The file takes pixels and returns
    probabilities. It is written only if it answers as the model does.

    Args:
        checkpoint (str | Path): Checkpoint of ``mmda train`` or
            ``mmda fold``.
        out (str | Path): The file, or for 'hf' the folder. Old files are
            replaced.
        form (str): 'onnx', 'torchscript', 'torch-export' or 'hf' (a folder
            for the Hugging Face Hub). Defaults to 'onnx'.
        thresholds (dict[str, float] | str | Path, optional): See
            :func:`~mmda.apis.thresholds.find_thresholds`. The pixels of a
            segmentor have the threshold of its head.
        size (Sequence[int], optional): Height and width of the images, see
            :func:`~mmda.apis.export.input_size.input_size`.
        unsafe_load (bool): Whether the checkpoint may hold more than data.
            Such a file can run any code. Defaults to False.

    Returns:
        dict[str, float]: By name of the file, the largest difference of a
        probability between the file and the model.

    Raises:
        FileNotFoundError: If checkpoint or thresholds do not exist.
        ImportError: If a package of the format is missing.
        ValueError: If the checkpoint holds no model that can be exported, or
            if the file answers in another way.
    """
    if form not in SUFFIXES:
        raise ValueError(f'found {form!r}, expected one of {list(SUFFIXES)}')
    check_packages(form)
    model, config, state, facts = _describe(
        str(checkpoint), thresholds, size, unsafe_load
    )
    shape = facts['input']['shape'][1:]
    batch = torch.zeros(2, *shape)
    with ExitStack() as files:
        if form == 'hf':
            runs = write_hub_folder(
                files, Path(out), config, state, model, batch, facts
            )
        else:
            part = files.enter_context(replacing(out))
            run = _WRITERS[form](model, batch, facts, part)
            runs = {Path(out).name: run}
        return {
            name: _compare(model, run, name, shape)
            for name, run in runs.items()
        }


def _describe(
    name: str,
    thresholds: dict[str, float] | str | Path | None,
    size: Sequence[int] | None,
    unsafe_load: bool,
) -> tuple[PixelModel, Config, dict[str, Tensor], dict[str, Any]]:
    """Return the model, its config and weights, and what a file says of it."""
    content = load_checkpoint(name, unsafe_load=unsafe_load)
    meta = content.get('meta') or {}
    training = read_config(meta.get('cfg'), name, unsafe_load)
    config, stock = fold_checkpoint(content, name, unsafe_load, as_is=True)
    host = build_model(config)
    host.load_state_dict(stock['state_dict'])
    classes = config.get('classes') or head_classes(host)[1]
    if not classes:
        raise ValueError(f'{name} does not name its classes')
    model = PixelModel(host.eval(), len(classes)).eval()
    facts = dict(
        model_facts(
            model,
            classes,
            input_size(config, model, size),
            _thresholds(model, classes, name, thresholds),
        ),
        **label_facts(training, classes, find_positives(content, name)),
        pipeline=plain(config.get('test_pipeline'), 'test_pipeline'),
        **checkpoint_record(name),
    )
    return model, config, stock['state_dict'], facts


def _thresholds(
    model: PixelModel,
    classes: Sequence[str],
    name: str,
    given: dict[str, float] | str | Path | None,
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


@torch.no_grad()
def _compare(
    model: PixelModel, run: Run, name: str, shape: Sequence[int]
) -> float:
    """Return how much a file differs from the host, at two sizes of batch.

    The host normalises the pixels itself. So the comparison covers the whole
    way from the pixels to the probabilities.
    """
    generator = torch.Generator().manual_seed(0)
    largest = 0.0
    for num in _BATCHES:
        image = torch.randint(0, 256, (num, *shape), generator=generator)
        image = image.float()
        found, expected = run(image), model.host_answer(image)
        if found.shape != expected.shape:
            raise ValueError(
                f'{name} gives answers of the shape {tuple(found.shape)}, the '
                f'model {tuple(expected.shape)}'
            )
        largest = max(largest, float((found - expected).abs().max()))
    if not largest <= TOLERANCE:  # NaN fails the comparison
        raise ValueError(
            f'{name} gives other probabilities than the model: they differ by '
            f'up to {largest:.1g}, expected at most {TOLERANCE:g}'
        )
    return largest
