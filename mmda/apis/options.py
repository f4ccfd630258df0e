"""Apply ``--cfg-options``, and refuse an option that changes nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from mmengine.config import Config

# The top keys of a config that mmengine's Runner and the commands read.
RUNNER_KEYS = frozenset(
    'model work_dir train_dataloader val_dataloader test_dataloader train_cfg '
    'val_cfg test_cfg auto_scale_lr optim_wrapper param_scheduler '
    'val_evaluator test_evaluator default_hooks custom_hooks '
    'data_preprocessor load_from resume launcher env_cfg log_processor '
    'log_level visualizer vis_backends default_scope randomness '
    'experiment_name custom_imports runner_type tta_model tta_pipeline '
    'strategy find_unused_parameters model_wrapper_cfg sync_bn compile '
    'activation_checkpointing efficient_conv_bn_eval cfg'.split()
)


def apply_options(cfg: Config, options: dict[str, Any]) -> None:
    """Change entries of a config.

    ``data_root=DIR`` moves every dataset whose ``data_root`` lies below the
    ``data_root`` of the config. A dataset elsewhere stays, such as one with
    an absolute path where the root is relative. Every other top name that is
    only a variable of the config file is an error: the file has used the
    variable already. The error names the entries to set instead.

    Args:
        cfg (Config): The config, changed in place.
        options (dict[str, Any]): Values by keys with dots.

    Raises:
        ValueError: If an option has no effect, or does not fit the config.

    Examples:
        >>> cfg = Config(dict(data_root='data/', val_dataloader=dict(
        ...     dataset=dict(data_root='data/NIH'))))
        >>> apply_options(cfg, dict(data_root='/mnt'))
        >>> cfg.val_dataloader.dataset.data_root
        '/mnt/NIH'
    """
    options = dict(options)
    if 'data_root' in options and isinstance(cfg.get('data_root'), str):
        new, old = str(options.pop('data_root')), cfg.data_root
        if isinstance(cfg.get('tables'), dict):
            raise ValueError(
                f'--cfg-options data_root={new}: the config has read its '
                f'tables in {old!r} already. Edit data_root in the file'
            )
        moved = move_data_root(cfg._cfg_dict, old, new)
        if moved == ['data_root']:  # the variable, and no dataset
            roots = [
                f'{place}.data_root={part["data_root"]}'
                for place, part in walk_config(cfg._cfg_dict)
                if place and isinstance(part, dict) and 'data_root' in part
            ]
            raise ValueError(
                f'--cfg-options data_root={new}: no dataset has a data_root '
                f'in the one of the config, {old!r}; found '
                f'{", ".join(roots[:4]) or "none"}. Set these entries, or '
                'edit the config'
            )
    for key, value in options.items():
        if key.split('.')[0] not in RUNNER_KEYS:
            raise ValueError(_without_effect(cfg, key, value))
    try:
        cfg.merge_from_dict(options)
    # An index beyond the end of a list, or a key below a value.
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise ValueError(
            f'--cfg-options {", ".join(options)}: {error}'
        ) from error


def walk_config(node: Any, path: str = '') -> Iterator[tuple[str, Any]]:
    """Visit a part of a config and all parts below it.

    Args:
        node (Any): The part.
        path (str): The key of the part, with dots. Defaults to '' (the whole
            config).

    Yields:
        tuple[str, Any]: Key and value of each part. A dict or a list comes
        before the values in it.

    Examples:
        >>> list(walk_config(dict(a=[1]), 'x'))
        [('x', {'a': [1]}), ('x.a', [1]), ('x.a.0', 1)]
    """
    # A stack: each level of nested generators would pass on every value.
    left = [(path, node)]
    while left:
        path, node = left.pop()
        yield path, node
        children: Any = ()
        if isinstance(node, dict):
            children = node.items()
        elif isinstance(node, (list, tuple)):
            children = enumerate(node)
        start = f'{path}.' if path else ''
        below = [(f'{start}{key}', child) for key, child in children]
        left += reversed(below)


def move_data_root(node: Any, old: str, new: str) -> list[str]:
    """Replace the beginning of every ``data_root`` in a part of a config.

    Args:
        node (Any): The part, changed in place.
        old (str): The folder to leave. '' and '.' are the working directory:
            every relative path lies below it, and no absolute one.
        new (str): The new folder.

    Returns:
        list[str]: Keys of the values that were changed, with dots.

    Examples:
        >>> part = [dict(data_root='data/NIH'), dict(data_root='/own/data')]
        >>> move_data_root(part, '', '/mnt')
        ['0.data_root']
        >>> [dataset['data_root'] for dataset in part]
        ['/mnt/data/NIH', '/own/data']
    """
    moved = []
    start = _folder(old)
    for place, part in walk_config(node):
        value = part.get('data_root') if isinstance(part, dict) else None
        if not isinstance(value, str):
            continue
        if not start and (os.path.isabs(value) or '://' in value):
            continue
        if _folder(value).startswith(start):
            rest = _folder(value)[len(start) :]
            rest = rest if value.endswith('/') else rest.rstrip('/')
            part['data_root'] = f'{new.rstrip("/")}/{rest}'
            moved.append(f'{place}.data_root' if place else 'data_root')
    return moved


def _folder(path: str) -> str:
    """Write a folder in one form: './data' is 'data/', and '.' is ''."""
    plain = path if '://' in path else os.path.normpath(path)
    return '' if plain == '.' else plain.rstrip('/') + '/'


def _without_effect(cfg: Config, key: str, value: Any) -> str:
    """Name the entries to set instead of a variable of the config file."""
    from mmda.structures import nearest

    if key not in cfg:
        return (
            f'--cfg-options {key}: the config has no such entry'
            f'{nearest(key.split(".")[0], sorted({*cfg, *RUNNER_KEYS}))}'
        )
    places = _places(cfg, key)
    shown = [f'{path}={value}' for path in places[:4]]
    hint = f': {", ".join(shown)}' if shown else ''
    return (
        f'--cfg-options {key}: this is a variable of the config file. The '
        'file has used it already, so a new value has no effect. Set the '
        f'entry that uses the variable{hint}'
    )


def _places(cfg: Config, key: str) -> list[str]:
    """Find the entries that may come from a variable of the config file.

    Entries of the same name are meant. Without one, an equal value may be
    meant, unless its name is the name of another variable.
    """
    equal = [
        path
        for path, part in walk_config(cfg._cfg_dict)
        if path.split('.')[0] in RUNNER_KEYS
        and type(part) is type(cfg[key])
        and part == cfg[key]
    ]
    same_name = [path for path in equal if path.split('.')[-1] == key]
    return same_name or [p for p in equal if p.split('.')[-1] not in cfg]
