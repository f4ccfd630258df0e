"""Assembling two chest X-ray tables: mmda against torchxrayvision.

Makes tables of the size of ChestX-ray14 (112,120 rows) and CheXpert (223,414
rows), brings both into the space of 20 classes and joins them, each library
in a fresh process. With ``--rows`` it reads one table of that many rows and
14 classes with mmda alone.

Needs ``pip install -r requirements/benchmark.txt`` and Linux.

Example: ``python benchmarks/assemble.py``
         ``python benchmarks/assemble.py --rows 10000000``.
"""

from __future__ import annotations

import argparse
import gc
import json
import os.path as osp
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

NIH_ROWS, CHEXPERT_ROWS = 112_120, 223_414
NIH_CLASSES = (
    'Atelectasis,Cardiomegaly,Effusion,Pneumonia,Pneumothorax,Consolidation,'
    'Edema,Infiltration,Mass,Nodule,Emphysema,Fibrosis,Pleural Thickening,'
    'Hernia'
).split(',')
CHEXPERT_COLUMNS = (
    'No Finding,Enlarged Cardiomediastinum,Cardiomegaly,Lung Opacity,'
    'Lung Lesion,Edema,Consolidation,Pneumonia,Atelectasis,Pneumothorax,'
    'Pleural Effusion,Pleural Other,Fracture,Support Devices'
).split(',')
JOINT = NIH_CLASSES + [
    name
    for name in CHEXPERT_COLUMNS[1:]
    if name not in (*NIH_CLASSES, 'Pleural Effusion')
]
MEGABYTE = 2**20


def write_lines(path: str, header: str, lines: Iterator[str]) -> None:
    """Write a text file line by line."""
    with open(path, 'w', encoding='utf-8') as file:
        file.write(header + '\n')
        file.writelines(line + '\n' for line in lines)


def patients(rows: int, generator: np.random.Generator) -> list[int]:
    """Return a patient per row, 3.5 rows each on average."""
    sizes = generator.geometric(1 / 3.5, rows)
    return np.repeat(np.arange(1, rows + 1), sizes)[:rows].tolist()


def make_nih(root: str) -> None:
    """Write a table like that of ChestX-ray14."""
    generator = np.random.default_rng(0)
    names = [name.replace(' ', '_') for name in NIH_CLASSES]
    present = generator.random((NIH_ROWS, 14)) < 0.05

    def lines() -> Iterator[str]:
        ids = patients(NIH_ROWS, generator)
        for row, (patient, mask) in enumerate(zip(ids, present, strict=True)):
            found = '|'.join(names[i] for i in np.flatnonzero(mask))
            yield (
                f'{patient:08d}_{row % 1000:03d}.png,'
                f'{found or "No Finding"},{row % 10},{patient},57,M,'
                f'{("PA", "AP")[row % 2]},2682,2749,0.143,0.143'
            )

    header = (
        'Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,'
        'Patient Gender,View Position,OriginalImage[Width,Height],'
        'OriginalImagePixelSpacing[x,y]'
    )
    write_lines(osp.join(root, 'Data_Entry_2017_v2020.csv'), header, lines())


def make_chexpert(root: str) -> None:
    """Write a table like ``train.csv`` of CheXpert."""
    generator = np.random.default_rng(1)
    values = np.array(['', '1.0', '0.0', '-1.0'])
    odds = [0.7, 0.15, 0.1, 0.05]
    cells = values[generator.choice(4, size=(CHEXPERT_ROWS, 14), p=odds)]
    cells[:, 0] = ''  # torchxrayvision overrules labels by 'No Finding'

    def lines() -> Iterator[str]:
        ids = patients(CHEXPERT_ROWS, generator)
        for row, (patient, labels) in enumerate(zip(ids, cells, strict=True)):
            lateral = row % 7 == 6
            view = 'lateral' if lateral else 'frontal'
            yield (
                f'CheXpert-v1.0-small/train/patient{patient:05d}/study1/'
                f'view{row % 100}_{view}.jpg,Female,68,{view.title()},'
                f'{"" if lateral else ("AP", "PA")[row % 2]},'
                f'{",".join(labels)}'
            )

    header = 'Path,Sex,Age,Frontal/Lateral,AP/PA,' + ','.join(CHEXPERT_COLUMNS)
    write_lines(osp.join(root, 'train.csv'), header, lines())


