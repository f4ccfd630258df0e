"""Worker processes: one that dies takes no other run with it."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import active_children
from pathlib import Path

import pytest
import torch
from reproduction import workers
from reproduction.result import Result, Run
from reproduction.table import Recipe, read_table
from small_table import write_table

ROOT = Path(__file__).parents[2]


def fake_work(run, settings):
    """Finish seed 0, be killed at seed 1, fail at seed 2."""
    workers._set_done(0.5)
    if run.seed == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    if run.seed == 2:
        return 'ValueError: no'
    if run.seed == 3:
        time.sleep(1)
    threads = f'{os.environ["OMP_NUM_THREADS"]} {torch.get_num_threads()}'
    return Result(threads, run.seed, {}, os.getpid())


@pytest.mark.slow
@pytest.mark.parametrize('jobs', [1, 2])
def test_a_worker_that_is_killed_takes_no_other_run_with_it(jobs, monkeypatch):
    monkeypatch.setenv('OMP_NUM_THREADS', '7')
    monkeypatch.setattr(workers, '_work', fake_work)
    runs = [Run(Recipe('a.py'), seed, '', '') for seed in (0, 1, 3, 2, 4)]
    reports = list(workers.run_all(runs, jobs, heartbeat=0.2))
    ended = {r.run.seed: r for r in reports if r.run and (r.result or r.error)}
    assert sorted(ended) == [0, 1, 2, 3, 4]
    assert ended[1].error == 'its process ended (signal 9)'
    assert ended[2].error == 'ValueError: no'
    assert ended[3].result.seed == 3
    variable, threads = ended[3].result.content.split()
    assert variable == ('7' if jobs == 1 else '1')
    assert jobs == 1 or threads == '1'
    if jobs == 1:
        # The process of seed 3 is not replaced.
        assert ended[3].result.seconds == ended[4].result.seconds
        assert ended[3].result.seconds != ended[0].result.seconds
    assert any(r.run and r.run.seed == 3 and r.done == 0.5 for r in reports)
    assert any(r.run is None for r in reports)


class EndsAtThirdLook:
    """A process whose end another thread notes a little later."""

    looks, exitcode = 0, None

    def is_alive(self):
        self.looks += 1
        if self.looks == 3:
            self.exitcode = -signal.SIGKILL
        return self.exitcode is None

    def join(self):
        pass


def test_a_broken_worker_is_not_used_again_though_its_process_seems_alive():
    worker = workers._Worker(one_thread=False, most_runs=25)
    worker.run, worker.process = (
        Run(Recipe('a.py'), 0, '', ''),
        EndsAtThirdLook(),
    )
    future = Future()
    future.set_exception(BrokenProcessPool())
    report = worker.report(future)
    worker.pool.shutdown()
    assert report.error == 'its process ended (signal 9)'
    assert not worker.is_fresh


@pytest.mark.slow
def test_a_training_alone_equals_the_third_of_a_process(tmp_path):
    plain, changed = read_table(write_table(tmp_path)).panels[0].recipes
    weights, metrics = {}, {}
    for name, recipes in (
        ('alone', [changed]),
        ('third', [plain, plain, changed]),
    ):
        runs = [
            Run(recipe, seed, name, str(tmp_path / name))
            for seed, recipe in enumerate(recipes, start=3 - len(recipes))
        ]
        reports = list(workers.run_all(runs))
        assert not [report.error for report in reports if report.error]
        last = reports[-1].result
        path = runs[-1].folder / last.checkpoint
        weights[name] = torch.load(path, weights_only=False)['state_dict']
        metrics[name] = last.metrics
    assert runs[-1].seed == 2
    assert metrics['alone'] and metrics['third'] == metrics['alone']
    for key, value in weights['alone'].items():
        torch.testing.assert_close(
            weights['third'][key], value, rtol=0, atol=0
        )


@pytest.mark.slow
def test_a_run_that_fails_leaves_its_output_and_the_reason(tmp_path):
    run = Run(Recipe('da/there_is_none.py'), 0, '', str(tmp_path))
    (report,) = [r for r in workers.run_all([run]) if r.error]
    log = tmp_path / 'da/there_is_none/default/seed_0.log'
    assert report.error.startswith('FileNotFoundError: there is no config')
    assert report.error.endswith(f'(see {log})')
    assert 'Traceback' in log.read_text()


def test_ctrl_c_while_a_process_starts_ends_it(tmp_path, monkeypatch):
    before, seen = active_children(), []

    def interrupted_once():
        seen.append(active_children())
        if len(seen) == 2:
            raise KeyboardInterrupt
        return seen[-1]

    monkeypatch.setattr(workers, 'active_children', interrupted_once)
    with pytest.raises(KeyboardInterrupt):
        list(workers.run_all([Run(Recipe('a.py'), 0, '', str(tmp_path))]))
    assert seen[1] != before
    assert active_children() == before


SCRIPT = """
import os, signal, time
from reproduction import workers
from reproduction.result import Run
from reproduction.table import Recipe

def work(run, settings):
    print('started', os.getpid(), flush=True)
    time.sleep(600)

if __name__ == '__main__':
    # A background job of a shell ignores SIGINT, and its children do, too.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    workers._work = work
    list(workers.run_all([Run(Recipe('a.py'), 0, '', '')]))
"""


@pytest.mark.slow
@pytest.mark.parametrize('how', [signal.SIGINT, signal.SIGKILL])
def test_the_processes_end_with_their_caller(how, tmp_path):
    (tmp_path / 'main.py').write_text(SCRIPT)
    caller = subprocess.Popen(
        [sys.executable, 'main.py'],
        cwd=tmp_path,
        env={**os.environ, 'PYTHONPATH': f'{ROOT}:{ROOT / "tools"}'},
        stdout=subprocess.PIPE,
        text=True,
        stderr=subprocess.DEVNULL,
    )
    # A host may print a line of its own before.
    lines = iter(caller.stdout.readline, '')
    started = next(line for line in lines if line.startswith('started'))
    pid = int(started.split()[1])
    caller.send_signal(how)
    caller.wait(20)
    for _ in range(100):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        # A zombie that nobody reaps has ended, too.
        if Path(f'/proc/{pid}/stat').read_text().split()[2] == 'Z':
            return
        time.sleep(0.1)
    pytest.fail(f'process {pid} goes on')
