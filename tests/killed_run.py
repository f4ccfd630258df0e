"""Trainings that are killed at random moments and resumed.

``python tests/killed_run.py FOLDER CASES`` trains without an interruption,
then again with kills, for each case: a JSON list of dicts with ``loop``
('epoch' or 'iteration'), ``workers``, ``kills`` and ``seed``. It prints, as a
JSON list, how the ends differ. All trainings are forks of one process, which
has imported everything once.
"""

import json
import os
import random
import re
import signal
import sys
import time
import traceback
from pathlib import Path

import torch
from mmengine.config import Config

import mmda.models  # noqa: F401
from mmda.commands import train

ROOT = Path(__file__).resolve().parents[1]


def write_config(path, loop, workers):
    """Digits, a dual view, Adam, a scheduler, early stopping, dropout."""
    cfg = Config.fromfile(ROOT / 'configs/da/digits.py')
    small = Config.fromfile(
        ROOT / 'configs/_base_/models/dynamic_adapter_small_cnn.py'
    ).model
    small.head.classes = cfg.classes
    small.data_preprocessor.update(mean=[127.5] * 3, std=[127.5] * 3)
    small.backbone.update(in_channels=3, base_channels=4, stem_channels=4)
    small.head.in_channels = 16
    cfg.model = small
    for source in cfg.train_dataloader.dataset.datasets:
        source.num_samples = 40
        source.dataset.pipeline.insert(
            1, dict(type='RandomFlip', prob=0.5, direction='horizontal')
        )
    cfg.train_dataloader.batch_size = 16
    cfg.val_dataloader.dataset.num_samples = 32
    for key in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        cfg[key].num_workers = workers
        cfg[key].persistent_workers = bool(workers)
    cfg.default_hooks.early_stopping.patience = 3
    cfg.default_hooks.run_summary.figures = False
    cfg.default_hooks.pop('run_report')
    del cfg.default_hooks['label_report']
    if loop == 'epoch':
        cfg.train_cfg.max_epochs = 5
    else:
        # 5 batches are an epoch, so most checkpoints lie within one.
        cfg.train_cfg = dict(by_epoch=False, max_iters=24, val_interval=8)
        cfg.train_dataloader.sampler.type = 'InfiniteSampler'
        cfg.default_hooks.checkpoint.update(by_epoch=False, interval=4)
        cfg.default_hooks.logger.update(log_metric_by_epoch=False)
        cfg.log_processor = dict(by_epoch=False)
        cfg.default_hooks.early_stopping.patience = 2
    cfg.dump(path)


def start(config, folder):
    """Start a training in a process group of its own."""
    Path(f'{folder}.out').touch()
    child = os.fork()
    if child:
        return child
    os.setsid()
    log = os.open(f'{folder}.out', os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    # Laying out a config for the log takes longer than a training here.
    from yapf.yapflib import yapf_api

    yapf_api.FormatCode = lambda text, **_: (text, True)
    status = 1
    try:
        train.main([str(config), '--work-dir', str(folder), '--resume'])
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


def run_to_its_end(config, folder, moment=None):
    """Train; kill ``moment`` seconds after the first line of the training.

    Returns the seconds of the training, and whether it was killed.
    """
    log, killed = Path(f'{folder}.out'), False
    child = start(config, folder)
    while 'Checkpoints will be saved' not in log.read_text():
        if os.waitpid(child, os.WNOHANG)[0]:
            raise RuntimeError(log.read_text()[-3000:])
        time.sleep(0.01)
    began = time.monotonic()
    if moment is not None:
        time.sleep(moment)
        if os.waitpid(child, os.WNOHANG)[0]:
            return time.monotonic() - began, False  # it was quicker
        os.killpg(child, signal.SIGKILL)
        os.waitpid(child, 0)
        child, killed = start(config, folder), True
    if os.waitpid(child, 0)[1]:
        raise RuntimeError(log.read_text()[-3000:])
    return time.monotonic() - began, killed


def last_state(folder):
    name = Path((folder / 'last_checkpoint').read_text()).name
    saved = torch.load(folder / name, weights_only=False)
    return dict(
        name=name,
        weights=saved['state_dict'],
        optimizer=saved['optimizer'],
        schedulers=saved['param_schedulers'],
        stopping=saved['early_stopping'],
    )


def differences(a, b, place=''):
    """Places at which two nested states are not equal, bit by bit."""
    if isinstance(a, dict):
        if a.keys() != b.keys():
            return [f'{place}: keys']
        return sum((differences(a[k], b[k], f'{place}.{k}') for k in a), [])
    if isinstance(a, (list, tuple)):
        if len(a) != len(b):
            return [f'{place}: length']
        both = zip(a, b, strict=True)
        return sum((differences(x, y, place) for x, y in both), [])
    same = torch.equal(a, b) if torch.is_tensor(a) else a == b
    return [] if same else [place]


def run_case(folder, loop, workers, kills, seed):
    folder.mkdir(parents=True)
    config = folder / 'tiny.py'
    write_config(config, loop, workers)
    seconds, _ = run_to_its_end(config, folder / 'whole')
    expected = last_state(folder / 'whole')
    draw = random.Random(seed)
    found = dict(seconds=round(seconds, 2), name=expected['name'], runs=[])
    while len(found['runs']) < kills:
        moment = draw.uniform(0, seconds)
        broken = folder / f'killed{len(os.listdir(folder))}'
        if run_to_its_end(config, broken, moment)[1]:
            log = Path(f'{broken}.out').read_text()
            wrong = differences(expected, last_state(broken))
            resumed = re.findall('resumed epoch: .*', log)
            run = dict(moment=round(moment, 2), differences=wrong[:5])
            found['runs'].append({**run, 'resumed': resumed})
    return found


if __name__ == '__main__':
    torch.set_num_threads(1)
    root = Path(sys.argv[1])
    print(
        json.dumps(
            [
                run_case(root / str(number), **case)
                for number, case in enumerate(json.loads(sys.argv[2]))
            ]
        )
    )
