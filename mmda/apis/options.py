"""Apply ``--cfg-options``, and refuse those that would change nothing."""

from __future__ import annotations

from typing import Any

from mmengine.config import Config

from mmda.structures import nearest

# Keys that mmengine's Runner and the tools read at the top of a config.
RUNNER_KEYS = frozenset(
    'model work_dir train_dataloader val_dataloader test_dataloader train_cfg '
    'val_cfg test_cfg auto_scale_lr optim_wrapper param_scheduler '
    'val_evaluator test_evaluator default_hooks custom_hooks '
    'data_preprocessor load_from resume launcher env_cfg log_processor '
    'log_level visualizer vis_backends default_scope randomness '
    'experiment_name custom_imports runner_type tta_model tta_pipeline '
    'find_unused_parameters model_wrapper_cfg sync_bn compile cfg'.split()
)


def apply_options(cfg: Config, options: dict[str, Any]) -> None:
    """Change entries of a config.

    ``data_root=DIR`` moves every data set whose ``data_root`` begins with the
    config's own. Any other name at the top that is only a variable of the
    config file has been evaluated already, so changing it would have no
    effect; that is an error which names the entries to set instead.

    Args:
        cfg (Config): The config, changed in place.
        options (dict[str, Any]): Keys with dots, and their values.

    Raises:
        ValueError: If an option would have no effect.

    Examples:
        >>> cfg = Config(dict(data_root='data/', val_dataloader=dict(
        ...     dataset=dict(data_root='data/NIH'))))
        >>> apply_options(cfg, dict(data_root='/mnt'))
        >>> cfg.val_dataloader.dataset.data_root
        '/mnt/NIH'
    """
    options = dict(options)
    if 'data_root' in options and isinstance(cfg.get('data_root'), str):
        new = str(options.pop('data_root')).rstrip('/') + '/'
        move_data_root(cfg._cfg_dict, cfg.data_root.rstrip('/') + '/', new)
    for key, value in options.items():
        top = key.split('.')[0]
        if top not in RUNNER_KEYS:
            raise ValueError(_without_effect(cfg, key, value))
    cfg.merge_from_dict(options)


def move_data_root(node: Any, old: str, new: str) -> None:
    """Replace the beginning of every ``data_root`` below a node.

    Args:
        node (Any): Part of a config, changed in place.
        old (str): The beginning to look for, with a slash at its end.
        new (str): What takes its place.
    """
    if isinstance(node, (list, tuple)):
        for child in node:
            move_data_root(child, old, new)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key == 'data_root' and isinstance(value, str):
                if (value.rstrip('/') + '/').startswith(old):
                    node[key] = new + value[len(old) :]
            else:
                move_data_root(value, old, new)


def _without_effect(cfg: Config, key: str, value: Any) -> str:
    """Say what to set instead of a variable of the config file."""
    if key not in cfg:
        return (
            f'--cfg-options {key}: the config has no such entry'
            f'{nearest(key.split(".")[0], sorted({*cfg, *RUNNER_KEYS}))}'
        )
    places = [
        path
        for path in _places(cfg._cfg_dict, cfg[key], '')
        if path.split('.')[0] in RUNNER_KEYS
    ]
    hint = ', '.join(f'{path}={value}' for path in places[:4])
    return (
        f'--cfg-options {key}: a variable of the config file, already used '
        'where it stands, so changing it has no effect. Set the entry that '
        f'uses it{": " + hint if hint else ""}'
    )


def _places(node: Any, value: Any, path: str) -> list[str]:
    """Return the keys below a node, with dots, whose last part is a value."""
    if isinstance(node, dict):
        children = [(str(k), v) for k, v in node.items()]
    elif isinstance(node, (list, tuple)):
        children = [(str(i), v) for i, v in enumerate(node)]
    else:
        return []
    found = []
    for key, child in children:
        here = f'{path}.{key}' if path else key
        if type(child) is type(value) and child == value:
            found.append(here)
        found += _places(child, value, here)
    return found
