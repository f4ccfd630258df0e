"""Time of a label report of 335,534 rows, table files to text.

Makes tables of the size of ChestX-ray14 (112,120 rows) and CheXpert (223,414
rows), reads both as the sources of a training, and reports: counts, overlap,
co-occurrence, warnings, text, JSON and picture. Making the tables is not
timed, reading them is. With ``--sources``, it makes many sources in memory.

Example: ``python benchmarks/label_report.py``,
``python benchmarks/label_report.py --sources 50``.
"""

from __future__ import annotations

import argparse
import os.path as osp
import tempfile
import time
from itertools import product

import numpy as np
from assemble import JOINT, make_chexpert, make_nih
from mmengine.config import Config

from mmda.report.label_report import label_report
from mmda.report.label_report_files import report_text, write_label_report
from mmda.report.source_labels import SourceLabels, sources_of_config


def make_config(root: str) -> Config:
    """Return a config whose training data are the two tables."""
    sources = [
        dict(type='ChestXray14', data_root=root, split='all'),
        dict(type='CheXpert', data_root=root, split='all', uncertain='zeros'),
    ]
    datasets = [
        dict(
            type='PartialLabelDataset',
            classes=JOINT,
            aliases={'Pleural Effusion': 'Effusion'},
            dataset=dict(check_first=False, **source),
        )
        for source in sources
    ]
    dataset = dict(type='ConcatDataset', datasets=datasets)
    return Config(dict(train_dataloader=dict(dataset=dataset)))


def many_sources(num_sources: int, num_classes: int) -> None:
    """Print the time of the report of sources in memory, step by step.

    Each source has 1,000 images, and annotates 30 % of the classes.
    """
    generator = np.random.default_rng(0)
    words = (''.join(word) for word in product('bdfgklmn', 'aeiou', 'rstvw'))
    names = [f'{a} {b}' for a, b in product(words, ['left', 'mid', 'upper'])]
    classes = tuple(f'{n} {i}' for i in range(9) for n in names)[:num_classes]
    sources = []
    for number in range(num_sources):
        prevalence = 0.2 * generator.random()
        score = generator.random((1000, len(classes))) < prevalence
        score = score.astype(np.float32)
        score[:, generator.random(len(classes)) > 0.3] = np.nan
        none = np.zeros(len(classes), dtype=np.int64)
        sources.append(
            SourceLabels('train', f'source {number}', classes, score, none)
        )
    start = time.process_time()
    report = label_report(sources)
    counted = time.process_time()
    with tempfile.TemporaryDirectory() as root:
        write_label_report(report, report_text(report), root)
    end = time.process_time()
    print(f'{num_sources} sources x {len(classes)} classes, processor time')
    print(f'counts and warnings   {counted - start:6.2f} s')
    print(f'text, JSON, picture   {end - counted:6.2f} s')
    print(f'whole report          {end - start:6.2f} s')


def main() -> None:
    """Print the time of reading and of reporting."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('--sources', type=int, default=0)
    parser.add_argument('--classes', type=int, default=1000)
    args = parser.parse_args()
    if args.sources:
        many_sources(args.sources, args.classes)
        return
    with tempfile.TemporaryDirectory() as root:
        make_nih(root)
        make_chexpert(root)
        cfg = make_config(root)
        start = time.perf_counter()
        sources = sources_of_config(cfg)
        read = time.perf_counter()
        report = label_report(sources)
        text = report_text(report)
        write_label_report(report, text, osp.join(root, 'report'))
        end = time.perf_counter()
    rows = report['splits']['train']['images']
    labels = report['splits']['train']['labels']
    print(f'{rows:,} rows, {labels:,} labels')
    print(f'reading the tables    {read - start:6.2f} s')
    print(f'report and its files  {end - read:6.2f} s')
    print(f'together              {end - start:6.2f} s (goal: 10 s)')


if __name__ == '__main__':
    main()
