"""Cost of the method beside plain training, side by side in one run.

Example:
    python benchmarks/step.py --rounds 20

Prints ratios: the full step (strong view, two passes, adapter, loss,
backward) over two plain forward and backward passes of the same backbone
with a stock linear head; adapter and loss alone over a linear layer and BCE;
the loss over the same formula in a Python loop.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import time
from collections.abc import Callable

import torch
import torch.nn.functional as F
from mmengine.config import Config, ConfigDict
from mmengine.registry import DefaultScope
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from torch import Tensor, nn

import mmda  # noqa: F401  (registers the components)
from mmda.models import DynamicAdapter, PartialBCEPseudoConsistLoss

CONFIG = 'configs/da/chestxray_chexpert.py'


def alternate(
    ours: Callable[[], object],
    theirs: Callable[[], object],
    rounds: int,
    repeat: int = 1,
) -> tuple[float, float]:
    """Return the median processor time of one call of each, in turns.

    The unit is seconds. ``repeat`` calls are timed together, so that a call
    of microseconds is not timed with the caches that the other side has left.
    """
    times: tuple[list[float], list[float]] = ([], [])
    for turn in range(rounds + 2):  # two to warm up
        for side, run in zip(times, (ours, theirs), strict=True):
            start = time.process_time()
            for _ in range(repeat):
                run()
            if turn >= 2:
                side.append((time.process_time() - start) / repeat)
    return statistics.median(times[0]), statistics.median(times[1])


def report(name: str, ours: float, theirs: float, bound: str) -> None:
    """Print one line: both times, their ratio and what is asked of it."""
    print(
        f'{name:58s} {ours * 1e3:9.2f} ms {theirs * 1e3:9.2f} ms  '
        f'ratio {ours / theirs:8.3f}  ({bound})'
    )


def plain_model(model: ConfigDict, num_classes: int) -> dict:
    """Return the stock classifier with the backbone of a model."""
    preprocessor = dict(model.data_preprocessor, type='ClsDataPreprocessor')
    preprocessor.pop('strong_view')
    head = dict(
        type='MultiLabelLinearClsHead',
        num_classes=num_classes,
        in_channels=model.head.in_channels,
    )
    return dict(
        model,
        type='ImageClassifier',
        data_preprocessor=preprocessor,
        head=head,
    )


def full_step(rounds: int, batch: int, size: int) -> tuple[float, float]:
    """Full method against two plain passes of the same backbone."""
    cfg = Config.fromfile(CONFIG)
    num_classes = len(cfg.classes)
    target = (torch.rand(batch, num_classes) > 0.5).float()
    partial = target.clone()
    partial[: batch // 2, 14:] = float('nan')
    partial[batch // 2 :, 7:14] = float('nan')
    images = torch.randint(0, 256, (batch, 3, size, size), dtype=torch.uint8)
    samples = [DataSample().set_gt_score(row) for row in partial]

    method = MODELS.build(cfg.model).train()
    plain = MODELS.build(plain_model(cfg.model, num_classes)).train()
    full_samples = [DataSample().set_gt_score(row) for row in target]

    def step(model: nn.Module, data_samples: list) -> None:
        model.zero_grad()
        data = dict(inputs=images, data_samples=data_samples)
        data = model.data_preprocessor(data, True)
        losses = model(**data, mode='loss')
        model.parse_losses(losses)[0].backward()

    def two_plain_steps() -> None:
        step(plain, full_samples)
        step(plain, full_samples)

    return alternate(lambda: step(method, samples), two_plain_steps, rounds)


def adapter_and_loss(rounds: int) -> tuple[float, float]:
    """Adapter and loss against a linear layer and BCE; N=64, n=20, m=1024."""
    feats = torch.randn(64, 1024, requires_grad=True)
    target = (torch.rand(64, 20) > 0.5).float()
    partial = target.masked_fill(torch.rand(64, 20) > 0.5, float('nan'))
    both = torch.randn(128, 1024, requires_grad=True)
    adapter = DynamicAdapter(20, 1024)
    loss = PartialBCEPseudoConsistLoss()
    linear = nn.Linear(1024, 20)

    def ours() -> None:
        loss(adapter(both), partial).backward()

    def theirs() -> None:
        F.binary_cross_entropy_with_logits(linear(feats), target).backward()

    return alternate(ours, theirs, rounds, repeat=50)


def loop_loss(logits: Tensor, target: Tensor) -> Tensor:
    """Eqs. (2) to (6), entry by entry."""
    num = len(target)
    supervised, pseudo_terms, consist_terms = [], [], []
    for row in range(num):
        for column in range(target.shape[1]):
            answer = torch.sigmoid(logits[row, column])
            label = target[row, column]
            if not torch.isnan(label):
                supervised.append(
                    -(
                        label * torch.log(answer)
                        + (1 - label) * torch.log(1 - answer)
                    )
                )
                continue
            fixed = answer.detach()
            if fixed > 0.5:
                pseudo = fixed + (1 - fixed) / 4
            else:
                pseudo = fixed - fixed / 4
            strong = torch.sigmoid(logits[num + row, column])
            pseudo_terms.append((answer - pseudo) ** 2)
            consist_terms.append((strong - pseudo) ** 2)
    means = [
        torch.stack(terms).mean()
        for terms in (supervised, pseudo_terms, consist_terms)
    ]
    return torch.stack(means).sum()


def loss_against_loop(rounds: int) -> tuple[float, float]:
    """Loss against the loop at 16 x 20, forward and backward."""
    logits = torch.randn(32, 20, requires_grad=True)
    target = (torch.rand(16, 20) > 0.5).float()
    target[torch.rand(16, 20) > 0.5] = float('nan')
    loss = PartialBCEPseudoConsistLoss()
    torch.testing.assert_close(loss(logits, target), loop_loss(logits, target))
    return alternate(
        lambda: loss(logits, target).backward(),
        lambda: loop_loss(logits, target).backward(),
        rounds,
        repeat=20,
    )


def main() -> None:
    """Run all comparisons."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('--rounds', type=int, default=20)
    parser.add_argument('--batch', type=int, default=32)
    parser.add_argument('--size', type=int, default=64)
    args = parser.parse_args()
    torch.manual_seed(0)
    DefaultScope.get_instance('benchmark', scope_name='mmpretrain')
    print(
        f'{platform.processor() or platform.machine()}, '
        f'{torch.get_num_threads()} threads, torch {torch.__version__}; '
        f'medians of alternating runs'
    )
    report(
        f'full step / 2 plain (DenseNet121, {args.size}x{args.size}, batch '
        f'{args.batch})',
        *full_step(args.rounds, args.batch, args.size),
        'at most 1.05',
    )
    report(
        'adapter + loss (2 x 64 rows) / linear + BCE (64 rows)',
        *adapter_and_loss(args.rounds),
        'for information',
    )
    report(
        'loss / the same in a Python loop (16 x 20)',
        *loss_against_loop(args.rounds),
        'at most 0.01',
    )


if __name__ == '__main__':
    main()
