"""Time what short trainings need beside the network.

    python benchmarks/short_runs.py
    python benchmarks/short_runs.py --runs 21 --jobs 2
    python benchmarks/short_runs.py --runs 0

First come commands of mmda and mmpretrain in turns: import, help, a wrong
argument, and a training of 5,000 image files until its first iteration. The
trainings after that take 100 iterations of the small network, batches of 64,
random images in the layout of CIFAR-10, and 1,000 images each for validation
and test. The last ratio compares a process for each training with processes
that train one model after the other, as ``reproduce.py`` does. All times are
processor time, which other programs disturb less than time on the clock.
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import cv2
import mmpretrain
import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / 'tools'))

from reproduction.result import Run  # noqa: E402
from reproduction.table import Recipe  # noqa: E402
from reproduction.workers import run_all  # noqa: E402

ITERATIONS = 100
RECIPE = Recipe(
    'da/real/linear_small-cnn16_4800i_cifar10-overlap.py',
    options={
        'train_cfg.max_iters': ITERATIONS,
        'train_cfg.val_interval': ITERATIONS,
        'default_hooks.checkpoint.interval': ITERATIONS,
        'model.backbone.stem_channels': 8,
        'model.backbone.base_channels': 8,
        'model.head.in_channels': 32,
        'val_dataloader.dataset.indices': 1000,
        'test_dataloader.dataset.indices': 1000,
    },
)

#: Numbers of image files of the training that starts.
FILES = dict(train=4000, val=500, test=500)
HOST = Path(mmpretrain.__file__).parent / '.mim'
HOST_PARTS = 'models', 'datasets', 'evaluation'
#: A hook that ends a training at its first iteration.
HOOK = """
import os
from mmengine.hooks import Hook
from mmengine.registry import HOOKS

@HOOKS.register_module()
class EndAtFirstIteration(Hook):
    priority = 'HIGHEST'
    def before_train_iter(self, runner, *args, **kwargs):
        with open('reached', 'w'):
            os._exit(0)
"""
#: What both configs share. The network and the images are the same.
CONFIG = """
_base_ = [{bases}]
custom_imports = dict(imports=[{imports}'end_hook'])
custom_hooks = [dict(type='EndAtFirstIteration')]
model = dict(
    type={classifier!r},
    data_preprocessor=dict({preprocessor}mean=[127.0] * 3, std=[60.0] * 3),
    backbone=dict(type='ResNet_CIFAR', depth=18),
    neck=dict(type='GlobalAveragePooling'),
    head=dict({head}, in_channels=512),
)
pipeline = [dict(type='LoadImageFromFile'), dict(type='PackInputs')]
def loader(split):
    return dict(
        batch_size=64, num_workers=0, persistent_workers=False,
        dataset={dataset},
        sampler=dict(type='DefaultSampler', shuffle=True))
train_dataloader, val_dataloader, test_dataloader = (
    loader(split) for split in ('train', 'val', 'test'))
