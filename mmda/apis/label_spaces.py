"""Compare the label spaces of all sources before anything is read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mmengine.config import Config


def check_label_spaces(cfg: Config) -> None:
    """Check that all sources of a config share one label space.

    The stock ``ConcatDataset`` refuses different classes too, but does not
    say which ones, and validation data is not compared with training data.

    Args:
        cfg (Config): A config with data loaders.

    Raises:
        ValueError: If two sources differ, says where and in which classes;
            or if two of one loader have the same name.
    """
    first: tuple[str, tuple] | None = None
    for loader in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        places: dict[str, str] = {}
        for place, source in _sources(cfg.get(loader), loader):
            name = source.get('name') or source['dataset'].get('type')
            if name in places:
                raise ValueError(
                    f'two sources are named {name!r}: {places[name]} and '
                    f'{place}; their results would be mixed up. Give each a '
                    '`name` of its own'
                )
            places[name] = place
            classes = tuple(source.get('classes') or ())
            if first is None:
                first = (f'{name} ({place})', classes)
            elif classes != first[1]:
                missing = [c for c in first[1] if c not in classes]
                extra = [c for c in classes if c not in first[1]]
                order = '' if missing or extra else ', in another order'
                raise ValueError(
                    f'two sources have different label spaces{order}: only '
                    f'in {first[0]}: {missing}; only in {name} ({place}): '
                    f'{extra}. Give both the same `classes`, the joint label '
                    'space, and say with `labeled_classes` what each annotates'
                )


def _sources(node: Any, place: str) -> Iterator[tuple[str, dict]]:
    """Yield every ``PartialLabelDataset`` below a node, and where it is."""
    if isinstance(node, dict):
        if node.get('type') == 'PartialLabelDataset':
            yield place, node
            return
        children = list(node.items())
    elif isinstance(node, (list, tuple)):
        children = list(enumerate(node))
    else:
        return
    for key, child in children:
        yield from _sources(child, f'{place}.{key}')
