"""The data sets that a config needs, and whether they are there."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from mmengine.config import Config

from .recipe_config import datasets_of

_FACTS = Path(__file__).with_name('datasets.yml')


@functools.cache
def _facts() -> dict[str, dict[str, Any]]:
    return yaml.safe_load(_FACTS.read_text(encoding='utf-8'))


def facts_of(node: Mapping[str, Any]) -> dict[str, Any]:
    """Look up the facts about the data set of a dataset.

    Args:
        node (Mapping[str, Any]): Config of a dataset.

    Returns:
        dict[str, Any]: An entry of ``datasets.yml``. Empty for a wrapper, and
        for a data set that is not in the file.

    Examples:
        >>> facts_of(dict(type='MedMNIST', name='dermamnist'))['images']
        7007
    """
    kind = str(node.get('type')).rpartition('.')[2]
    if kind == 'MedMNIST':
        kind = str(node.get('name'))
    of_split = _facts().get(f'{kind} {node.get("split")}')
    return of_split or _facts().get(kind, {})


@dataclass(frozen=True)
class Need:
    """A data set that a config reads.

    Attributes:
        name (str): Name of the data set.
        folder (str): Folder where the data set is expected.
        origin (str): Address of the download.
        size (str): Size of the download.
        missing (tuple[str, ...]): The patterns that no file matches.
    """

    name: str
    folder: str
    origin: str
    size: str
    missing: tuple[str, ...]

    def __str__(self) -> str:
        state = 'there'
        if self.missing:
            state = f'missing: {", ".join(self.missing)}'
        return (
            f'{self.name} in {self.folder}: {state} (from {self.origin}, '
            f'{self.size})'
        )


def needs(cfg: Config) -> dict[str, Need]:
    """Find the data sets that a user must download for a config.

    Args:
        cfg (Config): The config with the final place of its data.

    Returns:
        dict[str, Need]: The data sets by name and folder.
    """
    found: dict[str, Need] = {}
    for node in datasets_of(cfg):
        facts = facts_of(node)
        folder = str(node.get('data_root') or '')
        if 'files' in facts and f'{facts["name"]} {folder}' not in found:
            root = Path(folder).expanduser()
            missing = tuple(
                pattern
                for pattern in facts['files']
                if not any(any(root.glob(p)) for p in pattern.split('|'))
            )
            found[f'{facts["name"]} {folder}'] = Need(
                facts['name'], folder, facts['origin'], facts['size'], missing
            )
    return found


def check_data(configs: Iterable[Config], hint: str = '') -> None:
    """Refuse to start where data is missing.

    Args:
        configs (Iterable[Config]): The configs of all runs.
        hint (str): Another way out, for the message.

    Raises:
        FileNotFoundError: If data is missing. The message names each data
            set, its folder, its origin and its size.
    """
    missing = {
        key: need
        for cfg in configs
        for key, need in needs(cfg).items()
        if need.missing
    }
    if missing:
        lines = [f'  {need}' for need in missing.values()]
        raise FileNotFoundError(
            'data is missing, nothing was run:\n'
            + '\n'.join(lines)
            + '\n--data-root names another folder than data/'
            + (f'; {hint}' if hint else '')
        )
