"""Read the values of command line options, and refuse what cannot work."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from typing import Any

from mmengine.config import DictAction

#: Seeds that Python, numpy and torch all take.
MAX_SEED = 2**32 - 1


def whole(least: int, most: int | None = None) -> Callable[[str], int]:
    """Return a ``type`` of argparse for whole numbers.

    Args:
        least (int): The smallest value.
        most (int, optional): The largest value.

    Returns:
        Callable: Reads the text of an option. It raises
        ``argparse.ArgumentTypeError`` if the text is something else.

    Examples:
        >>> whole(1, 9)('3')
        3
    """
    return _number(int, 'a whole number', least, most)


def real(
    least: float | None = None, most: float | None = None
) -> Callable[[str], float]:
    """Return a ``type`` of argparse for finite numbers.

    Args:
        least (float, optional): The smallest value.
        most (float, optional): The largest value.

    Returns:
        Callable: See :func:`whole`.

    Examples:
        >>> real(0, 1)('0.5')
        0.5
    """
    return _number(float, 'a number', least, most)


def _number(
    kind: Callable[[str], Any],
    noun: str,
    least: float | None,
    most: float | None,
) -> Callable[[str], Any]:
    expected = noun
    if least is not None and most is not None:
        expected = f'{noun} from {least} to {most}'
    elif least is not None:
        expected = f'{noun} of at least {least}'

    def read(text: str) -> Any:
        try:
            value = kind(text)
        except ValueError:
            value = math.nan
        low = -math.inf if least is None else least
        high = math.inf if most is None else most
        # NaN fails the comparison.
        if not low <= value <= high or math.isinf(value):
            raise argparse.ArgumentTypeError(
                f'found {text!r}, expected {expected}'
            )
        return value

    return read


class KeyValueAction(DictAction):
    """``DictAction``, with an error of argparse for a text without ``=``.

    The stock action raises ``ValueError`` or ``AssertionError``.
    """

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        """Read the values, see ``argparse.Action``."""
        for text in values:
            if not text.partition('=')[0].strip() or '=' not in text:
                parser.error(f'{option_string} {text}: expected KEY=VALUE')
        try:
            super().__call__(parser, namespace, values, option_string)
        except (AssertionError, ValueError) as error:
            parser.error(f'{option_string} {" ".join(values)}: {error}')
