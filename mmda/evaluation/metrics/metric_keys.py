"""Names in the keys of metrics: ``auc/<class>``, ``auc/<source>/<class>``."""

from __future__ import annotations

import re


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
