"""The types of a config, as the names that the registries know.

A pure-Python config has classes as types, and mmengine stores them as paths
such as ``mmpretrain.models.ImageClassifier``. A config that inherits from
``mmda::`` has parts of the scope ``mmda``. The rest of mmda reads one form:
the name, with a scope where it is not the default one.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import mmengine.registry
from mmengine.config import Config
from mmengine.config.lazy import LazyAttr, LazyObject
from mmengine.registry import Registry

from mmda.hosts import quiet_imports
from mmda.registry import HOSTS

from .options import walk_config

SCOPES = ('mmengine', *HOSTS)


def use_names(cfg: Config, scope: str | None = None) -> Config:
    """Write each ``type`` of a config as a registered name.

    Nothing is imported that the path of a type names. So this can read the
    config of a checkpoint, which may come from anyone.

    Args:
        cfg (Config): A config. One of values is changed in place.
        scope (str, optional): The scope whose names need no prefix. Defaults
            to the ``default_scope`` of the config.

    Returns:
        Config: ``cfg``, or for a pure-Python config a new one.

    Examples:
        >>> head = dict(type='mmda.models.DynamicAdapterHead')
        >>> use_names(Config(dict(model=dict(head=head)))).model.head.type
        'DynamicAdapterHead'
    """
    if hasattr(cfg, '_imported_names'):
        values = {k: _build(v) for k, v in cfg._to_lazy_dict().items()}
        cfg = Config(values, filename=cfg.filename)
    scope = scope or cfg.get('default_scope')
    for _, part in walk_config(cfg._cfg_dict):
        if not isinstance(part, dict):
            continue
        if part.get('_scope_') == 'mmda':
            del part['_scope_']
        kind = part.get('type')
        if isinstance(kind, str) and '.' in kind:
            part['type'] = registered_name(kind, scope)
    return cfg


def registered_name(path: str, scope: str | None = None) -> str:
    """Find the name under which a host registers a class or a function.

    Args:
        path (str): Such as ``'mmpretrain.models.ImageClassifier'``.
        scope (str, optional): The default scope of the config. Its names need
            no prefix.

    Returns:
        str: The name; ``path`` itself if no host registers such a component.

    Examples:
        >>> registered_name('mmengine.dataset.ConcatDataset')
        'ConcatDataset'
        >>> registered_name('mmpretrain.models.ResNet', 'mmseg')
        'mmpretrain.ResNet'
        >>> registered_name('os.system')
        'os.system'
    """
    package, *folders, name = path.split('.')
    if package == 'mmda' and not folders:
        return name
    is_shared = package == 'mmda'  # its components serve every scope
    places = (package,) if package in HOSTS else SCOPES
    for registry in _registries(places):
        for known, component in registry.module_dict.items():
            module = getattr(component, '__module__', '').split('.')[0]
            if module != package or component.__name__ != name:
                continue
            if is_shared or registry.scope in ('mmengine', scope):
                return known
            return f'{registry.scope}.{known}'
    return path


def is_registered(name: str) -> bool:
    """Tell whether a host registers a component under a name.

    A registry of mmengine takes any other name for a path: it imports the
    module and calls what it finds there.

    Args:
        name (str): A name, perhaps with a scope: ``'mmpretrain.ResNet'``.

    Returns:
        bool: True if a registry of the scope has the name, or without a scope
        any registry.

    Examples:
        >>> is_registered('ResNet'), is_registered('mmengine.load')
        (True, False)
    """
    scope, _, key = name.rpartition('.')
    for registry in _registries((scope,) if scope else SCOPES):
        component = registry.module_dict.get(key)
        if component is None:
            continue
        # As a path, the name must not lead to anything else.
        package = import_module(scope) if scope else None
        return getattr(package, key, component) is component
    return False


def _registries(scopes: Sequence[str]) -> Iterator[Registry]:
    """Find the registries of some scopes, with all components imported."""
    for host in HOSTS:
        if host in scopes and find_spec(host) is not None:
            import_module(f'{host}.registry')
    # Some have no parent: BATCH_AUGMENTS and TOKENIZER of mmpretrain.
    modules = [sys.modules.get(f'{host}.registry') for host in HOSTS]
    roots = [
        registry
        for module in (mmengine.registry, *filter(None, modules))
        for registry in vars(module).values()
        if isinstance(registry, Registry) and registry.parent is None
    ]
    roots = list({id(registry): registry for registry in roots}.values())
    # Host by host, since the modules of a host are imported in the search.
    children = [
        root.children[scope]
        for scope in HOSTS
        for root in roots
        if scope in root.children
    ]
    for registry in [*roots, *children]:
        if registry.scope in scopes:
            with quiet_imports():
                registry.import_from_location()
            yield registry


def _build(value: Any, key: str = '') -> Any:
    """Build what a pure-Python config imports; a type becomes its path."""
    if isinstance(value, dict):
        return {name: _build(item, name) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_build(item) for item in value)
    if isinstance(value, (LazyObject, LazyAttr)):
        path = f'{value.module}.{value}'
        return path if key == 'type' else value.build()
    if key == 'type' and isinstance(value, type):
        return f'{value.__module__}.{value.__qualname__}'
    return value
