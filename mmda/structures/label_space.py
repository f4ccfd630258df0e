"""The joint label space: all classes, in a fixed order."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass


def nearest(name: str, names: Iterable[str]) -> str:
    """Return the names that are most like a name, as the end of a message.

    Args:
        name (str): The name that was not found.
        names (Iterable[str]): The names that exist.

    Returns:
        str: ``'; nearest: ...'``, or ``'; known: ...'`` with all names if no
        name is near.

    Examples:
        >>> nearest('Efusion', ['Edema', 'Effusion'])
        "; nearest: 'Effusion'"
    """
    names = list(names)
    by_folded = {known.casefold(): known for known in names}
    folded = difflib.get_close_matches(
        str(name).casefold(), by_folded, n=3, cutoff=0.6
    )
    close = [by_folded[key] for key in folded]
    if close:
        return '; nearest: ' + ', '.join(repr(known) for known in close)
    return f'; known: {names}'


def class_indices(
    names: Iterable[str], classes: Sequence[str], where: str
) -> list[int]:
    """Look up the positions of some classes.

    Args:
        names (Iterable[str]): The classes to look up.
        classes (Sequence[str]): All classes.
        where (str): Where the names were given. Starts the error message.

    Returns:
        list[int]: One position in ``classes`` per name.

    Raises:
        ValueError: If a name is none of ``classes``. The message shows the
            nearest names.

    Examples:
        >>> class_indices(['Mass'], ['Edema', 'Mass'], 'labeled_classes')
        [1]
    """
    position = {name: index for index, name in enumerate(classes)}
    found = []
    for name in names:
        if name not in position:
            raise ValueError(
                f'{where}: unknown class {name!r}'
                f'{nearest(name, dict.fromkeys(classes))}'
            )
        found.append(position[name])
    return found


def rename_classes(
    classes: Sequence[str],
    aliases: Mapping[str, str] | None = None,
    keep_apart: Iterable[str] = (),
    source: str | None = None,
) -> tuple[str, ...]:
    """Translate the class names of one source into the joint label space.

    White space around a name of the source is dropped.

    Args:
        classes (Sequence[str]): Class names as the source spells them.
        aliases (Mapping[str, str], optional): Spelling of the source -> joint
            name. Spellings that the source does not have are ignored. So one
            table of aliases can serve all sources.
        keep_apart (Iterable[str]): Joint names whose meaning differs from
            source to source. The name of the source is appended to them.
        source (str, optional): Name of the source. ``keep_apart`` needs it.

    Returns:
        tuple[str, ...]: Joint names, in the order of ``classes``.

    Raises:
        ValueError: If two classes of the source get the same name, if
            ``keep_apart`` is given without ``source``, or if a name in it is
            no class of the source.

    Examples:
        >>> rename_classes(['Pleural Effusion', 'Edema'],
        ...                {'Pleural Effusion': 'Effusion'},
        ...                keep_apart=['Edema'], source='CheXpert')
        ('Effusion', 'Edema (CheXpert)')
    """
    aliases = aliases or {}
    apart = frozenset(keep_apart)
    if apart and not source:
        raise ValueError(
            f'keep_apart={sorted(apart)} needs the name of the source, '
            'found none'
        )
    # A space at the end of a name is a slip, not another class.
    joint = [aliases.get(own, own.strip()) for own in classes]
    renamed: dict[str, str] = {}
    for own, name in zip(classes, joint, strict=True):
        if name in apart:
            name = f'{name} ({source})'
        if name in renamed:
            raise ValueError(
                f'duplicate class {name!r} after aliasing: both '
                f'{renamed[name]!r} and {own!r} of '
                f'{source or "the source"} get this name'
            )
        renamed[name] = own
    for name in sorted(apart.difference(joint)):
        raise ValueError(
            f'keep_apart: {source} has no class {name!r}{nearest(name, joint)}'
        )
    return tuple(renamed)


@dataclass(frozen=True)
class LabelSpace:
    """An ordered tuple of class names, equal for every assembled dataset.

    Args:
        classes (tuple[str, ...]): Class names. The position of a name is the
            index of the class in ``gt_score`` and in the answers of a model.

    Raises:
        ValueError: If there is no class, if a name is empty or no string, has
            white space around it, or occurs twice.

    Examples:
        >>> space = LabelSpace(('Edema', 'Effusion'))
        >>> len(space), space.index('Effusion')
        (2, 1)
    """

    classes: tuple[str, ...]

    def __post_init__(self) -> None:
        if isinstance(self.classes, str):
            raise ValueError(
                f'classes should be a sequence of names, found the string '
                f'{self.classes!r}'
            )
        object.__setattr__(self, 'classes', tuple(self.classes))
        if not self.classes:
            raise ValueError('a label space needs at least one class')
        for position, name in enumerate(self.classes):
            if not isinstance(name, str) or not name.strip():
                raise ValueError(
                    f'class {position} of the label space should be a '
                    f'non-empty string, found {name!r}'
                )
            if name != name.strip():
                raise ValueError(
                    f'class {position} of the label space: found {name!r}, '
                    'expected a name without white space around it'
                )
        if len(set(self.classes)) < len(self.classes):
            twice = sorted(
                {c for c in self.classes if self.classes.count(c) > 1}
            )
            raise ValueError(f'classes twice in the label space: {twice}')

    def __len__(self) -> int:
        return len(self.classes)

    def __contains__(self, name: object) -> bool:
        return name in self.classes

    def index(self, name: str) -> int:
        """Return the position of a class.

        Args:
            name (str): A class name.

        Returns:
            int: Its index, in [0, len(self)).

        Raises:
            ValueError: If the space has no such class. The message shows the
                nearest names.
        """
        return class_indices([name], self.classes, 'label space')[0]

    @classmethod
    def union(
        cls,
        sources: Mapping[str, Sequence[str]],
        aliases: Mapping[str, str] | None = None,
        keep_apart: Iterable[str] = (),
    ) -> LabelSpace:
        """Join the classes of several sources by name.

        A class takes its place when it first appears. So the order depends on
        the order of the sources alone.

        Args:
            sources (Mapping[str, Sequence[str]]): Name of a source -> its
                class names.
            aliases (Mapping[str, str], optional): Spelling of any source ->
                joint name.
            keep_apart (Iterable[str]): Joint names whose meaning differs
                from source to source. Such a name becomes one class per
                source.

        Returns:
            LabelSpace: The joint space.

        Raises:
            ValueError: If a name of ``keep_apart`` is a class of no source,
                or if two classes of one source get the same name.

        Examples:
            >>> LabelSpace.union(
            ...     {'A': ['Effusion', 'Mass'], 'B': ['Pleural Effusion']},
            ...     aliases={'Pleural Effusion': 'Effusion'}).classes
            ('Effusion', 'Mass')
        """
        apart = frozenset(keep_apart)
        plain: set[str] = set()
        joint: dict[str, None] = {}
        for source, classes in sources.items():
            own = rename_classes(classes, aliases)
            plain.update(own)
            here = apart.intersection(own)
            joint.update(
                dict.fromkeys(rename_classes(classes, aliases, here, source))
            )
        for name in sorted(apart - plain):
            raise ValueError(
                f'keep_apart: no source has a class {name!r}'
                f'{nearest(name, sorted(plain))}'
            )
        return cls(tuple(joint))
