"""Read the text of a config as data. ``Config.fromstring`` executes it."""

from __future__ import annotations

import ast
import re
from typing import Any

from mmengine.config import Config

from .config_names import is_registered
from .options import walk_config

# A registry of mmengine imports every other name with a dot and calls it.
_PART = re.compile(r'((mmengine|mmpretrain|mmseg)\.)?(torchvision/)?\w+')
_SCOPES = (None, 'mmengine', 'mmpretrain', 'mmseg', 'mmda')
# These types are classes of kornia, which `StrongView` looks up by itself.
# Albumentations does so, too.
_AUGMENTATION = re.compile(r'(.+\.)?data_preprocessor\.strong_view\.\d+')


def parse_config(text: str, where: str) -> Config:
    """Read a config that consists of values, as mmengine stores it.

    Args:
        text (str): Lines such as ``model = dict(type='ResNet')``.
        where (str): Place of the text, for messages.

    Returns:
        Config: The values.

    Raises:
        ValueError: If the text holds more than names, ``dict(...)`` and
            values.

    Examples:
        >>> parse_config('a = dict(b=[1, None])', "meta['cfg']").a.b
        [1, None]
        >>> parse_config('a = open(1)', "meta['cfg']")
        Traceback (most recent call last):
        ValueError: meta['cfg'], line 1: found `open(1)`, expected values ...
    """
    try:
        module = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ValueError(f'{where}: this is no config: {error}') from error
    values: dict[str, Any] = {}
    for node in module.body:
        if not isinstance(node, ast.Assign) or not (
            isinstance(node.targets[0], ast.Name) and len(node.targets) == 1
        ):
            raise ValueError(_refuse(node, where))
        try:
            plain = _PlainDicts(where).visit(node.value)
        except RecursionError as error:
            raise ValueError(_refuse(node, where)) from error
        try:
            values[node.targets[0].id] = ast.literal_eval(plain)
        # `{[]: 1}`, `-'a'` and `{**a}` are values in form only.
        except (TypeError, ValueError, RecursionError, MemoryError) as error:
            raise ValueError(_refuse(node, where)) from error
    try:
        return Config(values)
    except KeyError as error:  # a name that mmengine reserves
        raise ValueError(f'{where}: this is no config: {error}') from error


def check_parts(config: Any, where: str) -> None:
    """Check that each ``type`` of a config names a registered part of a host.

    Args:
        config (Any): A config or a part of one.
        where (str): Place of the config, for messages.

    Raises:
        ValueError: If a ``type`` is another name.
    """
    albumentations: list[str] = []  # places of their types
    for place, part in walk_config(config):
        if not isinstance(part, dict):
            continue
        kind = part.get('type')
        name = str(kind)
        if name.rpartition('.')[2] in ('Albumentations', 'Albu'):
            albumentations.append(f'{place}.transforms.')
        is_inner = _AUGMENTATION.fullmatch(place) or place.startswith(
            tuple(albumentations)
        )
        is_known = str.isidentifier if is_inner else _is_part
        if kind is not None and not is_known(name):
            raise ValueError(
                f'{where}: {place}.type is {kind!r}, expected the name of a '
                'part that mmengine, mmpretrain, mmseg or mmda registers '
                '(parts of mmcv: without `mmcv.`). A part of your own needs '
                '--unsafe-load, which runs its code'
            )
        if part.get('_scope_') not in _SCOPES:  # a build imports it
            raise ValueError(
                f'{where}: {place}._scope_ is {part["_scope_"]!r}, expected '
                f'one of {_SCOPES[1:]}'
            )
        if part.get('trust_remote_code'):
            raise ValueError(f'{where}: {place} has trust_remote_code')


def _is_part(name: str) -> bool:
    return bool(_PART.fullmatch(name)) and is_registered(name)


class _PlainDicts(ast.NodeTransformer):
    """Turn each call of ``dict`` into a literal, and refuse other code."""

    _VALUES = (
        *(ast.Constant, ast.Dict, ast.List, ast.Tuple, ast.Set),
        *(ast.UnaryOp, ast.USub, ast.UAdd, ast.Load),
    )

    def __init__(self, where: str) -> None:
        self.where = where

    def generic_visit(self, node: ast.AST) -> ast.AST:
        if not isinstance(node, self._VALUES):
            raise ValueError(_refuse(node, self.where))
        return super().generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        named = all(keyword.arg for keyword in node.keywords)
        # mmengine writes keys that are no identifiers as dict({'a b': 1}).
        given = [arg for arg in node.args if isinstance(arg, ast.Dict)]
        is_dict = isinstance(node.func, ast.Name) and node.func.id == 'dict'
        if not (is_dict and named and len(given) == len(node.args) <= 1):
            raise ValueError(_refuse(node, self.where))
        keys: list[ast.expr | None] = [*given[0].keys] if given else []
        items = [*given[0].values] if given else []
        keys += [ast.Constant(keyword.arg) for keyword in node.keywords]
        items += [keyword.value for keyword in node.keywords]
        return self.visit(ast.Dict(keys, items))


def _refuse(node: ast.AST, where: str) -> str:
    line = getattr(node, 'lineno', 1)
    return (
        f'{where}, line {line}: found `{ast.unparse(node):.60}`, expected '
        'values only: this text is not executed'
    )
