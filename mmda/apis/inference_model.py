"""A trained model with all that its answers need to be read."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import Compose
from mmengine.registry import MODELS, init_default_scope
from mmengine.runner import CheckpointLoader
from mmpretrain.registry import TRANSFORMS
from PIL import Image
from torch import nn
from torch.nn.modules.utils import consume_prefix_in_state_dict_if_present

from mmda.report.label_report import positives_per_source

from .cli import check_checkpoint, check_device
from .config import load_config
from .pixels import to_bgr

_LOADERS = ('LoadImageFromFile', 'mmcv.LoadImageFromFile')


@dataclass
class TrainedModel:
    """A model, its classes and where they come from.

    Attributes:
        model (ImageClassifier): In evaluation mode, on ``device``.
        classes (tuple[str, ...]): The label space.
        pipeline (Callable): Takes a dict with ``img_path`` or ``img``.
        positives (dict | None): Class -> source -> positives in training;
            None where neither checkpoint nor work directory says.
        default_threshold (float): The head's.
    """

    model: Any
    classes: tuple[str, ...]
    pipeline: Callable[[dict], dict]
    positives: dict[str, dict[str, int]] | None
    default_threshold: float

    @torch.no_grad()
    def answer(self, batch: Sequence[dict]) -> np.ndarray:
        """Answer all questions about images.

        Args:
            batch (Sequence[dict]): What ``pipeline`` made of N images.

        Returns:
            ndarray: float32 (N, C), probabilities.
        """
        inputs = [sample['inputs'] for sample in batch]
        samples = [sample['data_samples'] for sample in batch]
        found = self.model.test_step(dict(inputs=inputs, data_samples=samples))
        return torch.stack([s.pred_score for s in found]).cpu().numpy()


def as_sample(image: str | np.ndarray | Image.Image) -> dict:
    """Return what the pipeline takes.

    Args:
        image (str | ndarray | PIL.Image): Path, or pixels as
            :func:`~mmda.apis.pixels.to_bgr` takes them.

    Returns:
        dict: With ``img_path``, or ``img`` and its shape.
    """
    if isinstance(image, str):
        return dict(img_path=image)
    pixels = to_bgr(image)
    shape = pixels.shape[:2]
    return dict(img=pixels, img_shape=shape, ori_shape=shape)


def load_model(
    config: str | Path | Config,
    checkpoint: str | Path,
    device: str = 'cpu',
    cfg_options: dict[str, Any] | None = None,
) -> TrainedModel:
    """Load a trained model.

    Args:
        config (str | Path | Config): Its config.
        checkpoint (str | Path): Its weights.
        device (str): Such as 'cpu' or 'cuda:0'. Defaults to 'cpu'.
        cfg_options (dict, optional): Changes of the config.

    Returns:
        TrainedModel: Ready to answer.

    Raises:
        FileNotFoundError: If config or checkpoint is not there.
        ValueError: If the checkpoint is not one of this model, the config has
            no test pipeline or is none of classification, nothing says which
            classes there are, or there is no such device.
    """
    cfg = (
        config
        if isinstance(config, Config)
        else load_config(str(config), cfg_options)
    )
    check_checkpoint(str(checkpoint), 'checkpoint')
    check_device(device)
    if 'decode_head' in cfg.model:
        raise ValueError(
            'the config is one of segmentation; expected one of '
            'classification, whose model answers about whole images '
            '(for pixels: tools/test.py CONFIG CKPT --show-dir DIR)'
        )
    init_default_scope(cfg.get('default_scope') or 'mmpretrain')
    model = MODELS.build(cfg.model)
    content = _load_weights(model, str(checkpoint))
    classes = getattr(getattr(model, 'head', None), 'classes', None)
    if classes is None:
        meta = content.get('meta', {}).get('dataset_meta') or {}
        classes = meta.get('classes')
    if classes is None:
        raise ValueError(
            f'neither model.head.classes nor {checkpoint} says which classes '
            'there are'
        )
    return TrainedModel(
        model.to(device).eval(),
        tuple(classes),
        _FromPathOrPixels(test_pipeline(cfg)),
        _find_positives(content, Path(str(checkpoint)).parent),
        _default_threshold(model),
    )


def _load_weights(model: nn.Module, path: str) -> dict:
    """Fill a model and return the checkpoint; no weight may stay random."""
    try:
        content = CheckpointLoader.load_checkpoint(path, map_location='cpu')
    except (
        pickle.UnpicklingError,
        RuntimeError,
        EOFError,
        KeyError,
        ValueError,
    ) as error:
        raise ValueError(
            f'{path} is no checkpoint: {type(error).__name__}, '
            f'{str(error).splitlines()[:1]}'
        ) from error
    state = content
    if isinstance(content, dict):
        state = content.get('state_dict', content)
    if not isinstance(state, dict):
        raise ValueError(
            f'{path} is no checkpoint: expected a dict of weights, found '
            f'{type(state).__name__}'
        )
    # DistributedDataParallel puts it before the names; mmengine strips it.
    consume_prefix_in_state_dict_if_present(state, 'module.')
    try:
        missing, unknown = model.load_state_dict(state, strict=False)
    except RuntimeError as error:  # torch's word for other shapes
        other = [
            f'{key} is {tuple(state[key].shape)}, not {tuple(weight.shape)}'
            for key, weight in model.state_dict().items()
            if key in state and state[key].shape != weight.shape
        ]
        raise ValueError(
            f'{path} does not fit the model of the config: '
            f'{"; ".join(other[:3]) or error}'
        ) from error
    missing = [k for k in missing if not k.endswith('num_batches_tracked')]
    if missing:
        found = f'; it has {unknown[:3]} instead' if unknown else ''
        raise ValueError(
            f'{path} does not fit the model of the config: {len(missing)} '
            f'weights are missing, such as {missing[:3]}{found}'
        )
    return content


def _default_threshold(model: nn.Module) -> float:
    value = getattr(getattr(model, 'head', None), 'thr', None)
    return 0.5 if value is None else float(value)


def test_pipeline(cfg: Config) -> list[dict]:
    """Find the pipeline of the test images.

    Args:
        cfg (Config): With a test or a validation dataloader.

    Returns:
        list[dict]: The transforms.

    Raises:
        ValueError: If there is none.
    """
    for key in ('test_dataloader', 'val_dataloader'):
        node = (cfg.get(key) or {}).get('dataset')
        while node:
            if node.get('pipeline'):
                return list(node['pipeline'])
            parts = node.get('datasets')
            node = parts[0] if parts else node.get('dataset')
    raise ValueError(
        'the config has no test pipeline: expected `pipeline` in '
        'test_dataloader.dataset or in the dataset that it wraps'
    )


# pytest takes a function of this name for a test case.
test_pipeline.__test__ = False  # type: ignore[attr-defined]


class _FromPathOrPixels:
    """Load an image where it is a path, then run the other transforms."""

    def __init__(self, pipeline: Sequence[dict]) -> None:
        loads = bool(pipeline) and pipeline[0].get('type') in _LOADERS
        loader = pipeline[0] if loads else dict(type='LoadImageFromFile')
        with_scope = [TRANSFORMS.build(t) for t in pipeline[loads:]]
        self.load = TRANSFORMS.build(loader)
        self.rest = Compose(with_scope)

    def __call__(self, sample: dict) -> dict:
        if 'img' not in sample:
            sample = self.load(sample)
        return self.rest(sample)


def _find_positives(
    content: dict, folder: Path
) -> dict[str, dict[str, int]] | None:
    """Look into the checkpoint (trained, folded), then beside it."""
    hub = content.get('message_hub')
    if isinstance(hub, dict):
        info = hub.get('runtime_info', {}).get('positives_per_source')
        if info is not None:
            return info
    meta = content.get('meta') or {}
    if 'positives_per_source' in meta:
        return meta['positives_per_source']
    path = folder / 'label_report' / 'label_report.json'
    if path.is_file():
        return positives_per_source(json.loads(path.read_text('utf-8')))
    return None
