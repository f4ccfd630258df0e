"""Worker processes: each may die without any effect on the others."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor
from concurrent.futures import wait as wait_for
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import (
    active_children,
    get_context,
    parent_process,
)
from multiprocessing.connection import wait
from typing import Any

from .result import Result, Run

_CONTEXT = get_context('spawn')
# A process keeps a little of each run (logs, message hubs). It ends before
# that becomes much.
_RUNS_PER_PROCESS = 25
# In a worker process: the progress of its run, 0 to 1. The caller reads it.
_done: Any = None


@dataclass
class Report:
    """News about a run. Without a run: there were no news for a while.

    Attributes:
        run (Run, optional): The run.
        done (float): Part of the training that is done, 0 to 1.
        result (Result, optional): The result, when the run has finished.
        error (str): Why the run ended without a result, or ''.
    """

    run: Run | None = None
    done: float = 0.0
    result: Result | None = None
    error: str = ''


class _Worker:
    """One process, the run that it executes, and the progress of the run.

    Each worker is an executor of one process. In an executor of several
    processes, the death of one process stops all of them, and nothing says
    which run was to blame.
    """

    def __init__(self, one_thread: bool, most_runs: int) -> None:
        # Without a lock: a process that dies could hold it for ever.
        self.done: Any = _CONTEXT.Value('d', lock=False)
        self.pool = ProcessPoolExecutor(
            1, _CONTEXT, _start, (self.done, one_thread)
        )
        self.runs, self.most_runs = 0, most_runs
        self.process: Any = None
        self.broken = False
        self._others = active_children()

    def _started(self) -> list[Any]:
        """Return the process, which the executor keeps to itself."""
        return [p for p in active_children() if p not in self._others]

    def give(self, run: Run, settings: dict[str, Any]) -> Future:
        self.run, self.done.value = run, 0.0
        self.runs += 1
        future = self.pool.submit(_work, run, settings)
        if self.process is None:
            # The executor starts its process now.
            (self.process,) = self._started()
        return future

    def report(self, future: Future) -> Report:
        try:
            answer = future.result()
        except BrokenProcessPool:
            self.broken = True
            # The executor waits for the same process in a thread of its own.
            # Until that thread has noted the exit code, the process counts as
            # alive here, also after `join`.
            while self.process.is_alive():
                time.sleep(0.01)
            how = _how(self.process.exitcode)
            return Report(self.run, error=f'its process ended ({how})')
        if isinstance(answer, str):
            return Report(self.run, error=answer)
        return Report(self.run, 1.0, answer)

    @property
    def is_fresh(self) -> bool:
        if self.broken or not self.process.is_alive():
            return False
        return self.runs < self.most_runs

    def stop(self) -> None:
        # Ctrl-C may come before `give` has found the process.
        for process in [self.process] if self.process else self._started():
            process.terminate()
        self.pool.shutdown()


def run_all(
    runs: Sequence[Run],
    jobs: int = 1,
    data_root: str | None = None,
    resume: bool = False,
    heartbeat: float = 60.0,
    runs_per_process: int = _RUNS_PER_PROCESS,
) -> Iterator[Report]:
    """Execute runs in worker processes.

    A run that fails, or whose process dies, does not affect the other runs.
    The processes end together with the caller, also when the caller is killed.

    Args:
        runs (Sequence[Run]): The runs, in the order of their start.
        jobs (int): Number of processes. With several processes, each one has
            one thread. Defaults to 1.
        data_root (str, optional): Folder that takes the place of ``data/``.
        resume (bool): Whether to continue interrupted runs.
        heartbeat (float): Seconds between two reports of the progress of all
            current runs. Defaults to 60.
        runs_per_process (int): Number of runs after which a new process takes
            the place of a process. The runs of a process import the hosts and
            read the images in memory only once. Defaults to 25.

    Yields:
        Report: The progress of each current run, then the end of a run. After
        a heartbeat without any end, a report without a run follows.
    """
    settings = dict(data_root=data_root, resume=resume)
    waiting = deque(runs)
    busy: dict[Future, _Worker] = {}
    worker = None
    try:
        while waiting or busy:
            while waiting and len(busy) < jobs:
                if worker is not None and not worker.is_fresh:
                    worker.stop()
                    worker = None
                worker = worker or _Worker(jobs > 1, runs_per_process)
                busy[worker.give(waiting.popleft(), settings)] = worker
                worker = None
            if worker is not None:
                worker.stop()
                worker = None
            ended, _ = wait_for(busy, heartbeat, FIRST_COMPLETED)
            for at_work in busy.values():
                yield Report(at_work.run, at_work.done.value)
            if not ended:
                yield Report()
                continue
            # One at a time: the rest is found again at once.
            future = ended.pop()
            worker = busy.pop(future)
            yield worker.report(future)
    finally:
        for at_work in [*busy.values(), *([worker] if worker else [])]:
            at_work.stop()


def _start(done: Any, one_thread: bool) -> None:
    """Prepare a worker process."""
    global _done
    _done = done
    if one_thread:
        # The variables for libraries and for processes of this one.
        os.environ.update(OMP_NUM_THREADS='1', MKL_NUM_THREADS='1')
        import torch

        torch.set_num_threads(1)
    # The parent process answers Ctrl-C: it stops this process.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    # An executor does not end its processes when its own process is killed.
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _set_done(done: float) -> None:
    _done.value = done


def _work(run: Run, settings: dict[str, Any]) -> Result | str:
    """Execute a run in a worker process; return the result or the error.

    All output of the process and its libraries goes to a log file.
    """
    run.folder.parent.mkdir(parents=True, exist_ok=True)
    log = run.folder.with_suffix('.log')
    sys.stdout.flush()
    with open(log, 'w', encoding='utf-8') as file:
        os.dup2(file.fileno(), sys.stdout.fileno())
        os.dup2(file.fileno(), sys.stderr.fileno())
    try:
        from .training import execute

        return execute(run, progress=_set_done, **settings)
    except Exception as error:
        # As text: not every exception can be sent to another process.
        traceback.print_exc()
        message = str(error).splitlines()[:1] or ['']
        return f'{type(error).__name__}: {message[0]} (see {log})'
    finally:
        sys.stdout.flush()


def _how(code: int | None) -> str:
    if code is not None and code < 0:
        return f'signal {-code}'
    return f'exit code {code}'
