"""A small table on scikit-learn's digits, and its runs."""

import pytest
import torch
from reproduction import command, training
from reproduction.summary import summarise
from reproduction.table import read_table
from reproduction.workers import Report
from small_table import CHANGED, PLAIN, make_result, write_table


def in_process(runs, jobs, data_root, resume):
    """Stand in for the worker processes, whose start takes seconds."""
    for run in runs:
        try:
            yield Report(run, 1.0, training.execute(run, data_root, resume))
        except Exception as error:
            yield Report(run, error=repr(error))


@pytest.fixture
def fake_table(monkeypatch, tmp_path):
    """The file of the table, whose runs are executed in this process."""
    monkeypatch.setattr(command, 'run_all', in_process)
    return write_table(tmp_path)


@pytest.fixture(scope='session')
def finished_runs(tmp_path_factory):
    """Folder in which both trainings of the table have run two seeds."""
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp('reproduce')
    with pytest.MonkeyPatch.context() as context:
        context.setattr(command, 'run_all', in_process)
        table = str(write_table(folder))
        command.main([table, '--seeds', '2', '--out-dir', str(folder)])
    return folder


@pytest.fixture
def table(tmp_path):
    return read_table(write_table(tmp_path))


@pytest.fixture
def found(table):
    """The summaries of the table: seed 3 diverged, seed 4 has a NaN."""
    plain, changed = table.panels[0].recipes
    results = {
        plain.key: {s: make_result(s, v, 50.0, v) for s, v in PLAIN.items()},
        changed.key: {
            **{s: make_result(s, v, 51.0, v) for s, v in CHANGED.items()},
            3: make_result(3, diverged='loss is nan'),
            4: make_result(4, 70.0, 51.0, float('nan')),
        },
    }
    return summarise(table.panels[0], results)
