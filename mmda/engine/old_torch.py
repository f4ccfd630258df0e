"""Read a checkpoint as data with a torch that cannot do so itself.

``weights_only=True`` is safe from torch 2.6 on. Before, some files could run
code (CVE-2025-32434), and no name could be added to the list of torch.
"""

from __future__ import annotations

import pickle
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any
from zipfile import is_zipfile

import torch
from mmengine.utils import digit_version

#: Whether ``weights_only=True`` of this torch reads data only.
READS_DATA = digit_version(torch.__version__) >= digit_version('2.6')

# What torch 2.6 allows beside tensors. Protocol 2 of pickle stores bytes as a
# call of `encode`.
_BUILTINS = ('_codecs.encode', 'builtins.bytearray', 'builtins.set')


def load_data(path: str, map_location: Any, allowed: Sequence[Any]) -> Any:
    """Read a file of ``torch.save`` as data.

    Args:
        path (str): The file.
        map_location (Any): As in ``torch.load``.
        allowed (Sequence): Classes and functions that the file may name
            beside those of torch, as for ``torch.serialization.safe_globals``:
            an object, or an object with its name.

    Returns:
        Any: The content.

    Raises:
        pickle.UnpicklingError: If the file names anything else, or if it has
            the format before torch 1.6.
    """
    # torch unpacks the older formats in other ways, such as from a tar file.
    if not is_zipfile(path):
        raise pickle.UnpicklingError(
            f'torch {torch.__version__} reads only files as data that torch '
            '1.6 or later wrote whole'
        )
    known = _known_names(allowed)

    class Unpickler(pickle.Unpickler):
        def find_class(self, module: str, name: str) -> Any:
            # Protocol 2 has the names of Python 2.
            module = module.replace('__builtin__', 'builtins')
            if f'{module}.{name}' not in known:
                raise pickle.UnpicklingError(f'GLOBAL {module}.{name}')
            return known[f'{module}.{name}']

    # torch asks the module for nothing else.
    reader = SimpleNamespace(__name__='mmda', Unpickler=Unpickler)
    return torch.load(
        path, map_location, pickle_module=reader, weights_only=False
    )


def _known_names(allowed: Sequence[Any]) -> Mapping[str, Any]:
    # torch has no public name for its list.
    from torch._weights_only_unpickler import _get_allowed_globals

    known = dict(_get_allowed_globals())
    for full in _BUILTINS:
        module, _, name = full.rpartition('.')
        known[full] = getattr(__import__(module), name)
    for item in allowed:
        if not isinstance(item, tuple):
            item = item, f'{item.__module__}.{item.__qualname__}'
        known[item[1]] = item[0]
    return known
