"""Images per second of a training pipeline: originals, resized copies.

    OMP_NUM_THREADS=1 python benchmarks/input.py

Draws grey images of 1024x1024 pixels as JPEG and as PNG files, and writes
copies with a short edge of 256 pixels by ``mmda resize``. All datasets crop
to 224x224 pixels, flip and pack, in turns. Times are processor time of one
process. The last row has no files: it copies the pixels out of one
memory-mapped array, so it is a bound for every cache of images.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from mmengine.registry import DATASETS, init_default_scope

import mmda  # noqa: F401  registers the components
from mmda.commands.resize import main as resize

AUGMENT = [
    dict(
        type='RandomResizedCrop',
        scale=224,
        crop_ratio_range=(0.8, 1.0),
        backend='cv2',
    ),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='PackInputs'),
]
OURS = dict(type='LoadMedicalImage', color_type='grayscale')
STOCK = dict(type='LoadImageFromFile')


def write_images(folder: Path, suffix: str, num: int, size: int) -> None:
    """Write smooth images with a little noise, and a table of them."""
    generator = np.random.default_rng(0)
    folder.mkdir()
    rows = ['path,Mass,Edema']
    for number in range(num):
        coarse = generator.normal(128, 40, (size // 16,) * 2)
        image = cv2.resize(coarse, (size, size), interpolation=cv2.INTER_CUBIC)
        image += generator.normal(0, 4, image.shape)
        image = image.clip(0, 255).astype(np.uint8)
        path = str(folder / f'{number:03d}{suffix}')
        cv2.imwrite(path, image)  # a JPEG of quality 95
        rows.append(f'{Path(path).name},1,')
    (folder / 'labels.csv').write_text('\n'.join(rows))


def stock(folder: Path, load: dict) -> Any:
    """Return a dataset of mmpretrain."""
    return DATASETS.build(
        dict(
            type='CustomDataset',
            data_root=str(folder),
            with_label=False,
            pipeline=[load, *AUGMENT],
        )
    )


def ours(folder: Path, load: dict | Callable[[dict], dict]) -> Any:
    """Return a dataset of mmda."""
    source = dict(
        type='CSVLabelDataset',
        data_root=str(folder),
        ann_file='labels.csv',
        pipeline=[load, *AUGMENT],
    )
    return DATASETS.build(
        dict(
            type='PartialLabelDataset',
            classes=['Mass', 'Edema'],
            dataset=source,
        )
    )


def memory_map(copies: Path) -> Callable[[dict], dict]:
    """Return a loader that reads all copies from one array."""
    paths = sorted(str(path) for path in copies.glob('0*'))
    images = [cv2.imread(path, cv2.IMREAD_UNCHANGED) for path in paths]
    np.save(copies / 'all.npy', np.stack(images))
    array = np.load(copies / 'all.npy', mmap_mode='r')
    rows = {path: row for row, path in enumerate(paths)}

    def load(results: dict) -> dict:
        image = np.array(array[rows[results['img_path']]])
        shape = image.shape[:2]
        return dict(results, img=image, img_shape=shape, ori_shape=shape)

    return load


def measure(datasets: Sequence[Any], rounds: int) -> list[float]:
    """Return the median time of an image in ms, for each dataset."""
    times: list[list[float]] = [[] for _ in datasets]
    for _ in range(rounds + 1):
        for dataset, found in zip(datasets, times, strict=True):
            start = time.process_time()
            for index in range(len(dataset)):
                dataset[index]
            seconds = time.process_time() - start
            found.append(1000 * seconds / len(dataset))
    return [statistics.median(found[1:]) for found in times]  # 0 warms up


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('--images', type=int, default=32)
    parser.add_argument('--size', type=int, default=1024)
    parser.add_argument('--rounds', type=int, default=9)
    args = parser.parse_args()
    cv2.setNumThreads(0)
    init_default_scope('mmpretrain')
    for suffix in ('.jpg', '.png'):
        with tempfile.TemporaryDirectory() as root:
            originals, copies = Path(root, 'originals'), Path(root, 'copies')
            write_images(originals, suffix, args.images, args.size)
            options = ['--size', '256', '--load', 'color_type=grayscale']
            resize([str(originals), str(copies), *options, '--jobs', '0'])
            grey = dict(STOCK, color_type='grayscale')
            rows = {
                'mmda, originals': ours(originals, OURS),
                'mmpretrain, originals, in colour': stock(originals, STOCK),
                'mmpretrain, originals, grey': stock(originals, grey),
                'mmpretrain, copies, grey': stock(copies, grey),
                'mmda, copies': ours(copies, OURS),
                'mmda, memory map': ours(copies, memory_map(copies)),
            }
            times = measure(list(rows.values()), args.rounds)
        print(f'{suffix}, {args.size} pixels; a core loads')
        for name, value in zip(rows, times, strict=True):
            print(
                f'  {name:34}{1000 / value:6.0f} images/s, '
                f'{times[0] / value:5.1f} times mmda, originals, '
                f'{times[1] / value:5.1f} times mmpretrain, in colour',
                flush=True,
            )


if __name__ == '__main__':
    main()
