"""Two processes joined by gloo on the CPU, started once for all tests."""

import functools
import os
import tempfile
import traceback

import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from mmengine.logging import MessageHub


def _serve(rank, folder, pipe):
    os.chdir(folder)  # mmengine collects results in the working folder
    torch.set_num_threads(1)
    dist.init_process_group(
        'gloo', init_method=f'file://{folder}/meet', rank=rank, world_size=2
    )
    while True:
        function, args = pipe.recv()
        try:
            pipe.send((True, function(rank, *args)))
        except Exception:
            pipe.send((False, traceback.format_exc()))
        # A training leaves its progress, which the next loss would read.
        MessageHub._instance_dict.clear()


@functools.cache
def _pipes():
    context = mp.get_context('spawn')
    folder = tempfile.mkdtemp()
    pipes = []
    for rank in range(2):
        ours, theirs = context.Pipe()
        context.Process(
            target=_serve, args=(rank, folder, theirs), daemon=True
        ).start()
        pipes.append(ours)
    return pipes


def run_on_two_ranks(function, *args, seconds=180):
    """Call ``function(rank, *args)`` in both processes, return both results.

    The function and what it gives are pickled: a function of a module, plain
    numbers, arrays.
    """
    for pipe in _pipes():
        pipe.send((function, args))
    answers = []
    for rank, pipe in enumerate(_pipes()):
        if not pipe.poll(seconds):
            raise TimeoutError(f'rank {rank} is silent for {seconds} s')
        answers.append(pipe.recv())
    for good, answer in answers:
        if not good:
            raise RuntimeError(answer)
    return [answer for _, answer in answers]
