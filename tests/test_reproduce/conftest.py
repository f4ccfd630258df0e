"""A small table on scikit-learn's digits, and its runs."""

import pytest
import torch

from mmda.reproduce import command, tables
from mmda.reproduce.table import Recipe, Table, compare_columns
from mmda.reproduce.training import execute
from mmda.reproduce.workers import Report

OPTIONS = {
    'train_dataloader.num_workers': 0,
    'val_dataloader.num_workers': 0,
    'test_dataloader.num_workers': 0,
    'val_dataloader.dataset.indices': 40,
    'test_dataloader.dataset.indices': 160,
    'train_cfg.max_epochs': 1,
}


def make_table(**more):
    """Make a table of two trainings; the second is compared with the first."""
    plain = Recipe('da/digits.py', 32, OPTIONS)
    changed = Recipe('da/digits.py', 32, {**OPTIONS, **more})
    panel = compare_columns(
        'digits',
        'Digits',
        {'mAUC': 'auc/mean', 'Num 1': 'auc/1', 'Num 7': 'auc/7'},
        {'plain': plain, 'changed': changed},
        [[60.0, 62.5], [50.0, None], [70.0, 69.0]],
        against=0,
    )
    return Table('fake', 'Fake table', (panel,))


def in_process(runs, jobs, data_root, resume):
    """Stand in for the worker processes, whose start takes seconds."""
    for run in runs:
        try:
            yield Report(run, 1.0, execute(run, data_root, resume))
        except Exception as error:
            yield Report(run, error=repr(error))


@pytest.fixture
def fake_table(monkeypatch):
    """The table as ``fake``, run in this process."""
    table = make_table(**{'optim_wrapper.optimizer.lr': 0.01})
    monkeypatch.setitem(tables.TABLES, 'fake', table)
    monkeypatch.setattr(command, 'run_all', in_process)
    return table


@pytest.fixture(scope='session')
def finished_runs(tmp_path_factory):
    """Folder in which both trainings of the table have run two seeds."""
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp('reproduce')
    patch = pytest.MonkeyPatch()
    table = make_table(**{'optim_wrapper.optimizer.lr': 0.01})
    with patch.context() as context:
        context.setitem(tables.TABLES, 'fake', table)
        context.setattr(command, 'run_all', in_process)
        command.main(['fake', '--seeds', '2', '--out-dir', str(folder)])
    return folder
