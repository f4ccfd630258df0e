"""The cost of a classifier: parameters, multiply-adds, time of a step."""

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
    """The cost of one model.

    Attributes:
        name (str): Name of the model.
        parameters (int): Number of trained and frozen parameters.
        multiply_adds (int): Multiply-adds of the answers to all questions
            about one image. mmengine counts convolutions, matrix products,
            two operations for each value of a batch normalisation, and one
            for each value that global pooling takes.
        views (int): Number of images that the network sees per sample in a
            training step.
        step_seconds (float | None): Median time of a training step, from the
            batch in memory to the new weights. None without training.
        passes (int): Number of passes over the images until each question
            was asked once.
    """

    name: str
    parameters: int
    multiply_adds: int
    views: int = 1
    step_seconds: float | None = None
    passes: int = 1

    @property
    def epoch_seconds(self) -> float | None:
        """Float | None: Time until each question was asked about a batch."""
        if self.step_seconds is None:
            return None
        return self.passes * self.step_seconds


def count(name: str, model: nn.Module, shape: Sequence[int]) -> Cost:
    """Count parameters and multiply-adds of a classifier.

    Args:
        name (str): Name of the model.
        model (Module): A classifier of mmpretrain.
        shape (Sequence[int]): Channels, height and width of an image.

    Returns:
        Cost: The cost without the time of a step.
    """
    device = next(model.parameters()).device
    analyzer = FlopAnalyzer(model.eval(), (torch.zeros(1, *shape).to(device),))
    # Some layers have no multiply-adds, and no loss is part of an answer.
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
        cfg (Config): A config with a model and a training pipeline.
        side (int, optional): Height and width. None takes them from the
            pipeline.

    Returns:
        tuple[int, int, int]: Channels, height, width.

    Raises:
        ValueError: If no transform of the pipeline has a size.

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
    sizes = [
        transform[key]
        for transform in pipeline
        for key in _SIZES
        if transform.get(key)
    ]
    if not sizes:
        raise ValueError(
            'no transform of the training pipeline has '
            f'{" or ".join(_SIZES)}; give the size of the images with --size'
        )
    size = sizes[-1]
    width, height = (size, size) if isinstance(size, int) else size
    return channels, height, width


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
        seed (int): Seed of the draw. Defaults to 0.

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
    """A training step that repeats on one batch.

    Args:
        cfg (Config): A config with ``model`` and ``optim_wrapper``.
        batch (dict): The batch; see :func:`random_batch`.
        device (str): Device of the training. Defaults to 'cpu'.
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
            float: Time of the step in seconds.
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
        steps (Sequence[Callable]): Each one runs once and returns its time in
            seconds.
        rounds (int): Number of timed rounds. One more round warms up.
        on_round (Callable): Called after each round.

    Returns:
        list[float]: Median time of each step in seconds.

    Examples:
        >>> times = iter([9., 1., 3., 2.])
        >>> time_in_turns([lambda: next(times)], rounds=3)
        [2.0]
    """
    times: list[list[float]] = []
    for _ in range(rounds + 1):
        times.append([step() for step in steps])
        on_round()
    return [statistics.median(found) for found in zip(*times[1:], strict=True)]
