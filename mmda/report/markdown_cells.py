"""Rows of Markdown tables, and how a test is written in them."""

from __future__ import annotations

import math
from collections.abc import Sequence

from .comparison import Test


def markdown_row(cells: Sequence[str]) -> str:
    """Return a row of a Markdown table.

    Args:
        cells (Sequence[str]): Its cells.

    Returns:
        str: Without a line break.

    Examples:
        >>> markdown_row(['a', 'b'])
        '| a | b |'
    """
    return '| ' + ' | '.join(cells) + ' |'


def interval_text(test: Test, digits: int) -> str:
    """Write the interval of a gain.

    Args:
        test (Test): The test.
        digits (int): Decimal places.

    Returns:
        str: Such as '[-0.4, +1.2]'; 'n/a' where there was no test.

    Examples:
        >>> interval_text(Test(low=-0.41, high=1.2), 1)
        '[-0.4, +1.2]'
    """
    if math.isnan(test.low):
        return 'n/a'
    return f'[{test.low:+.{digits}f}, {test.high:+.{digits}f}]'


def p_text(test: Test) -> str:
    """Write a p-value, in brackets the one after Holm's correction.

    Args:
        test (Test): The test.

    Returns:
        str: 'n/a' where there was no test.

    Examples:
        >>> p_text(Test(p=0.0123, p_holm=0.05)), p_text(Test())
        ('0.012 (0.05)', 'n/a')
    """
    if math.isnan(test.p):
        return 'n/a'
    corrected = '' if math.isnan(test.p_holm) else f' ({test.p_holm:.2g})'
    return f'{test.p:.2g}{corrected}'
