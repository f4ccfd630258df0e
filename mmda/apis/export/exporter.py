"""Export a checkpoint, and compare the file with the trained model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import torch

from mmda.files import replacing

from .exportable import Exportable, open_exportable
from .formats import (
    Run,
    write_onnx,
    write_torch_export,
    write_torchscript,
)
from .hub_folder import write_hub_folder
from .packages import SUFFIXES, check_packages

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
    thresholds: Mapping[str, float] | str | Path | None = None,
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
        thresholds (Mapping[str, float] | str | Path, optional): See
            :func:`~mmda.apis.thresholds.find_thresholds`. The pixels of a
            segmentor have the threshold of its head.
        size (Sequence[int], optional): Height and width of the images, see
            :func:`~mmda.apis.export.pipeline.input_size`.
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
    found = open_exportable(str(checkpoint), thresholds, size, unsafe_load)
    out, compared = Path(out), {}
    with ExitStack() as files:
        if form == 'hf':
            runs = write_hub_folder(files, out, found)
        else:
            part = files.enter_context(replacing(out))
            write = _WRITERS[form]
            runs = {
                out.name: write(found.model, found.batch(), found.facts, part)
            }
        for name, run in runs.items():
            compared[name] = _compare(found, run, name)
    return compared


@torch.no_grad()
def _compare(found: Exportable, run: Run, name: str) -> float:
    """Return how much a file differs from the model, at two sizes of batch.

    The host normalises the pixels itself. So the comparison covers the whole
    way from the pixels to the probabilities.
    """
    generator = torch.Generator().manual_seed(0)
    largest = 0.0
    for num in _BATCHES:
        shape = (num, *found.batch().shape[1:])
        image = torch.randint(0, 256, shape, generator=generator).float()
        answers = run(image)
        expected = found.model.host_answer(found.trained, image)
        if answers.shape != expected.shape:
            raise ValueError(
                f'{name} gives answers of the shape {tuple(answers.shape)}, '
                f'the model {tuple(expected.shape)}'
            )
        gap = float((answers - expected).abs().max())
        if not gap <= TOLERANCE:  # NaN fails the comparison
            raise ValueError(
                f'{name} gives other probabilities than the model for {num} '
                f'images: they differ by up to {gap:.1g}, expected at most '
                f'{TOLERANCE:g}. The exporter of torch does not follow a part '
                'of this model; try another --format'
            )
        largest = max(largest, gap)
    return largest
