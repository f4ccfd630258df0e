"""Write a model in a format that PyTorch or ONNX Runtime reads."""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from .facts import INPUT, OUTPUT
from .pixel_model import PixelModel

#: The lowest opset that the exporter of torch writes without a conversion.
OPSET = 18
#: Name of the facts inside of a TorchScript file and of a .pt2 file.
FACTS_FILE = 'mmda.json'

#: Takes images, float32 (N, C, H, W), and returns probabilities.
Run = Callable[[Tensor], Tensor]
#: Writes model, example batch and facts to a path, and reads the file back.
Write = Callable[[PixelModel, Tensor, Mapping[str, Any], Path], Run]


def write_onnx(
    model: PixelModel, batch: Tensor, facts: Mapping[str, Any], path: Path
) -> Run:
    """Write ONNX with the facts as metadata, one JSON text per key.

    Args:
        model (PixelModel): The model.
        batch (Tensor): At least two images.
        facts (Mapping[str, Any]): Values of JSON.
        path (Path): The file.

    Returns:
        Callable: Runs the file with ONNX Runtime.
    """
    import onnxruntime

    with _quiet():
        program: Any = torch.onnx.export(
            model,
            (batch,),
            input_names=[INPUT],
            output_names=[OUTPUT],
            opset_version=OPSET,
            dynamic_shapes=_any_batch(),
            dynamo=True,
            verbose=False,
        )
    for key, value in dict(facts, opset=OPSET).items():
        program.model.metadata_props[key] = to_json(value)
    path.write_bytes(program.model_proto.SerializeToString())
    session = onnxruntime.InferenceSession(
        path, providers=['CPUExecutionProvider']
    )
    return lambda image: torch.from_numpy(
        session.run([OUTPUT], {INPUT: image.numpy()})[0]
    )


def write_torchscript(
    model: PixelModel, batch: Tensor, facts: Mapping[str, Any], path: Path
) -> Run:
    """Write TorchScript with the facts in an extra file.

    Args:
        model (PixelModel): See :func:`write_onnx`.
        batch (Tensor): See there.
        facts (Mapping[str, Any]): See there.
        path (Path): See there.

    Returns:
        Callable: Runs the file.
    """
    with _quiet():
        traced = torch.jit.trace(model, batch, check_trace=False)
        extra = {FACTS_FILE: to_json(facts)}
        # Through memory: torch gives no reason if a disk is full.
        buffer = BytesIO()
        torch.jit.save(traced, buffer, _extra_files=extra)
        path.write_bytes(buffer.getvalue())
        return torch.jit.load(path)


def write_torch_export(
    model: PixelModel, batch: Tensor, facts: Mapping[str, Any], path: Path
) -> Run:
    """Write a program of ``torch.export`` with the facts in an extra file.

    Args:
        model (PixelModel): See :func:`write_onnx`.
        batch (Tensor): See there.
        facts (Mapping[str, Any]): See there.
        path (Path): See there.

    Returns:
        Callable: Runs the file.
    """
    with _quiet():
        program = torch.export.export(
            model, (batch,), dynamic_shapes=_any_batch()
        )
        extra = {FACTS_FILE: to_json(facts)}
        buffer = BytesIO()
        torch.export.save(program, buffer, extra_files=extra)
        path.write_bytes(buffer.getvalue())
        return torch.export.load(path).module()


def to_json(value: Any) -> str:
    """Return a value as one line of JSON.

    Args:
        value (Any): Values of JSON.

    Returns:
        str: The text, in Unicode.

    Raises:
        ValueError: If a number is NaN or infinite.
    """
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _any_batch() -> dict[str, dict[int, Any]]:
    # The name of the argument of `PixelModel.forward`.
    return dict(image={0: torch.export.Dim('batch')})


@contextmanager
def _quiet() -> Iterator[None]:
    """Leave out what torch says about its own future and its passes."""
    names = ('torch.onnx', 'onnxscript', 'onnx_ir')
    loggers = [logging.getLogger(name) for name in names]
    levels = [logger.level for logger in loggers]
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        try:
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)
