"""Read a checkpoint as data: nothing that the file brings along is run."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial, wraps
from typing import Any

import numpy as np
import torch
from mmengine.config import ConfigDict
from mmengine.logging import HistoryBuffer
from mmengine.runner import CheckpointLoader

from .old_torch import READS_DATA, load_data

#: How a message names the way to load a file that can run code.
UNSAFE_HINT = (
    'If you trust who wrote the file, load it with --unsafe-load (in Python: '
    'unsafe_load=True). It can then run any code'
)
_STATISTICS = ('min', 'max', 'current', 'mean')
# Parts of a checkpoint that are a dict, or None. A part comes after the part
# that holds it.
_DICTS = (
    *(('state_dict',), ('meta',), ('meta', 'dataset_meta')),
    ('optimizer',),
    *(('message_hub',), ('message_hub', 'runtime_info')),
)
_FORCE = 'TORCH_FORCE_WEIGHTS_ONLY_LOAD'
_FORBID = 'TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD'


def load_checkpoint(
    path: str, map_location: Any = 'cpu', unsafe_load: bool = False
) -> dict[str, Any]:
    """Read a checkpoint.

    Args:
        path (str): Path, or an address that mmengine knows.
        map_location (Any): As in ``torch.load``. Defaults to 'cpu'.
        unsafe_load (bool): See :func:`checkpoint_loading`.

    Returns:
        dict[str, Any]: The checkpoint.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is no checkpoint, or holds more than data.
    """
    with checkpoint_loading(unsafe_load):
        return CheckpointLoader.load_checkpoint(path, map_location)


@contextmanager
def checkpoint_loading(unsafe_load: bool = False) -> Iterator[None]:
    """Decide how mmengine reads checkpoints in this block.

    This covers ``load_from``, ``resume`` and pretrained weights of a model,
    from files and from addresses. The stock loaders fall back to a load that
    runs code if a file is not only data.

    Args:
        unsafe_load (bool): False reads data only: tensors, numbers, text and
            what mmengine stores beside weights. True lets a file run code.
            Defaults to False.
    """
    # mmengine has no public name for the table of its loaders.
    before = dict(CheckpointLoader._schemes)
    for prefix, loader in before.items():
        own = partial(_load_file, unsafe_load) if prefix == '' else loader
        if prefix and not unsafe_load:
            own = _as_data(loader)
        own = wraps(loader)(_checked(own, unsafe_load))
        CheckpointLoader.register_scheme(prefix, own, force=True)
    try:
        yield
    finally:
        for prefix, loader in before.items():
            CheckpointLoader.register_scheme(prefix, loader, force=True)


def _load_file(
    unsafe_load: bool, filename: str, map_location: Any = None
) -> Any:
    path = os.path.expanduser(filename)
    if not os.path.isfile(path):
        raise FileNotFoundError(f'there is no checkpoint {filename}')
    if unsafe_load:
        return torch.load(path, map_location, weights_only=False)
    if not READS_DATA:
        return load_data(path, map_location, _safe_globals())
    with torch.serialization.safe_globals(_safe_globals()):
        return torch.load(path, map_location, weights_only=True)


def _as_data(loader: Callable) -> Callable:
    """Let a loader of addresses read data only.

    mmengine gives no argument for this. torch has a switch for the process.
    """

    def load(filename: str, map_location: Any = None) -> Any:
        if not READS_DATA:
            # The loaders give no file in between.
            raise ImportError(
                f'{filename}: torch {torch.__version__} cannot read an '
                'address as data, torch 2.6 can. Download the file and give '
                f'its path. Or: {UNSAFE_HINT}'
            )
        names = (_FORCE, _FORBID)
        before = {name: os.environ.pop(name, None) for name in names}
        os.environ[_FORCE] = '1'
        try:
            with torch.serialization.safe_globals(_safe_globals()):
                return loader(filename, map_location=map_location)
        finally:
            del os.environ[_FORCE]
            os.environ |= {k: v for k, v in before.items() if v is not None}

    return load


def _checked(loader: Callable, unsafe_load: bool) -> Callable:
    """Let a loader raise clear errors, and give no text that mmengine runs."""

    def load(filename: str, map_location: Any = None) -> dict:
        try:
            content = loader(filename, map_location=map_location)
        except (OSError, ImportError, MemoryError):
            raise
        except Exception as error:  # torch raises many kinds for a bad file
            raise ValueError(_why_not_read(filename, error)) from error
        if not isinstance(content, dict):
            raise ValueError(
                f'{filename} is no checkpoint: expected a dict of weights, '
                f'found {type(content).__name__}'
            )
        _check_kinds(filename, content)
        # Old checkpoints hold a text here that Runner.resume executes.
        if not unsafe_load and isinstance(content.get('meta'), dict):
            content['meta'].pop('config', None)
        return content

    return load


def _check_kinds(filename: str, content: dict) -> None:
    """Refuse parts of a checkpoint that mmda reads and that are no dict."""
    for keys in _DICTS:
        node: Any = content
        for key in keys:
            node = (node or {}).get(key)
        if node is not None and not isinstance(node, dict):
            raise ValueError(
                f'{filename}, {".".join(keys)}: found {node!r:.80}, expected '
                'a dict'
            )
    meta = (content.get('meta') or {}).get('dataset_meta') or {}
    classes = meta.get('classes')
    if classes is not None and (
        not isinstance(classes, (list, tuple))
        or not all(isinstance(name, str) for name in classes)
    ):
        raise ValueError(
            f'{filename}, meta.dataset_meta.classes: found {classes!r:.80}, '
            'expected a list of names'
        )


def _why_not_read(filename: str, error: Exception) -> str:
    text = str(error)
    found = re.search(r"(?:GLOBAL |but got <class ')([\w.]+)", text)
    if found is not None:
        return (
            f'{filename} holds `{found[1]}`: this is no weight, number or '
            f'text, and loading it can run code. {UNSAFE_HINT}'
        )
    # torch begins with the advice to load without weights_only.
    why = text.rpartition('WeightsUnpickler error:')[2].strip().splitlines()
    reason = f'{why[0]:.160}' if why else 'it is empty or cut'
    return (
        f'{filename} is no checkpoint that can be read as data: '
        f'{type(error).__name__}, {reason}'
    )


def _statistic(owner: Any, name: str) -> Any:
    """Stand in for ``getattr``, by which a HistoryBuffer stores methods."""
    if owner is HistoryBuffer and name in _STATISTICS:
        return getattr(owner, name)
    raise ValueError(f'GLOBAL builtins.getattr of {owner!r} and {name!r}')


def _safe_globals() -> list:
    """List what mmengine stores beside weights: logs, metainfo, random states.

    None of these runs code of the file. The list of mmengine has ``getattr``,
    which reaches every function.
    """
    reconstruct = np.zeros(0).__reduce__()[0]
    scalar = np.float64(0).__reduce__()[0]
    allowed: list = [HistoryBuffer, ConfigDict, np.ndarray, np.dtype]
    allowed += {type(np.dtype(kind)) for kind in '?bBhHiIlLqQefdFDSU'}
    allowed.append((_statistic, 'builtins.getattr'))
    for core in ('core', '_core'):  # numpy 1 and numpy 2 wrote these names
        start = f'numpy.{core}.multiarray.'
        allowed.append((reconstruct, f'{start}_reconstruct'))
        allowed.append((scalar, f'{start}scalar'))
    return allowed
