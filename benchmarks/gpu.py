"""Images per second of the full method on an accelerator.

Example:
    python benchmarks/gpu.py

It needs no data and no weights from elsewhere: images are random, and the
backbones start anew. For each backbone, batch and way to train, the step of
the full method (strong view, two passes, adapter, loss, backward, SGD) takes
turns with the stock step (one pass, linear head, BCE). A full step passes two
views, so the share is twice the stock time over the full time: 1 means that
the method costs nothing beside its second pass. The profile at the end shows
on which operators a full step spends more time than two stock steps.

``--device cpu --size 64 --batch 8`` tries the script without an accelerator.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from torch import nn
from torch.profiler import ProfilerActivity, profile

import mmda  # noqa: F401  (registers the components)

CONFIG = 'configs/da/chestxray_chexpert.py'
# Feature of each backbone, and the flag of its activation checkpoints.
BACKBONES = {
    'DenseNet': (dict(type='DenseNet', arch='121'), 1024, 'memory_efficient'),
    'ResNet': (dict(type='ResNet', depth=50), 2048, 'with_cp'),
}
WAYS: dict[str, dict[str, Any]] = {
    'float32': {},
    'bfloat16': dict(dtype=torch.bfloat16),
    'float16': dict(dtype=torch.float16),
    'bfloat16, channels last': dict(dtype=torch.bfloat16, last=True),
    'bfloat16, channels last, checkpoints': dict(
        dtype=torch.bfloat16, last=True, saves=True
    ),
    'bfloat16, channels last, compiled': dict(
        dtype=torch.bfloat16, last=True, compiled=True
    ),
}

Step = Callable[[], None]


def build(name: str, full: bool, saves: bool) -> nn.Module:
    """Build the model of the method, or the stock model beside it."""
    cfg = Config.fromfile(CONFIG).model
    backbone, channels, flag = BACKBONES[name]
    cfg.backbone = dict(backbone, **{flag: saves})
    cfg.head.in_channels = channels
    if not full:
        cfg.type = 'ImageClassifier'
        cfg.data_preprocessor.type = 'ClsDataPreprocessor'
        cfg.data_preprocessor.pop('strong_view')
        cfg.head = dict(
            type='MultiLabelLinearClsHead',
            num_classes=len(cfg.head.classes),
            in_channels=channels,
        )
    return MODELS.build(cfg)


def make_step(
    name: str,
    full: bool,
    args: argparse.Namespace,
    batch: int,
    dtype: torch.dtype | None = None,
    last: bool = False,
    saves: bool = False,
    compiled: bool = False,
) -> Step:
    """Return a function that takes one training step."""
    model = build(name, full, saves).to(args.device).train()
    if last:
        model.to(memory_format=torch.channels_last)
    run = torch.compile(model) if compiled else model
    num_classes = model.head.num_classes
    target = (torch.rand(batch, num_classes) > 0.5).float()
    if full:
        target[: batch // 2, num_classes // 2 :] = torch.nan
    shape = (batch, 3, args.size, args.size)
    images = torch.randint(0, 256, shape, dtype=torch.uint8).to(args.device)
    samples = [
        DataSample().set_gt_score(row).to(args.device) for row in target
    ]
    optimizer = torch.optim.SGD(model.parameters(), 1e-3, momentum=0.9)
    scaler = torch.amp.GradScaler(
        args.device, enabled=dtype == torch.float16, init_scale=128.0
    )

    def step() -> None:
        context: Any = nullcontext()
        if dtype is not None:
            context = torch.autocast(args.device, dtype=dtype)
        with context:
            data = dict(inputs=images, data_samples=samples)
            data = model.data_preprocessor(data, True)
            losses = run(**data, mode='loss')
        total, _ = model.parse_losses(losses)
        scaler.scale(total).backward()
        scaler.step(optimizer)
        scaler.update()
        optimizer.zero_grad()

    return step


def seconds(step: Step, device: str) -> float:
    """Time one step, to the end of its last kernel."""
    wait = torch.cuda.synchronize if device == 'cuda' else lambda: None
    wait()
    start = time.perf_counter()
    step()
    wait()
    return time.perf_counter() - start


def compare(full: Step, stock: Step, args: argparse.Namespace) -> list[float]:
    """Return the median seconds of both steps, run in turns."""
    for step in (full, stock):
        for _ in range(args.warm_up):  # compiles, and chooses algorithms
            step()
    turns = [
        [seconds(step, args.device) for step in (full, stock)]
        for _ in range(args.rounds)
    ]
    return [statistics.median(side) for side in zip(*turns, strict=True)]


def self_times(step: Step, device: str) -> dict[str, float]:
    """Return the milliseconds of each operator in one step."""
    activities = [ProfilerActivity.CPU]
    if device == 'cuda':
        activities.append(ProfilerActivity.CUDA)
    with profile(activities=activities) as found:
        step()
    key = f'self_{"device" if device == "cuda" else "cpu"}_time_total'
    return {
        row.key: getattr(row, key) / 1e3
        for row in found.key_averages()
        if getattr(row, key)
    }


def show_profile(full: Step, stock: Step, args: argparse.Namespace) -> None:
    """Print the operators on which a full step spends most beyond two."""
    ours, theirs = (self_times(step, args.device) for step in (full, stock))
    extra = {key: ours[key] - 2 * theirs.get(key, 0) for key in ours}
    print(f'{"operator":60s} {"full":>9s} {"2 stock":>9s} {"extra ms":>9s}')
    for key in sorted(extra, key=extra.__getitem__, reverse=True)[:15]:
        twice = 2 * theirs.get(key, 0)
        print(f'{key:60.60s} {ours[key]:9.2f} {twice:9.2f} {extra[key]:9.2f}')


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('--device', default='cuda', choices=['cuda', 'cpu'])
    parser.add_argument('--size', type=int, default=224)
    parser.add_argument('--batch', type=int, nargs='+', default=[32, 256])
    parser.add_argument('--rounds', type=int, default=20)
    parser.add_argument('--warm-up', type=int, default=3)
    parser.add_argument(
        '--backbone', nargs='+', default=[*BACKBONES], choices=[*BACKBONES]
    )
    parser.add_argument('--way', nargs='+', default=[*WAYS], choices=[*WAYS])
    args = parser.parse_args()
    if args.device == 'cuda' and not torch.cuda.is_available():
        parser.exit(3, 'no CUDA device: nothing is measured\n')
    return args


def main() -> None:
    """Compare all backbones, batches and ways to train."""
    args = parse()
    torch.manual_seed(0)
    DefaultScope.get_instance('benchmark', scope_name='mmpretrain')
    if args.device == 'cuda':
        torch.backends.cudnn.benchmark = True
        print(torch.cuda.get_device_name(), f'torch {torch.__version__}')
    print('| backbone | batch | way | full, img/s | stock / 2 | share | GB |')
    print('|---|---:|---|---:|---:|---:|---:|')
    full = stock = None
    for name in args.backbone:
        for batch in args.batch:
            for way in args.way:
                full = stock = None  # frees the memory of the last models
                torch._dynamo.reset()
                if args.device == 'cuda':
                    torch.cuda.empty_cache()
                    torch.cuda.reset_peak_memory_stats()
                full, stock = (
                    make_step(name, is_full, args, batch, **WAYS[way])
                    for is_full in (True, False)
                )
                ours, theirs = compare(full, stock, args)
                peak = (
                    torch.cuda.max_memory_allocated() / 1e9
                    if args.device == 'cuda'
                    else float('nan')
                )
                print(
                    f'| {name} | {batch} | {way} | {batch / ours:.0f} | '
                    f'{batch / theirs / 2:.0f} | {2 * theirs / ours:.3f} | '
                    f'{peak:.1f} |',
                    flush=True,
                )
    if full is not None and stock is not None:
        print('\nProfile of the last row:')
        show_profile(full, stock, args)


if __name__ == '__main__':
    main()
