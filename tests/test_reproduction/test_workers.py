"""Worker processes: one that dies takes no other run with it."""

import os
import signal

import pytest
from reproduction import workers
from reproduction.result import Result, Run
from reproduction.table import Recipe


def fake_work(pipe, settings):
    """Finish seed 0, be killed at seed 1, fail at seed 2."""
    while True:
        try:
            run = pipe.recv()
        except EOFError:
            return
        if run.seed == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        if run.seed == 2:
            pipe.send((0.0, None, 'ValueError: no'))
        else:
            pipe.send((0.5, None, ''))
            pipe.send((1.0, Result('', run.seed, {}, os.getpid()), ''))


@pytest.mark.slow
def test_a_worker_that_is_killed_takes_no_other_run_with_it(monkeypatch):
    monkeypatch.setattr(workers, '_work', fake_work)
    runs = [Run(Recipe('a.py'), seed, '', '') for seed in range(4)]
    reports = list(workers.run_all(runs, heartbeat=120))
    ended = {
        report.run.seed: report
        for report in reports
        if report.result or report.error
    }
    assert sorted(ended) == [0, 1, 2, 3]
    assert ended[1].error == 'its process ended (signal 9)'
    assert ended[2].error == 'ValueError: no'
    assert ended[3].result.seed == 3
    assert [r.done for r in reports if r.run.seed == 3] == [0.5, 1.0]
