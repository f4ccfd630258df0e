"""Visit the datasets of a dataloader, in a config or built.

This module lies outside of ``mmda.datasets``, whose import needs torch: a
command that only reads configs starts without torch.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any


def walk_datasets(node: Any) -> Iterator[Any]:
    """Visit a dataset and all datasets below it, wrappers first.

    A wrapper keeps the wrapped datasets as ``dataset`` or ``datasets``. The
    wrappers of mmengine and of mmda all do so.

    Args:
        node (Any): A dataset as a config dict or as an object, a list of
            datasets, or None.

    Yields:
        Any: The datasets, as dicts or as objects, in the order of the config.

    Examples:
        >>> source = dict(type='Digits')
        >>> both = dict(type='ConcatDataset', datasets=[source, source])
        >>> [node['type'] for node in walk_datasets(both)]
        ['ConcatDataset', 'Digits', 'Digits']
    """
    if node is None:
        return
    if isinstance(node, Sequence) and not isinstance(node, str):
        for child in node:
            yield from walk_datasets(child)
        return
    yield node
    for key in ('dataset', 'datasets'):
        if isinstance(node, Mapping):
            child = node.get(key)
        else:
            child = getattr(node, key, None)
        yield from walk_datasets(child)
