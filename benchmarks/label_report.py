"""Time of a label report of 335,534 rows, table files to text.

Makes tables of the size of ChestX-ray14 (112,120 rows) and CheXpert (223,414
rows), reads both as the sources of a training, and reports: counts, overlap,
co-occurrence, warnings, text, JSON and picture. Making the tables is not
timed, reading them is.

Example: ``python benchmarks/label_report.py``.
"""

from __future__ import annotations

import argparse
import os.path as osp
import tempfile
import time

from assemble import JOINT, make_chexpert, make_nih
from mmengine.config import Config

from mmda.report.label_report import label_report
from mmda.report.label_report_files import report_text, write_label_report
from mmda.report.source_labels import sources_of_config


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


def main() -> None:
    """Print the time of reading and of reporting."""
    argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    ).parse_args()
    with tempfile.TemporaryDirectory() as root:
        make_nih(root)
        make_chexpert(root)
        cfg = make_config(root)
        start = time.perf_counter()
        sources = sources_of_config(cfg)
        read = time.perf_counter()
        report = label_report(sources)
        report_text(report)
        write_label_report(report, osp.join(root, 'report'))
        end = time.perf_counter()
    rows = report['splits']['train']['images']
    labels = report['splits']['train']['labels']
    print(f'{rows:,} rows, {labels:,} labels')
    print(f'reading the tables    {read - start:6.2f} s')
    print(f'report and its files  {end - read:6.2f} s')
    print(f'together              {end - start:6.2f} s (goal: 10 s)')


if __name__ == '__main__':
    main()
