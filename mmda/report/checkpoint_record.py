"""Which checkpoint and which images a file of results belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmengine.config import Config

from .leaks import file_digest

# They change how the dataset reads an image, not which images it has.
_HOW = ('pipeline', 'test_mode', 'lazy_init')


def checkpoint_record(checkpoint: str | Path) -> dict[str, str | None]:
    """Describe a checkpoint so that a later run can recognise it.

    Args:
        checkpoint (str | Path): Path, or address with ``://``.

    Returns:
        dict[str, str | None]: ``checkpoint`` is the name. ``digest`` is a
        hash of the content, or None for an address.
    """
    text = str(checkpoint)
    return dict(
        checkpoint=text.rpartition('/')[2],
        digest=None if '://' in text else file_digest(text),
    )


def other_checkpoint(
    record: Mapping[str, Any] | None, checkpoint: str | Path
) -> str:
    """Say whether results belong to another checkpoint.

    Args:
        record (Mapping, optional): From :func:`checkpoint_record`.
        checkpoint (str | Path): Checkpoint that uses the results.

    Returns:
        str: The difference; '' if there is none, or if a digest is unknown.
    """
    if not record or not record.get('digest'):
        return ''
    own = checkpoint_record(checkpoint)
    if own['digest'] in (None, record['digest']):
        return ''
    return (
        f'they are of {record.get("checkpoint")} ({record["digest"][:8]}), '
        f'not of {checkpoint} ({str(own["digest"])[:8]})'
    )


def split_tested(cfg: Config) -> str:
    """Find the split of the images that a config tests.

    Args:
        cfg (Config): After all changes of the command line.

    Returns:
        str: 'val' or 'train' if the test dataloader reads the images of that
        split, else 'test'.
    """
    loader = cfg.get('test_dataloader') or {}
    tested = _which_images(loader.get('dataset'))
    for split in ('val', 'train'):
        node = (cfg.get(f'{split}_dataloader') or {}).get('dataset')
        if node is not None and _which_images(node) == tested:
            return split
    return 'test'


def images_tested(cfg: Config) -> str:
    """Name the images that a config tests, for a reader.

    Args:
        cfg (Config): After all changes of the command line.

    Returns:
        str: 'test', 'validation images' or 'training images'.
    """
    names = dict(val='validation images', train='training images')
    return names.get(split_tested(cfg), 'test')


def _which_images(node: Any) -> Any:
    if isinstance(node, Mapping):
        return {k: _which_images(v) for k, v in node.items() if k not in _HOW}
    if isinstance(node, (list, tuple)):
        return [_which_images(part) for part in node]
    return node
