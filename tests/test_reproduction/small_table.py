"""A table of two short trainings on scikit-learn's digits."""

from reproduction.result import Result

# Mean AUC of each training by seed.
PLAIN = {0: 60.0, 1: 62.0, 2: 61.0}
CHANGED = {0: 64.0, 1: 65.0, 2: 66.5}

TABLE = """
title: Fake table
panels:
  digits:
    title: Digits
    columns: trainings
    prefix: auc/
    metrics: {mAUC: mean, Num 1: 1, Num 7: 7}
    against: plain
    trainings:
      plain:
        config: da/digits.py
        num_samples: 32
        options: &short
          train_dataloader.num_workers: 0
          val_dataloader.num_workers: 0
          test_dataloader.num_workers: 0
          val_dataloader.dataset.indices: 40
          test_dataloader.dataset.indices: 160
          train_cfg.max_epochs: 1
        paper: [60.0, 50.0, 70.0]
      changed:
        config: da/digits.py
        num_samples: 32
        options: {<<: *short, optim_wrapper.optimizer.lr: 0.01}
        paper: [62.5, ~, 69.0]
"""


def write_table(folder):
    """Write the table; return the path of its file."""
    path = folder / 'fake.yml'
    path.write_text(TABLE)
    return path


def make_result(seed, *values, **more):
    """Make a result with these values of auc/mean, auc/1 and auc/7."""
    keys = ('auc/mean', 'auc/1', 'auc/7')
    metrics = dict(zip(keys, values, strict=False))
    return Result('hash', seed, metrics, 10.0, **more)
