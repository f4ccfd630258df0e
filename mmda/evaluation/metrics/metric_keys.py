"""Names in the keys of metrics: ``auc/<class>``, ``auc/<source>/<class>``."""

from __future__ import annotations

import re

#: Stands in a key for the images that are in none of the groups.
UNKNOWN_GROUP = '(unknown)'


def key_part(name: str) -> str:
    """Write the name of a class or a source as one part of a key.

    A slash separates the parts. If names kept theirs, a class 'M/c' and the
    class 'c' of a source 'M' would have the same key.

    Args:
        name (str): The name.

    Returns:
        str: The name with ``%2F`` for each slash. Different names give
        different parts.

    Examples:
        >>> key_part('Mass'), key_part('M/c'), key_part('50% area')
        ('Mass', 'M%2Fc', '50% area')
    """
    return re.sub('%(?=2F|25)', '%25', name).replace('/', '%2F')


def name_of(part: str) -> str:
    """Read a name back from a part of a key.

    Args:
        part (str): From :func:`key_part`.

    Returns:
        str: The name.

    Examples:
        >>> name_of('M%2Fc')
        'M/c'
    """
    return re.sub('%(2F|25)', lambda m: '/' if m[1] == '2F' else '%', part)


_MEASURES = {'auc': 'AUC', 'ap': 'AP', 'iou': 'IoU'}
_GROUPS = {
    'mean': '',
    'mean_shared': ' of the shared classes',
    'mean_of_interest': ' of the classes of interest',
}


def measure_of(prefix: str) -> str:
    """Write the prefix of the keys of a metric as the name of a measure.

    Args:
        prefix (str): Such as 'auc'.

    Returns:
        str: The name; a prefix that mmda does not write stays as it is.

    Examples:
        >>> measure_of('iou'), measure_of('multi-label')
        ('IoU', 'multi-label')
    """
    return _MEASURES.get(prefix, prefix)


def title_of(key: str) -> str:
    """Write the key of a logged value as the title of a figure.

    Args:
        key (str): Such as ``auc/7``, ``auc/A/mean`` or ``loss_bce``.

    Returns:
        str: What the value is. A key that mmda does not write loses only its
        underscores.

    Examples:
        >>> title_of('auc/7'), title_of('iou/mean'), title_of('auc/A/bus')
        ('AUC of 7', 'mean IoU', 'AUC of bus (A)')
        >>> title_of('unannotated_answer')
        'unannotated answer'
    """
    prefix, *parts = key.split('/')
    if prefix not in _MEASURES or len(parts) not in (1, 2):
        return key.replace('_', ' ')
    measure = _MEASURES[prefix]
    *source, name = map(name_of, parts)
    if parts[-1] in _GROUPS:
        title = f'mean {measure}{_GROUPS[parts[-1]]}'
    else:
        title = f'{measure} of {name}'
    return title + (f' ({source[0]})' if source else '')
