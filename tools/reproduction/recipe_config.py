"""The config of a recipe, and a fingerprint of what the config trains."""

from __future__ import annotations

import copy
import functools
import hashlib
import json
from collections.abc import Iterator
from pprint import pformat
from typing import Any

from mmengine.config import Config

from mmda.apis.config import load_config
from mmda.apis.options import RUNNER_KEYS, apply_options, move_data_root
from mmda.apis.run_config import RunConfig
from mmda.walk import walk_datasets

from .table import Recipe

#: The folder of all data in the configs below ``configs/da``.
DATA_ROOT = 'data/'
# These keys change neither the weights nor the answers.
_NO_CONTENT = {'work_dir', 'launcher', 'resume', 'log_level', 'visualizer'}
_QUICK_IMAGES = {'train': 16, 'val': 64, 'test': 256}


class PlainConfig(RunConfig):
    """The keys that a runner reads, written without formatting.

    The stock formatting takes half a second of each short run.
    """

    def format_text(self) -> str:
        """Write the content as Python text, a key in a line or more."""
        return ''.join(
            f'{key} = {pformat(value, sort_dicts=False)}\n'
            for key, value in self.to_dict().items()
        )


def plain_config(cfg: Config) -> PlainConfig:
    """Keep the keys that a runner reads.

    Args:
        cfg (Config): A complete config.

    Returns:
        PlainConfig: The config without the variables of its files.

    Examples:
        >>> cfg = Config(dict(model=dict(a=1), other=2))
        >>> print(plain_config(cfg).pretty_text)
        model = {'a': 1}
    """
    kept = {k: v for k, v in cfg.to_dict().items() if k in RUNNER_KEYS}
    return PlainConfig(kept)


def load_recipe(recipe: Recipe, quick: bool = False) -> Config:
    """Load the config of a recipe and apply the changes of the recipe.

    Args:
        recipe (Recipe): The recipe.
        quick (bool): Whether to shorten the training to seconds. Defaults to
            False.

    Returns:
        Config: The config without a seed. The data lies where the config
        says.

    Raises:
        FileNotFoundError: If there is no such config.
        ValueError: If a change would have no effect.
    """
    cfg = copy.deepcopy(_load(recipe.config))
    apply_options(cfg, dict(recipe.options))
    if recipe.classes:
        _set_classes(cfg, list(recipe.classes))
    if recipe.num_samples is not None:
        _set_num_samples(cfg, recipe)
    if quick:
        _shorten(cfg)
    return cfg


@functools.cache
def _load(config: str) -> Config:
    return load_config(f'mmda::{config}')


def fingerprint(cfg: Config) -> str:
    """Return a hash of what a config trains and tests.

    Args:
        cfg (Config): The config, before the seed, the work directory and the
            place of the data are set. These do not count.

    Returns:
        str: 16 hexadecimal digits. Equal configs have equal digits.
    """
    content = {
        key: value
        for key, value in cfg.to_dict().items()
        if key in RUNNER_KEYS - _NO_CONTENT
    }
    text = json.dumps(content, sort_keys=True, default=repr)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def move_data(cfg: Config, data_root: str | None) -> None:
    """Replace the folder ``data/`` of all data sets of a config.

    Args:
        cfg (Config): The config. It is changed in place.
        data_root (str, optional): The new folder. None changes nothing.
    """
    if data_root is not None:
        new = data_root.rstrip('/') + '/'
        move_data_root(cfg._cfg_dict, DATA_ROOT, new)


def datasets_of(cfg: Config, *splits: str) -> Iterator[dict[str, Any]]:
    """Visit the datasets of a config.

    Args:
        cfg (Config): The config.
        *splits (str): 'train', 'val' or 'test'. Without any: all three.

    Yields:
        dict[str, Any]: Each dataset, a wrapper before the dataset in it.
    """
    for split in splits or _QUICK_IMAGES:
        loader = cfg.get(f'{split}_dataloader') or {}
        yield from walk_datasets(loader.get('dataset'))


def _set_classes(cfg: Config, classes: list[str]) -> None:
    """Give all sources and the head of a config another label space.

    The annotated classes and the classes of interest stay, unless the new
    label space lacks one of them. Then they become the new label space.
    """
    nodes = [*datasets_of(cfg), cfg.model.head]
    for found in (cfg.val_evaluator, cfg.test_evaluator):
        nodes += found if isinstance(found, list) else [found]
    for node in nodes:
        if 'classes' in node:
            node['classes'] = classes
        if 'num_classes' in node:
            node['num_classes'] = len(classes)
        for key in ('labeled_classes', 'classes_of_interest'):
            if not set(node.get(key) or ()) <= set(classes):
                node[key] = classes


def _set_num_samples(cfg: Config, recipe: Recipe) -> None:
    drawn = [n for n in datasets_of(cfg, 'train') if 'num_samples' in n]
    if not drawn:
        raise ValueError(
            f'{recipe.config}: no training source has `num_samples`, so '
            f'{recipe.num_samples} images cannot be drawn'
        )
    for node in drawn:
        node['num_samples'] = recipe.num_samples


def _shorten(cfg: Config) -> None:
    """Leave one epoch, or two iterations, of a few images."""
    for split, number in _QUICK_IMAGES.items():
        loader = cfg.get(f'{split}_dataloader')
        if loader:
            loader.update(num_workers=0, persistent_workers=False)
            loader.batch_size = min(loader.batch_size, 16)
            _keep_first(loader['dataset'], number)
    if cfg.train_cfg.get('by_epoch', 'max_epochs' in cfg.train_cfg):
        cfg.train_cfg.max_epochs = 1
    else:
        cfg.train_cfg.update(max_iters=2, val_interval=2)


def _keep_first(node: dict[str, Any], number: int) -> None:
    """Keep the first images of every source of a dataset."""
    if 'datasets' in node:
        for child in node['datasets']:
            _keep_first(child, number)
    else:
        node['indices'] = number
