"""What the test pipeline says of the images that a model gets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import Compose
from mmengine.registry import TRANSFORMS

from mmda.datasets import LoadMedicalImage

from ..errors import describe
from ..images import as_sample
from .pixel_model import PixelModel, new_sample

# A pipeline that keeps the shape of an image shows itself at two shapes.
_TRIALS = ((96, 128), (128, 96))


def input_size(
    config: Config, model: PixelModel, size: Sequence[int] | None = None
) -> tuple[int, int]:
    """Return height and width of the images that the network gets.

    Args:
        config (Config): Config with ``model`` and ``test_pipeline``.
        model (PixelModel): The model.
        size (Sequence[int], optional): Height and width that the user wants.
            Defaults to the size of the test pipeline, or to the window of a
            segmentor that slides a window over an image.

    Returns:
        tuple[int, int]: Height and width.

    Raises:
        ValueError: If the pipeline gives images of several sizes, or if the
            preprocessor of the model would pad the images.
    """
    test_cfg = config.model.get('test_cfg') or {}
    if size is None and test_cfg.get('mode') == 'slide':
        size = test_cfg['crop_size']
    if size is None:
        size = _pipeline_size(config)
    height, width = (int(n) for n in size)
    pixels = torch.zeros(model.channels, height, width, dtype=torch.uint8)
    sample = new_sample(model.is_segmentor, (height, width))
    data = dict(inputs=[pixels], data_samples=[sample])
    padded = tuple(model.model.data_preprocessor(data)['inputs'].shape[2:])
    if padded != (height, width):
        raise ValueError(
            f'the data preprocessor of the model pads images of {height} x '
            f'{width} to {padded[0]} x {padded[1]}: expected --size '
            f'{padded[0]} {padded[1]}'
        )
    return height, width


def _pipeline_size(config: Config) -> tuple[int, int]:
    steps = [
        step
        for step in config.get('test_pipeline') or []
        if not _name(step).startswith('Load')
    ]
    scope = config.get('default_scope') or 'mmpretrain'
    try:
        with TRANSFORMS.switch_scope_and_registry(scope) as registry:
            pipeline = Compose([registry.build(step) for step in steps])
        shapes = [_output_shape(pipeline, trial) for trial in _TRIALS]
    # A transform can need more than an image, and can raise anything.
    except Exception as error:
        raise ValueError(
            'the test pipeline of the checkpoint does not run on a plain '
            f'image ({describe(error)}): expected --size HEIGHT WIDTH'
        ) from error
    if shapes[0] != shapes[1]:
        raise ValueError(
            f'the test pipeline gives images of several sizes: {shapes} from '
            f'{list(_TRIALS)}. A file has one size: expected --size HEIGHT '
            'WIDTH'
        )
    return shapes[0]


def _output_shape(pipeline: Compose, shape: tuple[int, int]) -> Any:
    """Return the size of an image behind a pipeline."""
    sample = pipeline(as_sample(np.zeros((*shape, 3), np.uint8)))
    height, width = sample['inputs'].shape[-2:]
    return height, width


def pixel_range(pipeline: Sequence[Any] | None) -> dict[str, Any]:
    """Say which values of an image file become black (0) and white (255).

    Args:
        pipeline (Sequence[dict], optional): The test pipeline of the training.

    Returns:
        dict[str, Any]: ``policy``, and the other settings of
        :class:`~mmda.datasets.LoadMedicalImage` about the range. The policy
        of a stock loader, which takes files of 8 bits, is 'bit_depth'.

    Examples:
        >>> load = dict(type='LoadMedicalImage', pixel_range=(0, 4095))
        >>> pixel_range([load])['policy']
        [0, 4095]
    """
    first = dict(pipeline[0]) if pipeline else {}
    if _name(first) != LoadMedicalImage.__name__:
        return dict(policy='bit_depth', bits=8)
    first.pop('type')
    loader = LoadMedicalImage(**first)
    policy = loader.pixel_range
    return dict(
        policy=policy if isinstance(policy, str) else list(policy),
        bits=loader.bits,
        percentiles=list(loader.percentiles),
    )


def _name(step: Any) -> str:
    """Return the type of a transform without its scope."""
    return str(step.get('type')).rpartition('.')[2]