def make_plain(root: str, rows: int) -> None:
    """Write a table with one column per class."""
    generator = np.random.default_rng(2)
    values = np.array(['', '1', '0'])
    cells = values[generator.choice(3, size=(1000, 14), p=[0.2, 0.1, 0.7])]
    endings = [','.join(labels) for labels in cells]
    lines = (
        f'images/{row:08d}.png,{endings[row * 7919 % 1000]}'
        for row in range(rows)
    )
    header = 'path,' + ','.join(NIH_CLASSES)
    write_lines(osp.join(root, 'plain.csv'), header, lines)


def joined(sources: list[dict], classes: list[str]) -> Any:
    """Put sources into the joint label space and concatenate them."""
    from mmengine.dataset import ConcatDataset

    from mmda.datasets import PartialLabelDataset

    aliases = {'Pleural Effusion': 'Effusion'}
    return ConcatDataset(
        [
            PartialLabelDataset(
                dict(check_first=False, **source), classes, aliases=aliases
            )
            for source in sources
        ]
    )


def assemble_mmda(root: str) -> Any:
    """Join the two tables with mmda."""
    nih = dict(type='ChestXray14', data_root=root, split='all')
    chexpert = dict(
        type='CheXpert',
        data_root=root,
        split='all',
        uncertain='ignore',  # as torchxrayvision does
        blank='ignore',
    )
    return joined([nih, chexpert], JOINT)


def assemble_plain(root: str) -> Any:
    """Read the table with one column per class with mmda."""
    source = dict(type='CSVLabelDataset', ann_file='plain.csv', data_root=root)
    return joined([source], NIH_CLASSES)


def assemble_torchxrayvision(root: str) -> Any:
    """Join the two tables with torchxrayvision, all views and patients."""
    import torchxrayvision.datasets as xrv

    everything = dict(unique_patients=False, imgpath=root)
    nih = xrv.NIH_Dataset(
        csvpath=osp.join(root, 'Data_Entry_2017_v2020.csv'),
        views=['PA', 'AP'],
        **everything,
    )
    chexpert = xrv.CheX_Dataset(
        csvpath=osp.join(root, 'train.csv'),
        views=['PA', 'AP', 'L'],
        **everything,
    )
    joint = [name.replace('Pleural T', 'Pleural_T') for name in JOINT]
    for dataset in (nih, chexpert):
        xrv.relabel_dataset(joint, dataset, silent=True)
    return xrv.Merge_Dataset([nih, chexpert])


ASSEMBLERS: dict[str, Callable[[str], Any]] = {
    'mmda': assemble_mmda,
    'torchxrayvision': assemble_torchxrayvision,
    'plain': assemble_plain,
}


def memory(field: str) -> float:
    """Read ``VmRSS`` (now) or ``VmHWM`` (peak) of this process, in MB."""
    with open('/proc/self/status', encoding='ascii') as file:
        for line in file:
            if line.startswith(field + ':'):
                return int(line.split()[1]) / 1024
    raise OSError(f'no {field} in /proc/self/status')


def calls_per_second(dataset: Any, calls: int = 200_000) -> float:
    """Call ``get_data_info`` at random positions."""
    generator = np.random.default_rng(0)
    positions = generator.integers(len(dataset), size=calls).tolist()
    start = time.perf_counter()
    for position in positions:
        dataset.get_data_info(position)
    return calls / (time.perf_counter() - start)


def read_labels(name: str, dataset: Any) -> np.ndarray:
    """Return all labels in the joint space, to see that they are the same."""
    if name == 'torchxrayvision':
        return dataset.labels
    samples = (dataset.get_data_info(i) for i in range(len(dataset)))
    return np.stack([sample['gt_score'] for sample in samples])


