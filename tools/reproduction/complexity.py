"""What a classifier costs: parameters, multiply-adds, time of a step."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from mmengine.analysis import FlopAnalyzer
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from torch import nn

from mmda.apis.config import find_pipeline

_SIZES = ('crop_size', 'scale')


@dataclass
class Cost:
    """What one model costs.

    Attributes:
        name (str): Of the model.
        parameters (int): Trained and frozen ones.
        multiply_adds (int): Of an answer to all questions about one image, as
            mmengine counts them: convolutions, matrix products, two for each
            value that a batch normalisation gives, one for each that global
            pooling takes.
        views (int): Images that a step passes through the network per sample.
        step_seconds (float | None): Median of a training step, from the batch
            in memory to the new weights; None where it was not trained.
        passes (int): Passes over the images until each question was asked.
    """

    name: str
    parameters: int
    multiply_adds: int
    views: int = 1
    step_seconds: float | None = None
    passes: int = 1

    @property
    def epoch_seconds(self) -> float | None:
        """Float | None: Of a pass per question and one batch."""
        if self.step_seconds is None:
            return None
        return self.passes * self.step_seconds


def count(name: str, model: nn.Module, shape: Sequence[int]) -> Cost:
    """Count parameters and multiply-adds of a classifier.

    Args:
        name (str): Of the model.
        model (Module): A classifier of mmpretrain's interface.
        shape (Sequence[int]): Channels, height and width of an image.

    Returns:
        Cost: Without the time of a step.
    """
    device = next(model.parameters()).device
    analyzer = FlopAnalyzer(model.eval(), (torch.zeros(1, *shape).to(device),))
    # Pooling and the like have no multiply-adds, losses are not part of it.
    analyzer.unsupported_ops_warnings(False).uncalled_modules_warnings(False)
    return Cost(
        name,
        sum(p.numel() for p in model.parameters()),
        int(analyzer.total()),
        passes=getattr(getattr(model, 'head', None), 'passes_per_epoch', 1),
    )


def image_shape(cfg: Config, side: int | None = None) -> tuple[int, int, int]:
    """Find the shape of the training images of a config.

    Args:
        cfg (Config): With a model and a training pipeline.
        side (int, optional): Height and width, in place of the pipeline's.

    Returns:
        tuple[int, int, int]: Channels, height, width.

    Raises:
        ValueError: If no transform of the pipeline names a size.

    Examples:
        >>> image_shape(Config(dict(
        ...     model=dict(data_preprocessor=dict(mean=[0.])),
        ...     train_dataloader=dict(dataset=dict(
        ...         pipeline=[dict(type='Resize', scale=32)])))))
        (1, 32, 32)
    """
    preprocessor = cfg.model.get('data_preprocessor') or {}
    channels = len(preprocessor.get('mean') or (0, 0, 0))
    if side is not None:
        return channels, side, side
    pipeline = find_pipeline(cfg.get('train_dataloader') or {}) or []
    for transform in reversed(pipeline):
        for key in _SIZES:
            size = transform.get(key)
            if isinstance(size, int):
                return channels, size, size
            if isinstance(size, (list, tuple)):
                width, height = size
                return channels, height, width
    raise ValueError(
        'no transform of the training pipeline has '
        f'{" or ".join(_SIZES)}; give the size of the images with --size'
    )


def random_batch(
    num_classes: int,
    shape: Sequence[int],
    batch_size: int,
    annotated: float = 0.5,
    seed: int = 0,
) -> dict[str, Any]:
    """Draw images and partial labels.

    Args:
        num_classes (int): Number of classes.
        shape (Sequence[int]): Channels, height and width of an image.
        batch_size (int): Number of images.
        annotated (float): Part of the entries that is annotated, in [0, 1].
            Defaults to 0.5.
        seed (int): Of the draw. Defaults to 0.

    Returns:
        dict: ``inputs``, uint8 (N, C, H, W), and ``data_samples``.
    """
    generator = torch.Generator().manual_seed(seed)
    size = (batch_size, *shape)
    images = torch.randint(
        0, 256, size, dtype=torch.uint8, generator=generator
    )
    score, known = torch.rand(2, batch_size, num_classes, generator=generator)
    target = (score > 0.5).float().masked_fill(known >= annotated, torch.nan)
    samples = [DataSample().set_gt_score(row) for row in target]
    return dict(inputs=images, data_samples=samples)


class TrainingStep:
    """A training step of a config's model on one batch, again and again.

    Args:
        cfg (Config): With ``model`` and ``optim_wrapper``.
        batch (dict): See :func:`random_batch`.
        device (str): Where it trains. Defaults to 'cpu'.
    """

    def __init__(self, cfg: Config, batch: dict, device: str = 'cpu') -> None:
        self.model = MODELS.build(cfg.model).to(device)
        self.optim_wrapper = build_optim_wrapper(self.model, cfg.optim_wrapper)
        self.batch = batch
        self.is_cuda = torch.device(device).type == 'cuda'

    @property
    def views(self) -> int:
        """int: Rows per sample that the preprocessor gives in training."""
        packed = self.model.data_preprocessor(self.batch, True)
        return len(packed['inputs']) // len(self.batch['data_samples'])

    def __call__(self) -> float:
        """Train one step.

        Returns:
            float: The seconds that it took.
        """
        self.model.train()
        start = time.perf_counter()
        self.model.train_step(self.batch, self.optim_wrapper)
        if self.is_cuda:
            torch.cuda.synchronize()
        return time.perf_counter() - start


def time_in_turns(
    steps: Sequence[Callable[[], float]],
    rounds: int,
    on_round: Callable[[], None] = lambda: None,
) -> list[float]:
    """Run steps in turns, so that a busy machine slows down all of them.

    Args:
        steps (Sequence[Callable]): Each runs once and returns its seconds.
        rounds (int): How often each is timed, after one to warm up.
        on_round (Callable): Called after each round.

    Returns:
        list[float]: The median seconds of each.

    Examples:
        >>> times = iter([9., 1., 3., 2.])
        >>> time_in_turns([lambda: next(times)], rounds=3)
        [2.0]
    """
    times: list[list[float]] = [[] for _ in steps]
    for turn in range(rounds + 1):
        for step, found in zip(steps, times, strict=True):
            seconds = step()
            if turn:
                found.append(seconds)
        on_round()
    return [statistics.median(found) for found in times]
