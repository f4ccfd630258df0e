"""Bring what the ranks have evaluated to rank 0, with one copy in memory."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from mmengine.dist import (
    all_gather_object,
    barrier,
    collect_results,
    get_world_size,
)

#: Images of a rank that are sent at a time.
_MESSAGE = 1024

#: Columns of a batch of n images: (n, ...) each.
Batch = Sequence[np.ndarray]


def gather_batches(
    batches: Sequence[Batch],
    size: int,
    device: str = 'cpu',
    folder: str | None = None,
) -> list[np.ndarray]:
    """Join the batches of all ranks in the order of the data.

    The host's ``collect_results`` takes all images at once. Then rank 0 holds
    each image several times. Here it gets a few batches at a time.

    Args:
        batches (Sequence[Batch]): The batches of this rank.
        size (int): Number of images, N. The sampler deals images to the ranks
            in turns, and repeats some at the end, which are left out.
        device (str): See ``collect_results``. Defaults to 'cpu'.
        folder (str, optional): ``tmpdir`` of ``collect_results``.

    Returns:
        list[ndarray]: The columns, (N, ...) each. Empty on other ranks.

    Raises:
        ValueError: If no rank has a batch.
    """
    lengths = all_gather_object([len(batch[0]) for batch in batches])
    total = [sum(of_rank) for of_rank in lengths]
    if not any(total):
        raise ValueError('no image was evaluated: the results are empty')
    step = max(1, _MESSAGE // max(map(max, filter(None, lengths))))
    columns: list[np.ndarray] = []
    done = [0] * len(total)
    for start in range(0, max(map(len, lengths)), step):
        part = batches[start : start + step]
        parts = collect_results([part], get_world_size(), device, folder)
        for rank, found in enumerate(parts or ()):
            if not found:  # this rank had fewer batches
                continue
            joined = [np.concatenate(c) for c in zip(*found, strict=True)]
            columns = columns or [
                np.empty((sum(total), *values.shape[1:]), values.dtype)
                for values in joined
            ]
            first, done[rank] = done[rank], done[rank] + len(joined[0])
            rows = _rows(np.arange(first, done[rank]), rank, total)
            for column, values in zip(columns, joined, strict=True):
                column[rows] = values
        barrier()  # or the next message overwrites the files of this one
    return [column[:size] for column in columns]


def _rows(turn: np.ndarray, rank: int, total: Sequence[int]) -> np.ndarray:
    """Return the place in the data of what a rank evaluated in each turn.

    A rank that has no more images is left out of a turn.
    """
    places = np.zeros_like(turn)
    for other, number in enumerate(total):
        places += np.minimum(number, turn + (other < rank))
    return places
