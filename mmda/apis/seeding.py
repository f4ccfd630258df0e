"""Set the seed of a run: of the training, and of the draws of its images."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from mmengine.config import Config

from mmda.walk import walk_datasets


def set_seed(cfg: Config, seed: int) -> None:
    """Set the seed of a training and of its draws of images.

    This sets ``randomness.seed``. It also sets ``seed`` of every training and
    validation dataset that has the key, so that sources which are parts of
    one partition share one seed. The seeds of the test data stay. What
    splits training and test data by its seed keeps this seed, too: a reader,
    or a ``PartialLabelDataset`` whose ``part`` is one of random parts. So no
    test image moves into the training. Such a dataset draws the images of
    ``num_samples`` by the same seed, which stays, too.

    Args:
        cfg (Config): The config, changed in place.
        seed (int): 0 or more.

    Raises:
        ValueError: If the seed is negative.

    Examples:
        >>> source = dict(type='PartialLabelDataset', dataset={}, seed=1)
        >>> cfg = Config(dict(train_dataloader=dict(dataset=source)))
        >>> set_seed(cfg, 7)
        >>> cfg.train_dataloader.dataset.seed, cfg.randomness.seed
        (7, 7)
    """
    if seed < 0:
        raise ValueError(f'seed {seed}: expected 0 or more')
    cfg.randomness = dict(cfg.get('randomness') or {}, seed=seed)
    fixed = {
        node.get('type')
        for node in seeded_datasets(cfg, 'test')
        if not _is_wrapper(node)
    }
    tested = (cfg.get('test_dataloader') or {}).get('dataset')
    divided = [_source(n) for n in walk_datasets(tested) if _draws_part(n)]
    for split in ('train', 'val'):
        for node in seeded_datasets(cfg, split):
            if _draws_part(node) and _source(node) in divided:
                continue
            if _is_wrapper(node) or node.get('type') not in fixed:
                node['seed'] = seed


def seeded_datasets(cfg: Config, split: str) -> Iterator[dict[str, Any]]:
    """Find the datasets of a dataloader that have the key ``seed``.

    Args:
        cfg (Config): The config.
        split (str): 'train', 'val' or 'test'.

    Yields:
        dict[str, Any]: The datasets, wrappers first.
    """
    loader = cfg.get(f'{split}_dataloader') or {}
    for node in walk_datasets(loader.get('dataset')):
        if 'seed' in node:
            yield node


def _is_wrapper(node: dict[str, Any]) -> bool:
    return 'dataset' in node or 'datasets' in node


def _draws_part(node: dict[str, Any]) -> bool:
    """Tell whether a wrapper takes one of the parts that its seed draws."""
    part = node.get('part')
    if part is None or not _is_wrapper(node):
        return False
    # The second entry may be the file of `mmda split`, which draws nothing.
    return not isinstance(part[1], str)


def _source(node: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what says which images the source of a wrapper has.

    These are the reader, and the parts that wrappers take of it. Other
    options, such as a policy for uncertain labels, choose no image.
    """
    keys = ('type', 'data_root', 'data_prefix', 'ann_file', 'split', 'part')
    found = []
    while 'dataset' in node:
        node = node['dataset']
        is_reader = 'dataset' not in node
        if is_reader or node.get('part') is not None:
            # The file of a reader; a wrapper's name is free.
            own = ('name', 'file') if is_reader else ()
            found.append({key: _place(node.get(key)) for key in (*keys, *own)})
    return found


def _place(value: Any) -> Any:
    """Write a folder or a file in one way: 'a', 'a/' and './a' are one."""
    if isinstance(value, dict):
        return {key: _place(one) for key, one in value.items()}
    if isinstance(value, str):
        value = os.path.normpath(value)
    return None if value == '.' else value  # the folder of the run
