"""A small table on scikit-learn's digits, and its runs."""

import pytest
import torch
from reproduction import command, tables, training
from reproduction.workers import Report
from small_table import make_table


def in_process(runs, jobs, data_root, resume):
    """Stand in for the worker processes, whose start takes seconds."""
    for run in runs:
        try:
            yield Report(run, 1.0, training.execute(run, data_root, resume))
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
