"""Cost of segmentation beside stock mmseg: step times and the loss's memory.

Example:
    python benchmarks/segmentation.py --rounds 8

Prints ratios measured in one run, both sides in turns: a step with the
adapter in the place of ``conv_seg`` over the stock step, the full method
(strong view, two passes, all terms) over two stock steps; and the loss alone
at 19 x 512 x 1024 over mmseg's BCE, each in a fresh process (Linux), by the
peak of its resident memory or, on an accelerator, of its allocator.
"""

from __future__ import annotations

import argparse
import copy
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch
from mmengine.config import ConfigDict
from mmengine.registry import DefaultScope
from mmengine.structures import PixelData
from mmseg.models.losses import CrossEntropyLoss
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample

import mmda  # noqa: F401  (registers the components)
from mmda.apis.config import load_config
from mmda.apis.fold import fold_segmentor_config
from mmda.models import PartialBCEPseudoConsistLoss
from mmda.structures import PixelTarget

ROOT = Path(__file__).resolve().parents[1]
CONFIG = str(ROOT / 'configs/da/cityscapes_bus_19way.py')
SHAPE = (19, 512, 1024)
DEVICE = 'cuda' if torch.cuda.is_available() else 'cpu'
MEGABYTE = 2**20


def ratio(
    ours: Callable[[], object], theirs: Callable[[], object], rounds: int
) -> float:
    """Return the ratio of each side's fastest run; they run in turns.

    What other work on the machine adds is least in the fastest.
    """
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds + 1):  # one to warm up
        for run, own in zip((ours, theirs), times, strict=True):
            start = time.perf_counter()
            run()
            if DEVICE == 'cuda':
                torch.cuda.synchronize()
            own.append(time.perf_counter() - start)
    return min(times[0]) / min(times[1])


def make_batch(num: int, height: int, width: int) -> dict:
    """Return images whose sources annotate 5 and the other 14 classes."""
    inputs, samples = [], []
    for index in range(num):
        annotated = torch.zeros(19, dtype=torch.bool)
        annotated[torch.tensor([15, 0, 1, 2, 3])] = True
        if index % 2:
            annotated = ~annotated
        label = torch.randint(19, (1, height, width))
        label[~annotated[label]] = 254
        sample = SegDataSample(gt_sem_seg=PixelData(data=label))
        sample.set_metainfo(dict(annotated_classes=annotated, exclusive=True))
        inputs.append(torch.randint(0, 256, (3, height, width)).byte())
        samples.append(sample)
    return dict(inputs=inputs, data_samples=samples)


def make_step(model: dict, batch: dict, times: int = 1) -> Callable[[], None]:
    """Build a model; return its forward and backward pass on a batch."""
    with DefaultScope.overwrite_default_scope('mmseg'):
        network = MODELS.build(ConfigDict(copy.deepcopy(model)))
    network = network.to(DEVICE).train()

    def step() -> None:
        for _ in range(times):
            data = network.data_preprocessor(
                copy.deepcopy(batch), training=True
            )
            losses = network(**data, mode='loss')
            network.parse_losses(losses)[0].backward()
            network.zero_grad()

    return step


def steps(rounds: int, num: int, height: int, width: int) -> None:
    """Print the ratios of training steps."""
    cfg = load_config(CONFIG)
    model = cfg.model.to_dict()
    model['data_preprocessor']['strong_view'] = cfg.strong_view
    model['pretrained'] = None
    model['data_preprocessor']['size'] = (height, width)
    stock = fold_segmentor_config(model)
    adapter = copy.deepcopy(stock)
    for key in ('decode_head', 'auxiliary_head'):
        adapter[key] = dict(
            type='DynamicAdapterHead',
            head=stock[key],
            loss_decode=stock[key]['loss_decode'],
        )
    known = make_batch(num, height, width)
    for sample in known['data_samples']:
        label = torch.randint(19, (1, height, width))
        sample.gt_sem_seg = PixelData(data=label)
        sample.set_metainfo(
            dict(annotated_classes=torch.ones(19, dtype=torch.bool))
        )
    stock_step = make_step(stock, known)
    shape = f'{num} x {height} x {width}, {DEVICE}'
    found = ratio(make_step(adapter, known), stock_step, rounds)
    print(f'adapter for conv_seg / stock step ({shape}): {found:.3f}')
    single = copy.deepcopy(model)
    single['data_preprocessor']['strong_view'] = None
    found = ratio(make_step(single, known), stock_step, rounds)
    print(f'adapter and our BCE / stock step with BCE: {found:.3f}')
    full = make_step(model, make_batch(num, height, width))
    found = ratio(full, make_step(stock, known, times=2), rounds)
    print(f'full method / two stock steps: {found:.3f}')


