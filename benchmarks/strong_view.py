"""Cost of the strong view in time, and of two views in memory.

Example:
    OMP_NUM_THREADS=1 python benchmarks/strong_view.py --rounds 10

Prints ratios measured in turns: the strong view of grey images over that of
three equal channels; the strong view over torchvision's transforms, image by
image; the strong view over a training step, for each network and batch size;
and the peak memory (Linux) of a training step of DenseNet121
over a stock step, at 224 pixels, each in a fresh process. Times are processor
times.
"""

from __future__ import annotations

import argparse
import platform
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import torch
from mmengine.config import ConfigDict
from mmengine.registry import DefaultScope
from mmpretrain.models import ImageClassifier
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from segmentation import MEGABYTE, peak, reset_peak
from step import alternate, plain_model, report
from torchvision.transforms import v2

from mmda.apis.config import load_config
from mmda.models.data_preprocessors import StrongView

ROOT = Path(__file__).resolve().parents[1]
CHEST = 'chestxray_chexpert.py'
#: Config, channels of the images, their size, batch sizes.
STEPS = (
    ('real/da-recipe_small-cnn_500i_three-digits.py', 1, 28, (16, 64)),
    ('real/da-recipe_small-cnn16_500i_nih64.py', 1, 64, (32,)),
    (
        'real/da-recipe_small-cnn16_4800i_cifar10-overlap.py',
        3,
        32,
        (16, 64, 256),
    ),
    (CHEST, 1, 224, (8,)),
)
#: Models of which the memory is measured.
KINDS = ('stock', 'two views', 'two views, memory_efficient')


def load_model(config: str) -> ConfigDict:
    """Return the model of a shipped config."""
    return load_config(str(ROOT / 'configs/da' / config)).model


def make_batch(num_classes: int, num: int, channels: int, size: int) -> dict:
    """Return random images, half of whose entries are annotated."""
    shape = (num, channels, size, size)
    target = (torch.rand(num, num_classes) > 0.5).float()
    target[torch.rand_like(target) > 0.5] = float('nan')
    return dict(
        inputs=[*torch.randint(0, 256, shape, dtype=torch.uint8)],
        data_samples=[DataSample().set_gt_score(row) for row in target],
    )


def make_step(model: ImageClassifier, batch: dict) -> Callable[[], None]:
    """Return the forward and backward pass on a batch."""

    def step() -> None:
        model.zero_grad()
        losses = model(**model.data_preprocessor(batch, True), mode='loss')
        model.parse_losses(losses)[0].backward()

    return step


def grey(rounds: int, num: int, size: int = 224) -> tuple[float, float]:
    """Strong view of a chest X-ray in one channel and in three."""
    cfg = load_model(CHEST).data_preprocessor
    preprocessor = MODELS.build(cfg)
    images = torch.randint(0, 256, (num, 1, size, size), dtype=torch.uint8)
    three = images.repeat(1, 3, 1, 1)
    weak = preprocessor(dict(inputs=images))['inputs']
    return alternate(
        lambda: preprocessor.make_strong(weak, images),
        lambda: preprocessor.make_strong(weak, three),
        rounds,
    )


def against_torchvision(rounds: int, num: int, size: int) -> tuple[float, ...]:
    """Strong view of kornia, and of torchvision image by image.

    torchvision draws one set of parameters for a batch.
    """
    affine = dict(degrees=15, translate=(0.1, 0.1), scale=(0.9, 1.1))
    colour = dict(brightness=0.3, contrast=0.3)
    area = (0.02, 0.15)
    ours = StrongView(
        [
            dict(type='RandomAffine', p=1.0, **affine),
            dict(type='ColorJiggle', p=1.0, **colour),
            dict(type='RandomErasing', p=0.5, scale=area),
        ]
    )
    bilinear = v2.InterpolationMode.BILINEAR
    theirs = v2.Compose(
        [
            v2.RandomAffine(interpolation=bilinear, **affine),
            v2.ColorJitter(**colour),
            v2.RandomErasing(p=0.5, scale=area),
        ]
    )
    images = torch.rand(num, 3, size, size)
    return alternate(
        lambda: ours(images * 255),
        lambda: torch.stack([theirs(image) for image in images]),
        rounds,
    )


def share(
    rounds: int, config: str, channels: int, size: int, num: int
) -> tuple[float, float]:
    """Strong view and whole training step."""
    cfg = load_model(config)
    model = MODELS.build(cfg).train()
    batch = make_batch(len(cfg.head.classes), num, channels, size)
    weak = model.data_preprocessor(dict(inputs=batch['inputs']))['inputs']
    return alternate(
        lambda: model.data_preprocessor.make_strong(weak, batch['inputs']),
        make_step(model, batch),
        rounds,
    )


def step_peak(kind: str, num: int, size: int = 224) -> None:
    """Print the peak memory of training steps, in MB."""
    cfg = load_model(CHEST)
    num_classes = len(cfg.head.classes)
    if kind == 'stock':
        cfg = plain_model(cfg, num_classes)
    elif kind.endswith('efficient'):
        cfg.backbone.memory_efficient = True
    model = MODELS.build(cfg).train()
    optimizer = torch.optim.Adam(model.parameters())
    # The small step loads what is loaded once; then the count begins.
    for shape in ((2, 64), (num, size)):
        batch = make_batch(num_classes, shape[0], 1, shape[1])
        if kind == 'stock':
            for sample in batch['data_samples']:
                sample.gt_score.nan_to_num_()
        step = make_step(model, batch)
        before = reset_peak()
        for _ in range(2):
            step()
            optimizer.step()
    print((peak() - before) / MEGABYTE)


def memory(num: int) -> None:
    """Print the ratios of the steps' memory."""
    peaks = {}
    for kind in KINDS:
        command = [sys.executable, '-W', 'ignore', __file__, '--peak', kind]
        command += ['--batch', str(num)]
        out = subprocess.run(
            command, check=True, capture_output=True, text=True
        )
        peaks[kind] = float(out.stdout.split()[-1])
        print(
            f'peak of a step, DenseNet121, batch {num}, {kind} / stock: '
            f'{peaks[kind] / peaks["stock"]:.2f} ({peaks[kind]:.0f} MB, '
            f'{peaks[kind] / num:.0f} MB per image)'
        )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('--rounds', type=int, default=10)
    parser.add_argument('--batch', type=int, default=8, help='of memory')
    parser.add_argument('--peak', help=argparse.SUPPRESS)
    args = parser.parse_args()
    torch.manual_seed(0)
    DefaultScope.get_instance('benchmark', scope_name='mmpretrain')
    if args.peak:
        step_peak(args.peak, args.batch)
        return
    print(
        f'{platform.machine()}, {torch.get_num_threads()} threads, torch '
        f'{torch.__version__}; medians of processor time, in turns'
    )
    for num in (8, 32):
        name = f'strong view, one channel / three, 224, batch {num}'
        report(name, *grey(args.rounds, num), 'at most 0.45')
    for num, size in ((64, 32), (32, 224)):
        name = f'strong view / torchvision, {size}, batch {num}'
        found = against_torchvision(args.rounds, num, size)
        report(name, *found, 'for information')
    for config, channels, size, batches in STEPS:
        for num in batches:
            name = f'strong view / step, {Path(config).stem[:24]}, {num}'
            rounds = 2 if size == 224 else args.rounds
            found = share(rounds, config, channels, size, num)
            report(name, *found, 'at most 0.05')
    memory(args.batch)


if __name__ == '__main__':
    main()