def measure(name: str, root: str) -> dict[str, float]:
    """Assemble once in this process.

    Args:
        name (str): Key of :data:`ASSEMBLERS`.
        root (str): Folder of the tables.

    Returns:
        dict[str, float]: ``seconds``; ``kept`` and ``peak``, the increase of
        the resident memory in MB; numbers of ``images``, ``annotated`` and
        ``positive`` labels; ``calls`` of ``get_data_info`` per second.
    """
    # What is imported lazily is not part of the measurement.
    if name == 'torchxrayvision':
        import torchxrayvision  # noqa: F401
    else:
        import pandas  # noqa: F401

        import mmda  # noqa: F401
    gc.collect()
    with open('/proc/self/clear_refs', 'w', encoding='ascii') as file:
        file.write('5')  # resets the peak
    before = memory('VmRSS')
    start = time.perf_counter()
    dataset = ASSEMBLERS[name](root)
    seconds = time.perf_counter() - start
    peak = memory('VmHWM') - before
    gc.collect()
    kept = memory('VmRSS') - before
    result = dict(seconds=seconds, kept=kept, peak=peak, images=len(dataset))
    if name != 'torchxrayvision':
        result['calls'] = calls_per_second(dataset)
    if name != 'plain':
        labels = read_labels(name, dataset)
        result['annotated'] = int((~np.isnan(labels)).sum())
        result['positive'] = int((labels == 1).sum())
    return result


def in_fresh_process(name: str, root: str) -> dict[str, float]:
    """Run :func:`measure` in a process of its own."""
    command = [sys.executable, __file__, '--measure', name, '--root', root]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    return json.loads(done.stdout.decode().splitlines()[-1])


def compare(root: str, repeats: int) -> None:
    """Print both libraries side by side, medians of alternating runs."""
    make_nih(root)
    make_chexpert(root)
    names = ('mmda', 'torchxrayvision')
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    for _ in range(repeats):
        for name in names:
            runs[name].append(in_fresh_process(name, root))
    median = {
        name: {
            key: statistics.median(run[key] for run in runs[name])
            for key in runs[name][0]
        }
        for name in names
    }
    print(
        f'{NIH_ROWS:,} + {CHEXPERT_ROWS:,} rows, {len(JOINT)} classes, median '
        f'of {repeats} alternating runs in fresh processes'
    )
    print(f'{"":24}{names[0]:>12}{names[1]:>18}{"ratio":>8}')
    for key, title, digits in (
        ('images', 'images', 0),
        ('annotated', 'labels annotated', 0),
        ('positive', 'labels positive', 0),
        ('seconds', 'time [s]', 2),
        ('kept', 'memory kept [MB]', 0),
        ('peak', 'memory at peak [MB]', 0),
    ):
        ours, theirs = (median[name][key] for name in names)
        print(
            f'{title:24}{ours:12,.{digits}f}{theirs:18,.{digits}f}'
            f'{ours / theirs:8.2f}'
        )
    print(f'get_data_info per second{median["mmda"]["calls"]:12,.0f}')


def one_table(root: str, rows: int) -> None:
    """Print time and memory of one table of many rows."""
    make_plain(root, rows)
    size = osp.getsize(osp.join(root, 'plain.csv')) / MEGABYTE
    run = in_fresh_process('plain', root)
    print(f'{rows:,} rows x 14 classes, {size:.0f} MB of CSV')
    print(f'time                    {run["seconds"]:12.1f} s')
    print(f'memory kept             {run["kept"]:12.0f} MB')
    print(f'memory at peak          {run["peak"]:12.0f} MB')
    each = run['kept'] * MEGABYTE / rows
    print(f'kept of each row        {each:12.0f} bytes')
    print(f'get_data_info per second{run["calls"]:12,.0f}')


def main() -> None:
    """Make the tables, measure, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument('--repeats', type=int, default=3)
    parser.add_argument('--rows', type=int, help='one table of so many rows')
    parser.add_argument('--measure', help=argparse.SUPPRESS)
    parser.add_argument('--root', help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.measure:
        print(json.dumps(measure(args.measure, args.root)))
        return
    with tempfile.TemporaryDirectory() as root:
        if args.rows:
            one_table(root, args.rows)
        else:
            compare(root, args.repeats)


if __name__ == '__main__':
    main()
