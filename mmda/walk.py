"""Visit the datasets of a dataloader, in a config or built.

This module lies outside of ``mmda.datasets``, whose import needs torch: a
command that only reads configs starts without torch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
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


def find_outermost(
    node: Any, is_wanted: Callable[[Any], bool]
) -> Iterator[Any]:
    """Find the first wanted dataset on each way down.

    Args:
        node (Any): See :func:`walk_datasets`.
        is_wanted (Callable): Takes a dataset.

    Yields:
        Any: The datasets. What lies below one of them is not visited, and an
        object that stands in two places is found once.

    Examples:
        >>> inner = dict(type='Repeat', dataset=dict(type='Digits'))
        >>> outer = dict(type='Repeat', dataset=inner)
        >>> found = find_outermost(outer, lambda d: d['type'] == 'Repeat')
        >>> [node is outer for node in found]
        [True]
    """
    inside: set[int] = set()
    for one in walk_datasets(node):
        if id(one) not in inside and is_wanted(one):
            inside.update(map(id, walk_datasets(one)))
            yield one


def wraps_nothing(node: Any) -> bool:
    """Tell whether there is no dataset below a dataset.

    Args:
        node (Any): A dataset.

    Returns:
        bool: Whether it is a source without a wrapper.
    """
    return sum(1 for _ in walk_datasets(node)) == 1


def is_source(node: Any) -> bool:
    """Tell whether a dataset of a config gives the images of one source.

    Args:
        node (dict): The config of a dataset.

    Returns:
        bool: Whether it is a ``PartialLabelDataset``, or wraps nothing.
    """
    return is_partial_config(node) or wraps_nothing(node)


def is_partial_config(node: Any) -> bool:
    """Tell whether a config is one of a ``PartialLabelDataset``.

    Args:
        node (dict): The config of a dataset.

    Returns:
        bool: Whether its type has this name, with or without a scope.
    """
    return 'PartialLabelDataset' in str(node.get('type'))