def loss_peak(kind: str) -> None:
    """Print the peak memory of one loss and its gradient, in MB."""
    views = 2 if kind == 'two views' else 1
    logits = torch.randn(views, *SHAPE, device=DEVICE, requires_grad=True)
    batch = make_batch(1, *SHAPE[1:])
    target = PixelTarget.from_samples(batch['data_samples'], SHAPE[0])
    label = target.label.to(DEVICE)
    target = PixelTarget(label, target.known_on_class, target.known_elsewhere)
    small = torch.randn(views, 19, 8, 8, device=DEVICE, requires_grad=True)
    for scores, part in ((small, slice(0, 8)), (logits, slice(None))):
        # The small one loads what is loaded once; then the count begins.
        before = reset_peak()
        if kind == 'stock':
            loss = CrossEntropyLoss(use_sigmoid=True, avg_non_ignore=True)
            shown = label[:, part, part].clamp_max(18)
            loss(scores, shown, ignore_index=255).backward()
        else:
            cut = PixelTarget(
                label[:, part, part],
                target.known_on_class.to(DEVICE),
                target.known_elsewhere.to(DEVICE),
            )
            terms = PartialBCEPseudoConsistLoss().terms(scores, cut)
            sum(v for k, v in terms.items() if 'loss' in k).backward()
    print((peak() - before) / MEGABYTE)


def reset_peak() -> int:
    """Forget the peak so far; return what is in use, in bytes."""
    if DEVICE == 'cuda':
        torch.cuda.reset_peak_memory_stats()
        return torch.cuda.memory_allocated()
    Path('/proc/self/clear_refs').write_text('5')
    return peak()


def peak() -> int:
    """Return the peak of memory in use, in bytes."""
    if DEVICE == 'cuda':
        return torch.cuda.max_memory_allocated()
    for line in Path('/proc/self/status').read_text().splitlines():
        if line.startswith('VmHWM'):
            return int(line.split()[1]) * 1024
    raise OSError('/proc/self/status has no VmHWM')


def memory() -> None:
    """Print the ratios of the losses' memory, each in a fresh process."""
    peaks = {}
    for kind in ('stock', 'one view', 'two views'):
        command = [sys.executable, '-W', 'ignore', __file__, '--loss', kind]
        out = subprocess.run(
            command, check=True, capture_output=True, text=True
        )
        peaks[kind] = float(out.stdout.split()[-1])
    shape = ' x '.join(map(str, SHAPE))
    for kind in ('one view', 'two views'):
        print(
            f'memory of the loss at {shape}, {kind} / stock BCE: '
            f'{peaks[kind] / peaks["stock"]:.2f} '
            f'({peaks[kind]:.0f} / {peaks["stock"]:.0f} MB)'
        )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('--rounds', type=int, default=8)
    parser.add_argument('--batch', type=int, default=2)
    parser.add_argument(
        '--size',
        type=int,
        nargs=2,
        default=(128, 256),
        help='height and width (default: 128 256)',
    )
    parser.add_argument('--threads', type=int, help='of torch, on the CPU')
    parser.add_argument('--loss', help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    if args.loss:
        loss_peak(args.loss)
        return
    print(f'torch {torch.__version__}, {platform.machine()}, {DEVICE}')
    memory()
    steps(args.rounds, args.batch, *args.size)


if __name__ == '__main__':
    main()