val_evaluator = test_evaluator = dict({metric})
optim_wrapper = dict(optimizer=dict(type='SGD', lr=0.1))
train_cfg = dict(by_epoch=True, max_epochs=1)
val_cfg, test_cfg = dict(), dict()
"""
CONFIGS = {
    'plain.py': dict(
        bases="'mmpretrain::_base_/default_runtime.py'",
        imports='',
        classifier='ImageClassifier',
        preprocessor='',
        head="type='MultiLabelLinearClsHead', num_classes=5",
        dataset="dict(type='MultiLabelDataset', data_root='images', "
        "ann_file=split + '.json', data_prefix='', pipeline=pipeline)",
        metric="type='AveragePrecision'",
    ),
    'own.py': dict(
        bases=repr(str(ROOT / 'configs/_base_/default_runtime.py')),
        imports="'mmda', ",
        classifier='DualViewImageClassifier',
        preprocessor="type='DualViewDataPreprocessor', ",
        head="type='DynamicAdapterHead', classes=list('abcde')",
        dataset="dict(type='PartialLabelDataset', classes=list('abcde'), "
        'pipeline=pipeline, '
        "dataset=dict(type='CSVLabelDataset', data_root='images', "
        "ann_file=split + '.csv'))",
        metric="type='PartialLabelAUC'",
    ),
}


def write_files(folder: Path) -> None:
    """Write image files, their labels, and the configs that train on them.

    Args:
        folder (Path): Gets two configs and ``images``.
    """
    generator = np.random.default_rng(0)
    images = folder / 'images'
    images.mkdir()
    for split, number in FILES.items():
        names = [f'{split}{i}.png' for i in range(number)]
        for name in names:
            pixels = generator.integers(0, 256, (32, 32, 3), dtype=np.uint8)
            cv2.imwrite(str(images / name), pixels)
        score = generator.integers(0, 2, (number, 5))
        pairs = list(zip(names, score, strict=True))
        rows = [f'{n},{",".join(map(str, s))}' for n, s in pairs]
        text = '\n'.join(['path,a,b,c,d,e', *rows])
        (images / f'{split}.csv').write_text(text)
        listed = [
            dict(img_path=n, gt_label=np.flatnonzero(s).tolist())
            for n, s in pairs
        ]
        content = dict(metainfo=dict(classes=list('abcde')), data_list=listed)
        (images / f'{split}.json').write_text(json.dumps(content))
    (folder / 'end_hook.py').write_text(HOOK)
    for name, parts in CONFIGS.items():
        (folder / name).write_text(CONFIG.format(**parts))


def compare_starts(folder: Path, rounds: int) -> None:
    """Print the time of starting mmda, and its ratio to mmpretrain.

    Args:
        folder (Path): Gets the files of the trainings.
        rounds (int): Number of times that each command runs.
    """
    write_files(folder)
    host = ', '.join(f'mmpretrain.{part}' for part in HOST_PARTS)
    own, stock = (str(d / 'tools/train.py') for d in (ROOT, HOST))
    for what, ours, theirs in (
        ('import', ['-c', 'import mmda'], ['-c', f'import {host}']),
        ('train.py --help', [own, '--help'], [stock, '--help']),
        ('train.py, no such config', [own, 'no.py'], [stock, 'no.py']),
        ('first iteration', [own, 'own.py'], [stock, 'plain.py']),
    ):
        times: list[list[float]] = [[], []]
        for _ in range(rounds):
            for column, argv in zip(times, (ours, theirs), strict=True):
                column.append(command_seconds(folder, argv))
        mine, other = map(median, times)
        print(
            f'{what}: {mine:.2f} s, mmpretrain {other:.2f} s, ratio '
            f'{mine / other:.2f}',
            flush=True,
        )


def command_seconds(folder: Path | str, argv: list[str]) -> float:
    """Return the processor time of a Python command in a folder."""
    before = children_seconds()
    done = subprocess.run(
        [sys.executable, *argv],
        cwd=folder,
        env=dict(os.environ, PYTHONPATH=f'{ROOT}:{folder}'),
        capture_output=True,
        text=True,
    )
    if argv[-1] in CONFIGS:
        reached = Path(folder, 'reached')
        if not reached.exists():
            raise RuntimeError(done.stdout + done.stderr)
        reached.unlink()
    return children_seconds() - before


def write_images(folder: Path) -> None:
    """Write random images as the six batches of CIFAR-10.

    Args:
        folder (Path): Gets ``cifar-10-batches-py``, 184 MB.
    """
    from mmpretrain.datasets import CIFAR10

    generator = np.random.default_rng(0)
    folder = folder / CIFAR10.base_folder
    folder.mkdir(parents=True)
    for name, _ in (*CIFAR10.train_list, *CIFAR10.test_list):
        data = generator.integers(0, 256, (10_000, 3072), dtype=np.uint8)
        labels = [i % 10 for i in range(len(data))]
        batch = pickle.dumps(dict(data=data, labels=labels))
        (folder / name).write_bytes(batch)


def children_seconds() -> float:
    """Return the processor time of all processes that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def time_iterations(folder: str, data_root: str) -> tuple[float, float]:
    """Return the time of the iterations and of a whole run, the second one.

    The first run imports the hosts and reads the images.
    """
    import torch
    from reproduction.training import execute

    torch.set_num_threads(1)
    for seed in (0, 1):
        ends: list[float] = []
        start = time.process_time()
        run = Run(RECIPE, seed, '', f'{folder}/share')
        execute(
            run,
            data_root,
            progress=lambda _, ends=ends: ends.append(time.process_time()),
        )
        total = time.process_time() - start
    # The start of the first iteration is not known.
    steps = (ends[-1] - ends[0]) * len(ends) / (len(ends) - 1)
    return steps, total


def time_runs(
    folder: str, data_root: str, args: argparse.Namespace, share: bool
) -> tuple[float, float]:
    """Return processor time and time on the clock of all runs."""
    runs = [
        Run(RECIPE, seed, '', f'{folder}/shared_{share}')
        for seed in range(args.runs)
    ]
    most = args.runs if share else 1
    start, before = time.monotonic(), children_seconds()
    for news in run_all(runs, args.jobs, data_root, runs_per_process=most):
        if news.error:
            raise RuntimeError(news.error)
    return children_seconds() - before, time.monotonic() - start


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--runs', type=int, default=6)
    parser.add_argument('--jobs', type=int, default=2)
    parser.add_argument('--rounds', type=int, default=3)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data_root = f'{folder}/data'
        if args.rounds:
            compare_starts(Path(folder), args.rounds)
        argv = [str(ROOT / 'tools/reproduce.py'), '--list']
        seconds = command_seconds(folder, argv)
        print(f'reproduce.py --list: {seconds:.1f} s', flush=True)
        if not args.runs:
            return
        write_images(Path(data_root) / 'cifar10')
        steps, total = time_iterations(folder, data_root)
        print(
            f'a run of {ITERATIONS} iterations: {total:.1f} s, '
            f'{steps / total:.0%} of it in iterations',
            flush=True,
        )
        apart, apart_wall = time_runs(folder, data_root, args, share=False)
        joint, joint_wall = time_runs(folder, data_root, args, share=True)
    print(
        f'{args.runs} runs, --jobs {args.jobs}, a process for each run: '
        f'{apart:.0f} s ({apart_wall:.0f} s on the clock)\n'
        f'shared processes: {joint:.0f} s ({joint_wall:.0f} s on the clock), '
        f'ratio {joint / apart:.2f}'
    )


if __name__ == '__main__':
    main()
