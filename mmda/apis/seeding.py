"""Give a run its seed: the training, and the images it is trained on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mmengine.config import Config


def set_seed(cfg: Config, seed: int) -> None:
    """Set the seed of the training and of its draws of images.

    ``randomness.seed``, and ``seed`` of every dataset below the training and
    the validation dataloader that has that key: sources that are parts of one
    partition need the same. The test images stay as they are. So does the
    seed of a reader whose type decides by a seed what is tested: images of
    the test must not move into the training.

    Args:
        cfg (Config): The config, changed in place.
        seed (int): From 0.

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
    for split in ('train', 'val'):
        for node in seeded_datasets(cfg, split):
            if _is_wrapper(node) or node.get('type') not in fixed:
                node['seed'] = seed


def seeded_datasets(cfg: Config, split: str) -> Iterator[dict[str, Any]]:
    """Find the datasets of a dataloader that have the key ``seed``.

    Args:
        cfg (Config): The config.
        split (str): 'train', 'val' or 'test'.

    Yields:
        dict[str, Any]: Each of them, wrappers before what they wrap.
    """
    loader = cfg.get(f'{split}_dataloader') or {}
    for node in datasets_below(loader.get('dataset')):
        if 'seed' in node:
            yield node


def datasets_below(node: Any) -> Iterator[dict[str, Any]]:
    """Walk the datasets of a dataloader, wrappers before what they wrap.

    Args:
        node (Any): Dict of a dataset, list of them, or None.

    Yields:
        dict[str, Any]: The dataset and those below its ``dataset`` and
        ``datasets``.
    """
    if isinstance(node, (list, tuple)):
        for child in node:
            yield from datasets_below(child)
    elif isinstance(node, dict):
        yield node
        yield from datasets_below(node.get('dataset'))
        yield from datasets_below(node.get('datasets'))


def _is_wrapper(node: dict[str, Any]) -> bool:
    return 'dataset' in node or 'datasets' in node
