"""Worker processes that outlive a run, and of which each may die."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import traceback
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection, wait
from typing import Any

from .result import Result, Run

_CONTEXT = get_context('spawn')
# What the hosts keep of each run (logs, message hubs) stays small.
_RUNS_PER_PROCESS = 25
_THREADS = ('OMP_NUM_THREADS', 'MKL_NUM_THREADS')


@dataclass
class Report:
    """What is heard of a run, or of nothing for a while.

    Attributes:
        run (Run, optional): Which; None: nothing was heard.
        done (float): Part of its training that is done, 0 to 1.
        result (Result, optional): When it has finished.
        error (str): Why it ended without a result, or ''.
    """

    run: Run | None = None
    done: float = 0.0
    result: Result | None = None
    error: str = ''


class _Worker:
    """A process and the run it is at."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self.pipe, other = _CONTEXT.Pipe()
        self.process = _CONTEXT.Process(target=_work, args=(other, settings))
        self.process.start()
        other.close()
        self.run: Run | None = None
        self.runs = 0

    def give(self, run: Run) -> None:
        self.run = run
        self.runs += 1
        # One that is dead already is found so when it is listened to.
        with contextlib.suppress(BrokenPipeError, ConnectionError):
            self.pipe.send(run)

    def hear(self) -> Report:
        assert self.run is not None
        try:
            done, result, error = self.pipe.recv()
        except (EOFError, ConnectionError):
            self.process.join()
            return Report(
                self.run,
                error=f'its process ended ({_how(self.process.exitcode)})',
            )
        return Report(self.run, done, result, error)

    def stop(self) -> None:
        self.process.terminate()
        self.process.join(10)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
        self.pipe.close()


def run_all(
    runs: Sequence[Run],
    jobs: int = 1,
    data_root: str | None = None,
    resume: bool = False,
    heartbeat: float = 60.0,
) -> Iterator[Report]:
    """Execute runs in worker processes.

    A run that fails, or whose process dies, does not touch the others. The
    processes end with the caller, also when that is killed.

    Args:
        runs (Sequence[Run]): What to run, in this order.
        jobs (int): Number of processes; with several, each has one thread.
            Defaults to 1.
        data_root (str, optional): In place of ``data/``.
        resume (bool): Whether to go on with interrupted runs.
        heartbeat (float): Seconds without news after which an empty report
            comes. Defaults to 60.

    Yields:
        Report: Progress and the end of each run.
    """
    settings = dict(data_root=data_root, resume=resume)
    waiting = deque(runs)
    workers: list[_Worker] = []
    with _one_thread_each(jobs > 1):
        try:
            while waiting or workers:
                while waiting and len(workers) < jobs:
                    workers.append(_Worker(settings))
                    workers[-1].give(waiting.popleft())
                pipes = {worker.pipe: worker for worker in workers}
                heard = wait(list(pipes), heartbeat)
                if not heard:
                    yield Report()
                for pipe in heard:
                    assert isinstance(pipe, Connection)
                    worker = pipes[pipe]
                    report = worker.hear()
                    yield report
                    if report.result is None and not report.error:
                        continue
                    if (
                        waiting
                        and worker.process.is_alive()
                        and worker.runs < _RUNS_PER_PROCESS
                    ):
                        worker.give(waiting.popleft())
                    else:
                        workers.remove(worker)
                        worker.stop()
        finally:
            for worker in workers:
                worker.stop()


@contextlib.contextmanager
def _one_thread_each(wanted: bool) -> Iterator[None]:
    """Let processes that are started inside use one thread each."""
    before = {name: os.environ.get(name) for name in _THREADS}
    if wanted:
        os.environ.update(dict.fromkeys(_THREADS, '1'))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is not None:
                os.environ[name] = value
            else:
                os.environ.pop(name, None)


def _work(pipe: Connection, settings: dict[str, Any]) -> None:
    """Execute the runs that come through a pipe, until it is closed."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    # Ctrl-C is the parent's to answer; it stops this process.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    from .training import execute

    while True:
        try:
            run = pipe.recv()
        except EOFError:
            return
        pipe.send(_try(run, pipe, execute, settings))


def _try(
    run: Run, pipe: Connection, execute: Any, settings: dict[str, Any]
) -> tuple[float, Result | None, str]:
    run.folder.parent.mkdir(parents=True, exist_ok=True)
    log = run.folder.with_suffix('.log')
    with open(log, 'w', encoding='utf-8') as file, _output_to(file):
        try:
            result = execute(
                run,
                progress=lambda done: pipe.send((done, None, '')),
                **settings,
            )
            return 1.0, result, ''
        except Exception as error:
            traceback.print_exc()
            message = str(error).splitlines()[:1] or ['']
            return (
                0.0,
                None,
                f'{type(error).__name__}: {message[0]} (see {log})',
            )


@contextlib.contextmanager
def _output_to(file: Any) -> Iterator[None]:
    """Let all that this process and its libraries print go to a file."""
    sys.stdout.flush()
    sys.stderr.flush()
    saved = os.dup(1), os.dup(2)
    os.dup2(file.fileno(), 1)
    os.dup2(file.fileno(), 2)
    try:
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        for number, copy in zip((1, 2), saved, strict=True):
            os.dup2(copy, number)
            os.close(copy)


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _how(code: int | None) -> str:
    if code is not None and code < 0:
        return f'signal {-code}'
    return f'exit code {code}'
