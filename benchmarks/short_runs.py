"""Time what short trainings need beside the network.

    python benchmarks/short_runs.py
    python benchmarks/short_runs.py --runs 21 --jobs 2

The trainings take 100 iterations of the small network, batches of 64, random
images in the layout of CIFAR-10, and 1,000 images each for validation and
test. All times are processor time, which other programs disturb less than
time on the clock. The ratio compares a process for each training with
processes that train one model after the other, as ``reproduce.py`` does.
"""

from __future__ import annotations

import argparse
import pickle
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / 'tools'))

from reproduction.result import Run  # noqa: E402
from reproduction.table import Recipe  # noqa: E402
from reproduction.workers import run_all  # noqa: E402

ITERATIONS = 100
RECIPE = Recipe(
    'da/real/linear_small-cnn16_2400i_cifar10-overlap.py',
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


def time_list(folder: str) -> float:
    """Return the processor time of ``reproduce.py --list``."""
    before = children_seconds()
    subprocess.run(
        [sys.executable, str(ROOT / 'tools/reproduce.py'), '--list'],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=True,
    )
    return children_seconds() - before


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
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data_root = f'{folder}/data'
        print(f'reproduce.py --list: {time_list(folder):.1f} s', flush=True)
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
