"""What a wrapper asks of the dataset that it wraps, whichever it is."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from mmengine.dataset import BaseDataset, Compose
from mmengine.registry import DATASETS


def build_lazily(dataset: dict | BaseDataset) -> BaseDataset:
    """Build a source that is read in `full_init`, where errors are named.

    Args:
        dataset (dict | BaseDataset): A config, or a dataset: returned as is.

    Returns:
        BaseDataset: Not yet read, where its class can wait.
    """
    if not isinstance(dataset, dict):
        return dataset
    scope = dataset.get('_scope_')
    with DATASETS.switch_scope_and_registry(scope) as registry:
        kind = dataset.get('type')
        kind = registry.get(kind) if isinstance(kind, str) else kind
    parameters = inspect.signature(kind).parameters if kind else {}
    # Stock KFoldDataset cannot wait.
    takes = 'lazy_init' in parameters or any(
        p.kind is p.VAR_KEYWORD for p in parameters.values()
    )
    return DATASETS.build({'lazy_init': True, **dataset} if takes else dataset)


def pipeline_of(dataset: Any) -> Callable[[dict], Any]:
    """Find the pipeline of a dataset inside of wrappers.

    Args:
        dataset (Any): A dataset or a wrapper of one.

    Returns:
        Callable[[dict], Any]: The first pipeline found; one without
        transforms where there is none.
    """
    while not hasattr(dataset, 'pipeline') and hasattr(dataset, 'dataset'):
        dataset = dataset.dataset  # of RepeatDataset and its like
    # ConcatDataset has many pipelines: none to apply.
    return getattr(dataset, 'pipeline', None) or Compose([])


def count_images(dataset: BaseDataset, source: str) -> int:
    """Read a source and count its images.

    Args:
        dataset (BaseDataset): The source.
        source (str): Its name, for messages.

    Returns:
        int: At least 1.

    Raises:
        ValueError: If there is none.
    """
    try:
        dataset.full_init()
        total = len(dataset)
    except ValueError as error:
        if 'need at least one array' not in str(error):
            raise
        total = 0  # BaseDataset cannot serialise an empty data_list
    if total == 0:
        raise ValueError(f'source {source} is empty: no image found')
    return total


def classes_of(dataset: BaseDataset, source: str) -> tuple[str, ...]:
    """Return the class names of a source.

    Args:
        dataset (BaseDataset): The source.
        source (str): Its name, for messages.

    Returns:
        tuple[str, ...]: Its own spelling.

    Raises:
        ValueError: If it has none.
    """
    classes = (getattr(dataset, 'metainfo', None) or {}).get('classes')
    if classes is None:
        raise ValueError(
            f'source {source} has no `classes` in its metainfo; give its '
            'dataset metainfo=dict(classes=(...)) or classes=(...)'
        )
    return tuple(classes)
