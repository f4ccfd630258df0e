"""The config of a recipe, and a fingerprint of what it trains."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from mmengine.config import Config

from mmda.apis.config import load_config
from mmda.apis.options import RUNNER_KEYS, move_data_root
from mmda.datasets import walk_datasets

from .table import Recipe

#: What the configs below ``configs/da`` name as the folder of all data.
DATA_ROOT = 'data/'
# What decides neither the weights nor the answers.
_NO_CONTENT = {'work_dir', 'launcher', 'resume', 'log_level', 'visualizer'}
_SPLITS = ('train', 'val', 'test')
_QUICK_IMAGES = {'train': 16, 'val': 64, 'test': 256}


def load_recipe(recipe: Recipe, quick: bool = False) -> Config:
    """Load the config of a recipe with its changes.

    Args:
        recipe (Recipe): The recipe.
        quick (bool): Whether to cut it down to seconds. Defaults to False.

    Returns:
        Config: Without a seed, data where the config says.

    Raises:
        FileNotFoundError: If there is no such config.
        ValueError: If an option would change nothing.
    """
    cfg = load_config(f'mmda::{recipe.config}', dict(recipe.options))
    if recipe.num_samples is not None:
        _set_num_samples(cfg, recipe)
    if quick:
        _shorten(cfg)
    return cfg


def fingerprint(cfg: Config) -> str:
    """Return a hash of what a config trains and tests.

    Args:
        cfg (Config): Before seed, work directory and place of the data are
            set, so that these do not count.

    Returns:
        str: 16 hexadecimal digits, equal for equal content.
    """
    content = {
        key: value
        for key, value in cfg.to_dict().items()
        if key in RUNNER_KEYS - _NO_CONTENT
    }
    text = json.dumps(content, sort_keys=True, default=repr)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def move_data(cfg: Config, data_root: str | None) -> None:
    """Let all data sets of a config lie in another folder.

    Args:
        cfg (Config): The config, changed in place.
        data_root (str, optional): In place of ``data/``; None: no change.
    """
    if data_root is not None:
        new = data_root.rstrip('/') + '/'
        move_data_root(cfg._cfg_dict, DATA_ROOT, new)


def _set_num_samples(cfg: Config, recipe: Recipe) -> None:
    drawn = [
        node
        for node in walk_datasets(cfg.train_dataloader.dataset)
        if 'num_samples' in node
    ]
    if not drawn:
        raise ValueError(
            f'{recipe.config}: no training source has `num_samples`, so '
            f'{recipe.num_samples} images cannot be drawn'
        )
    for node in drawn:
        node['num_samples'] = recipe.num_samples


def _shorten(cfg: Config) -> None:
    """Leave one epoch, or two iterations, of a few images."""
    for split in _SPLITS:
        loader = cfg.get(f'{split}_dataloader')
        if loader:
            loader.update(num_workers=0, persistent_workers=False)
            _keep_first(loader['dataset'], _QUICK_IMAGES[split])
            loader.batch_size = min(loader.batch_size, 16)
    if cfg.train_cfg.get('by_epoch', 'max_epochs' in cfg.train_cfg):
        cfg.train_cfg.max_epochs = 1
    else:
        cfg.train_cfg.update(max_iters=2, val_interval=2)


def _keep_first(node: dict[str, Any], number: int) -> None:
    """Keep the first images of every source that is not made of sources."""
    if 'datasets' in node:
        for child in node['datasets']:
            _keep_first(child, number)
    else:
        node['indices'] = number
