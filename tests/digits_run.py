"""One short training on digits, shared by the tests that need a model."""

import functools
import tempfile
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.runner import Runner

CONFIG = Path(__file__).resolve().parents[1] / 'configs' / 'da' / 'digits.py'


def short_config(folder):
    """Return the config of two epochs that start no worker process."""
    cfg = Config.fromfile(CONFIG)
    cfg.work_dir = str(folder)
    cfg.launcher = 'none'
    cfg.train_cfg.max_epochs = 2
    for key in ('train', 'val', 'test'):
        loader = cfg[f'{key}_dataloader']
        loader.num_workers = 0
        loader.persistent_workers = False
        loader.collate_fn = dict(type='default_collate')
    return cfg


@functools.cache
def train_digits():
    """Train two epochs; nobody annotates the 7. Return the work folder.

    It holds ``config.py``, ``epoch_2.pth`` and the label report.
    """
    torch.set_num_threads(1)
    folder = tempfile.mkdtemp()
    cfg = short_config(folder)
    first, second = cfg.train_dataloader.dataset.datasets
    first.num_samples = second.num_samples = 96
    second.labeled_classes = ['3', '4', '5', '6']
    cfg.default_hooks.pop('run_report')
    cfg.default_hooks.label_report = dict(type='LabelReportHook')
    runner = Runner.from_cfg(cfg)
    runner.train()
    cfg.dump(Path(folder) / 'config.py')
    return Path(folder)
