"""Print the figures of ``docs/benchmarks.md`` in one table.

Runs the other benchmarks one after the other, in about half an hour, and reads
the figures from what they print. ``--only`` chooses some of them.

Example: ``python benchmarks/table.py --only auc.py label_report.py``.
"""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import re
import subprocess
import sys
from pathlib import Path

import mmengine
import mmpretrain
import numpy as np
import torch

import mmda

#: Command -> figure -> what stands before its number.
FIGURES = {
    'short_runs.py --runs 0': {
        '`import mmda` / host': r'import: .*ratio ',
        '`train.py --help` / host': r'--help: .*ratio ',
        '`train.py no.py` / host': r'no such config: .*ratio ',
        'start to first iteration / host': r'first iteration: .*ratio ',
    },
    'short_runs.py --rounds 0 --runs 8 --jobs 2': {
        '`reproduce.py --list`, s': r'--list: ',
        'part of iterations in a short training, %': r'iterations: .* s, ',
        'shared processes / a process for each run': r'ratio ',
    },
    'input.py': {
        'copies / originals, JPEG': r'(?s)jpg.*?mmda, copies .*?/s, +',
        'copies / originals, PNG': r'(?s)png.*?mmda, copies .*?/s, +',
    },
    'step.py --rounds 4': {
        'full step / two plain steps': r'full step .*ratio +',
        'adapter and loss / linear layer and BCE': r'adapter .*ratio +',
        'loss / loss in a Python loop': r'loss / the same .*ratio +',
    },
    'strong_view.py --rounds 20': {
        'grey strong view / three channels, batch 8': r'224, batch 8.*ratio +',
        'the same, batch 32': r'three, 224, batch 32.*ratio +',
        'strong view / torchvision, 32x32': r'vision, 32, .*ratio +',
        'strong view / torchvision, 224x224': r'vision, 224, .*ratio +',
        'peak memory of two views / one view': r'two views / stock: ',
        'the same, `memory_efficient`': r'efficient / stock: ',
    },
    'segmentation.py --rounds 2 --threads 1': {
        'segmentation, adapter / stock step': r'adapter for .*\): ',
        'segmentation, full method / two stock steps': r'full method .*: ',
        'memory of the loss, two views / stock BCE': r'two views / .*BCE: ',
    },
    'assemble.py': {
        'time to assemble / torchxrayvision': r'time \[s\].* ',
        'memory kept / torchxrayvision': r'memory kept .* ',
    },
    'assemble.py --rows 10000000': {
        'peak memory of ten million rows, MB': r'memory at peak +',
    },
    'auc.py': {
        'AUC with DeLong intervals / scikit-learn': r'\nratio  +',
        '`PartialLabelAUC` / scikit-learn': r'whole metric +',
    },
    'auc.py --images 2000 --classes 1000 --head': {
        'evaluation of 1,000 classes, adapter / linear layer': r'ratio +',
    },
    'auc.py --images 20000 --classes 1000 --sources 50 --repeats 1': {
        'AUC, 1,000 classes and 50 sources, s': r'intervals=False +',
        'the same with intervals, s': r'intervals=True +',
    },
    'label_report.py --sources 50': {
        'label report, 1,000 classes and 50 sources, s': r'whole report +',
    },
}


def machine() -> str:
    """Return the date, the machine and the versions in one line."""
    info = Path('/proc/cpuinfo')
    found = info.exists() and re.search(
        'model name\t: (.*)', info.read_text(encoding='utf-8')
    )
    parts = [
        str(datetime.date.today()),
        found[1] if found else platform.machine(),
        f'{os.cpu_count()} cores',
        f'load {os.getloadavg()[0]:.1f}',
        f'Python {platform.python_version()}',
    ]
    modules = (mmda, mmpretrain, mmengine, torch, np)
    return ', '.join(
        parts + [f'{one.__name__} {one.__version__}' for one in modules]
    )


def run(command: str) -> str:
    """Run a benchmark, and return what it prints."""
    script, *arguments = command.split()
    path = Path(__file__).with_name(script)
    done = subprocess.run(
        [sys.executable, str(path), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        env={**os.environ, 'OMP_NUM_THREADS': '1'},
    )
    if done.returncode:
        last = (done.stdout.strip().splitlines() or ['no output'])[-1]
        print(f'{command} failed: {last}', file=sys.stderr)
    return done.stdout


def main() -> None:
    """Run the benchmarks and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    scripts = sorted({command.split()[0] for command in FIGURES})
    parser.add_argument('--only', nargs='+', choices=scripts, default=scripts)
    args = parser.parse_args()
    print(f'{machine()}\n\n| figure | value | `benchmarks/` |\n|---|---:|---|')
    for command, figures in FIGURES.items():
        if command.split()[0] not in args.only:
            continue
        output = run(command)
        for name, before in figures.items():
            found = re.search(rf'{before}([\d,.]+)', output)
            value = found[1].rstrip(',.') if found else 'failed'
            print(f'| {name} | {value} | `{command}` |', flush=True)


if __name__ == '__main__':
    main()
