"""Give each batch of a data loader random numbers of its own."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader


class BatchSeeds:
    """Seed the workers of a data loader before each batch.

    The workers of a data loader are some batches ahead of the training, so
    their random states cannot be saved with a checkpoint. With this class,
    the random numbers of a batch depend on the seed, the rank, the epoch and
    the number of the batch, and on nothing else. A resumed training gives the
    number of its first batch to new workers.

    A worker w of W makes the batches w, w + W, w + 2 W of each epoch. It
    calls no function of ours before a batch, but ``collate_fn`` at the end of
    each batch. So this class takes the place of ``collate_fn``: it collates a
    batch, then it seeds for the next one.

    Args:
        loader (DataLoader): A loader with workers that have not been started.
            Its ``collate_fn`` and ``worker_init_fn`` are replaced by ones
            that call them.
        seed (int): Seed of the training, at least 0.
        rank (int): Rank of this process.
        endless (bool): Whether the loader has no epochs.
        passes (Any, optional): The sampler, whose ``epoch`` counts the passes
            over the data. A loop over iterations starts new workers for each
            pass. Defaults to None: ``start`` says it.
    """

    def __init__(
        self,
        loader: DataLoader,
        seed: int,
        rank: int,
        endless: bool,
        passes: Any = None,
    ) -> None:
        self.collate: Callable[[Any], Any] = loader.collate_fn
        self.prepare = loader.worker_init_fn
        self.key = (seed, rank)
        self.workers = loader.num_workers
        self.batches = None if endless else len(loader)
        #: Where workers that are started now begin: epoch and batch.
        self.start = (0, 0)
        self.passes = passes
        self.worker = self.done = 0
        loader.collate_fn = self
        loader.worker_init_fn = self.start_worker

    def start_worker(self, worker: int) -> None:
        """Prepare a worker, and seed its first batch.

        Args:
            worker (int): Number of the worker, from 0.
        """
        if self.prepare is not None:
            self.prepare(worker)
        if self.passes is not None:
            self.start = (getattr(self.passes, 'epoch', 0), 0)
        self.worker, self.done = worker, 0
        self._seed()

    def __call__(self, samples: Sequence) -> Any:
        """Collate a batch, and seed the next one.

        Args:
            samples (Sequence): The samples of a batch.

        Returns:
            Any: What the ``collate_fn`` of the loader returns.
        """
        batch = self.collate(samples)
        self.done += 1
        self._seed()
        return batch

    def next_batch(self) -> tuple[int, int]:
        """Say which batch this worker makes next.

        Returns:
            tuple[int, int]: The epoch and the number of the batch in it.
        """
        epoch, first = self.start
        epochs, turn = 0, self.done
        if self.batches is not None:
            own = len(range(self.worker, self.batches, self.workers))
            epochs, turn = divmod(self.done, max(own, 1))
        return epoch + epochs, first + self.worker + turn * self.workers

    def _seed(self) -> None:
        words = np.random.SeedSequence((*self.key, *self.next_batch()))
        seeds = words.generate_state(4)
        np.random.seed(seeds)
        random.seed(int(seeds[0]))
        torch.manual_seed(int(seeds[1]))
