"""Load a trained model with its classes, its pipeline and its sources."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import Compose
from mmengine.registry import MODELS, init_default_scope
from mmpretrain.registry import TRANSFORMS

from mmda.datasets import LoadMedicalImage
from mmda.engine.checkpoint import checkpoint_loading, load_checkpoint
from mmda.engine.hooks.check_weights_hook import load_weights
from mmda.report.label_report import positives_per_source, sampled_sources

from .config import check_model, find_pipeline, load_config, whole_model
from .errors import describe


@dataclass
class TrainedModel:
    """A trained model, its classes and the sources that trained them.

    Attributes:
        model (ImageClassifier): The model, in evaluation mode.
        classes (tuple[str, ...]): The label space.
        pipeline (Callable): Takes a dict with ``img_path`` or ``img``.
        positives (dict | None): Number of positives in training, by class
            and source. None if neither the checkpoint nor the work directory
            has these numbers.
        default_threshold (float): The threshold of the head, in [0, 1].
        untrained (tuple[str, ...]): Classes that the checkpoint does not
            know. Their answers are random.
    """

    model: Any
    classes: tuple[str, ...]
    pipeline: _FromPathOrPixels
    positives: dict[str, dict[str, int]] | None
    default_threshold: float
    untrained: tuple[str, ...] = ()

    @torch.no_grad()
    def answer(self, batch: Sequence[dict]) -> np.ndarray:
        """Answer all questions about images.

        Args:
            batch (Sequence[dict]): The results of ``pipeline`` for N images.

        Returns:
            ndarray: Probabilities, float32 (N, C), in [0, 1].
        """
        # The hosts pad to the largest image, which changes the answers. So a
        # batch has images of one size.
        rows: dict[torch.Size, list[int]] = {}
        for row, sample in enumerate(batch):
            rows.setdefault(sample['inputs'].shape, []).append(row)
        answers: dict[int, torch.Tensor] = {}
        for group in rows.values():
            data = {
                key: [batch[row][key] for row in group]
                for key in ('inputs', 'data_samples')
            }
            found = self.model.test_step(data)
            scores = [one.pred_score for one in found]
            answers.update(zip(group, scores, strict=True))
        ordered = [answers[row] for row in range(len(batch))]
        return torch.stack(ordered).cpu().numpy()


def check_device(name: str) -> None:
    """Check that a device can be used.

    Args:
        name (str): Such as 'cpu' or 'cuda:0'.

    Raises:
        ValueError: If there is no such device.

    Examples:
        >>> check_device('cpu')
    """
    try:
        torch.empty(0, device=name)
    # A torch that was built without CUDA raises AssertionError.
    except (RuntimeError, NotImplementedError, AssertionError) as error:
        reason = str(error).strip().splitlines() or ['']
        raise ValueError(
            f'device {name!r} cannot be used: {reason[0]}; cpu always can'
        ) from error


def load_model(
    config: str | Path | Config,
    checkpoint: str | Path,
    device: str = 'cpu',
    cfg_options: dict[str, Any] | None = None,
    unsafe_load: bool = False,
) -> TrainedModel:
    """Load a trained model.

    Args:
        config (str | Path | Config): Config of the model.
        checkpoint (str | Path): Weights of the model: a path or an address.
        device (str): Such as 'cpu' or 'cuda:0'. Defaults to 'cpu'.
        cfg_options (dict, optional): Changes of the config.
        unsafe_load (bool): Whether the checkpoint may hold more than data.
            Such a file can run any code. Defaults to False.

    Returns:
        TrainedModel: The model, on the device.

    Raises:
        FileNotFoundError: If config or checkpoint does not exist.
        ValueError: If the checkpoint does not fit the model; if the config
            has no test pipeline, or is a config of segmentation; if neither
            the head nor the checkpoint names the classes; or if there is no
            such device.
    """
    cfg = (
        config
        if isinstance(config, Config)
        else load_config(str(config), cfg_options)
    )
    check_device(device)
    check_model(cfg, cfg.filename or 'the config')
    if 'decode_head' in cfg.model:
        raise ValueError(
            'the config is one of segmentation; expected one of '
            'classification, whose model answers about whole images '
            '(for pixels: mmda test CONFIG CKPT --show-dir DIR)'
        )
    pipeline = find_pipeline(cfg.get('test_dataloader')) or find_pipeline(
        cfg.get('val_dataloader')
    )
    if pipeline is None:
        raise ValueError(
            'the config has no test pipeline: expected `pipeline` in '
            'test_dataloader.dataset or in the dataset that it wraps'
        )
    init_default_scope(cfg.get('default_scope') or 'mmpretrain')
    with checkpoint_loading(unsafe_load):  # a part may load weights, too
        model = MODELS.build(whole_model(cfg))
    content = load_checkpoint(str(checkpoint), unsafe_load=unsafe_load)
    untrained = load_weights(model, content, str(checkpoint))
    head = getattr(model, 'head', None)
    classes, thr = getattr(head, 'classes', None), getattr(head, 'thr', None)
    if classes is None:
        meta = content.get('meta', {}).get('dataset_meta') or {}
        classes = meta.get('classes')
    if classes is None:
        raise ValueError(
            f'neither model.head.classes nor {checkpoint} names the classes'
        )
    return TrainedModel(
        model.to(device).eval(),
        tuple(classes),
        _FromPathOrPixels(pipeline),
        find_positives(content, str(checkpoint)),
        0.5 if thr is None else float(thr),
        untrained,
    )


class _FromPathOrPixels:
    """Load an image as the pipeline does, and run the other transforms.

    Pixels pass the loader of the pipeline too, so they get the answer of
    their file. The loader of the hosts takes no pixels, and a pipeline of
    images in memory has no loader: :class:`LoadMedicalImage` takes its place.
    """

    def __init__(self, pipeline: Sequence[dict]) -> None:
        built = [TRANSFORMS.build(t) for t in pipeline]
        self.load: Any = LoadMedicalImage(color_type='color')
        self.load_pixels = self.load
        if built and type(built[0]).__name__.startswith('LoadImageFrom'):
            self.load = built.pop(0)
        elif built and isinstance(built[0], LoadMedicalImage):
            self.load = self.load_pixels = built.pop(0)
        self.rest = Compose(built)

    def __call__(self, sample: dict) -> dict:
        load = self.load if 'img_path' in sample else self.load_pixels
        return self.rest(load(sample))


def find_positives(
    content: dict, name: str
) -> dict[str, dict[str, int]] | None:
    """Look into a checkpoint (trained or folded), then beside it.

    Args:
        content (dict): The checkpoint.
        name (str): Its path.

    Returns:
        dict | None: Number of positives in training, by class and source.
        None if nobody wrote it down.

    Raises:
        ValueError: If something else was written down.
    """
    counts, where = _recorded(content, 'positives_per_source'), name
    if counts is None:
        report, path = _report_beside(name)
        if report is None:
            return None
        counts, where = positives_per_source(report), str(path)
    return _check_counts(counts, where)


def find_sampled(content: dict, name: str) -> list[str]:
    """Find the sources of which only some label maps were counted.

    Args:
        content (dict): The checkpoint.
        name (str): Its path.

    Returns:
        list[str]: Their names; empty if nobody wrote it down.
    """
    found = _recorded(content, 'sampled_sources')
    if isinstance(found, (list, tuple)):
        return [str(one) for one in found]
    report, _ = _report_beside(name)
    return [] if report is None else sampled_sources(report)


def _recorded(content: dict, key: str) -> Any:
    """Return what a checkpoint, trained or folded, says about its labels."""
    hub = content.get('message_hub') or {}
    places = (hub.get('runtime_info'), content.get('meta'))
    found = ((place or {}).get(key) for place in places)
    return next((one for one in found if one is not None), None)


def _report_beside(name: str) -> tuple[dict | None, Path]:
    """Read the label report beside a checkpoint; None if there is none."""
    path = Path(name).parent / 'label_report' / 'label_report.json'
    if not path.is_file():
        return None, path
    try:
        report = json.loads(path.read_text('utf-8'))
        positives_per_source(report)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(
            f'{path} is no label report of mmda ({describe(error)}): remove '
            'it, or write it anew with mmda label_report'
        ) from error
    return report, path


def _check_counts(counts: Any, name: str) -> dict[str, dict[str, int]]:
    """Refuse counts of positives that are no counts."""
    for entry in counts.values() if isinstance(counts, dict) else [counts]:
        if not isinstance(entry, dict) or not all(
            isinstance(value, int) and value >= 0 for value in entry.values()
        ):
            raise ValueError(
                f'{name}, positives_per_source: found {entry!r:.80}, expected '
                'the number of positives of each class, by source'
            )
    return counts
