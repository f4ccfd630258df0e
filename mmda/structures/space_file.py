"""The file of a label space: classes, aliases and rules."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from mmda.files import is_json_path, read_json

from .label_space import LabelSpace, class_indices
from .rules_file import read_rules, rules_of_space

#: Version of the format, the value of the first key.
VERSION = 1
_KEYS = (
    *('mmda_label_space', 'classes', 'aliases', 'rules'),
    *('possible', 'sources'),
)


class SpaceFile(NamedTuple):
    """A label space, as ``mmda label_space`` writes it.

    Attributes:
        classes (tuple[str, ...]): The joint label space.
        aliases (dict[str, str]): Spelling of a source -> class.
        rules (Mapping | str): As :func:`~mmda.structures.read_rules` takes
            them. Empty without rules.
        sources (dict[str, dict]): Name of a source -> ``images`` and
            ``classes``, the counts when the file was written, and ``table``,
            the end of the path of a table.
    """

    classes: tuple[str, ...]
    aliases: dict[str, str]
    rules: Mapping[str, Any] | str
    sources: dict[str, dict]


def read_space(path: str | Path) -> SpaceFile:
    """Read the file of a label space, and check it.

    Args:
        path (str | Path): The file, relative to the working directory.

    Returns:
        SpaceFile: Its content.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no label space of this version, if a class is
            doubled, if an alias is a class, leads to an unknown class or is
            given twice, or if the rules do not fit the classes.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(
            f'classes: there is no label space {path}. `mmda label_space` '
            'writes one'
        )
    content = read_json(path)
    version = content.get(_KEYS[0]) if isinstance(content, dict) else None
    if version != VERSION:
        raise ValueError(
            f'{path} is no label space of version {VERSION}: found '
            f'{_KEYS[0]} = {version!r}. `mmda label_space` writes one'
        )
    unknown = [key for key in content if key not in _KEYS]
    if unknown:
        raise ValueError(f'{path}: found {unknown}, expected some of {_KEYS}')
    try:
        return _check(content)
    except ValueError as error:
        raise ValueError(f'{path}: {error}') from error


def _check(content: Mapping[str, Any]) -> SpaceFile:
    classes = content.get('classes')
    if not isinstance(classes, list):
        raise ValueError(f'classes: found {classes!r:.80}, expected a list')
    space = LabelSpace(tuple(classes))
    aliases = content.get('aliases') or {}
    sources = content.get('sources') or {}
    for key, value in dict(aliases=aliases, sources=sources).items():
        if not isinstance(value, dict):
            raise ValueError(f'{key}: found {value!r:.80}, expected an object')
    for source, one in sources.items():
        _check_counts(source, one)
    for spelling, name in aliases.items():
        if not isinstance(name, str):
            raise ValueError(
                f'alias {spelling!r}: found {name!r:.80}, expected a class'
            )
        class_indices([name], space.classes, f'alias {spelling!r}')
        if spelling in space:
            raise ValueError(
                f'alias {spelling!r} -> {name!r}: {spelling!r} is a class, '
                'too. Take it out of the aliases or out of the classes'
            )
    rules = rules_of_space(content)
    read_rules(rules, space.classes)
    return SpaceFile(space.classes, aliases, rules, sources)


def _check_counts(source: str, counts: Any) -> None:
    classes = counts.get('classes') if isinstance(counts, dict) else None
    if not isinstance(classes, dict) or not all(
        isinstance(one, dict)
        and all(type(one.get(key)) is int for key in ('annotated', 'positive'))
        for one in classes.values()
    ):
        raise ValueError(
            f'sources: {source!r}: found {counts!r:.80}, expected `classes` '
            'with `annotated` and `positive` of each class'
        )


def resolve_classes(
    classes: Any, aliases: Any = None, rules: Any = None
) -> tuple[Any, Any, Any]:
    """Replace the path of a label space by what its file says.

    Args:
        classes (Any): A path that ends with ``.json``. Anything else is
            returned as it is, with the other arguments.
        aliases (Any): More aliases. They come before the ones of the file.
        rules (Any): Rules that replace the ones of the file.

    Returns:
        tuple: Classes (tuple of names), aliases (dict) and rules.
    """
    if not is_json_path(classes):
        return classes, aliases, rules
    space = read_space(classes)
    if aliases is None or isinstance(aliases, Mapping):
        aliases = {**space.aliases, **(aliases or {})}
    if rules is None:
        rules = space.rules or None
    return space.classes, aliases, rules
