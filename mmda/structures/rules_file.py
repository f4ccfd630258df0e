"""Read rules between classes: from a config, a JSON file, or shipped ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mmda.files import read_json

from .label_rules import LabelRules

_KINDS = ('implies', 'excludes', 'at_most_one', 'exactly_one')
_SHIPPED = Path(__file__).with_name('rules')


def rules_of_space(content: Mapping[str, Any]) -> Any:
    """Return the rules in the file of a label space.

    Args:
        content (Mapping): The content of the file.

    Returns:
        Any: The arguments of :class:`LabelRules` without ``classes``, or the
        name of shipped rules. An empty dict without rules.

    Raises:
        ValueError: If the rules name another file.
    """
    rules = content.get('rules') or {}
    if not isinstance(rules, Mapping) and rules not in [*_shipped()]:
        raise ValueError(
            f'rules: found {rules!r:.80}, expected an object or one of '
            f'{sorted(_shipped())}'
        )
    return rules


def _shipped() -> dict[str, Path]:
    return {path.stem: path for path in _SHIPPED.glob('*.json')}


def read_rules(
    rules: LabelRules | Mapping[str, Any] | str | None,
    classes: Sequence[str],
) -> LabelRules | None:
    """Return rules for a label space.

    Args:
        rules (LabelRules | Mapping | str, optional): Rules; or the arguments
            of :class:`LabelRules` without ``classes``; or the path of a JSON
            file with them, or of the file of a label space; or the name of
            shipped rules, such as 'chest_xray'. Of shipped rules, those
            between ``classes`` are taken.
        classes (Sequence[str]): The label space.

    Returns:
        LabelRules | None: None without rules.

    Raises:
        ValueError: If the rules are wrong, or if there is no such file.

    Examples:
        >>> rules = read_rules('chest_xray', ['Lung Opacity', 'Pneumonia'])
        >>> rules.implied.tolist()
        [[False, False], [True, False]]
    """
    if rules is None:
        return None
    if isinstance(rules, LabelRules):
        return rules.restrict(classes)
    if isinstance(rules, str):
        shipped = _shipped()
        path = shipped.get(rules, Path(rules))
        if not path.is_file():
            raise ValueError(
                f'rules: found {rules!r}, expected a JSON file or one of '
                f'{sorted(shipped)}'
            )
        arguments = read_json(path)
        if isinstance(arguments, dict) and 'mmda_label_space' in arguments:
            return read_rules(rules_of_space(arguments) or None, classes)
        if rules in shipped:
            own = arguments.pop('classes')
            more = [name for name in classes if name not in own]
            return LabelRules([*own, *more], **arguments).restrict(classes)
    else:
        arguments = rules
    if not isinstance(arguments, Mapping):
        raise ValueError(
            f'rules: found {arguments!r:.80}, expected some of {_KINDS}'
        )
    unknown = sorted(set(arguments) - set(_KINDS))
    if unknown:
        raise ValueError(f'rules: found {unknown}, expected some of {_KINDS}')
    return LabelRules(classes, **arguments)
