"""What an uncertain (-1) and a blank label of a table stand for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from mmda.structures import UNANNOTATED, class_indices

#: Policies for the label -1.
UNCERTAIN = ('zeros', 'ones', 'ignore', 'lsr_ones', 'lsr_zeros')

_LSR_RANGE = {'lsr_ones': (0.55, 0.85), 'lsr_zeros': (0.0, 0.3)}


def read_policies(
    option: str,
    policy: str | Mapping[str, str],
    known: Sequence[str],
    classes: Sequence[str],
) -> dict[str, str]:
    """Return the policy of each class.

    Args:
        option (str): Name of the option, for messages.
        policy (str | Mapping[str, str]): A policy; or class -> policy, with
            'default' for all other classes.
        known (Sequence[str]): The policies. The first one counts for a
            mapping without 'default'.
        classes (Sequence[str]): All classes of the table.

    Returns:
        dict[str, str]: Class -> policy.

    Raises:
        ValueError: If there is no such class or policy.

    Examples:
        >>> read_policies('blank', {'a': 'x'}, ['y', 'x'], ['a', 'b'])
        {'a': 'x', 'b': 'y'}
    """
    given = {'default': policy} if isinstance(policy, str) else dict(policy)
    class_indices([n for n in given if n != 'default'], classes, option)
    for name, value in given.items():
        if value not in known:
            raise ValueError(
                f'{option} of {name!r}: found {value!r}, expected one of '
                f'{tuple(known)}'
            )
    default = given.get('default', known[0])
    return {name: given.get(name, default) for name in classes}


def is_smoothed(policy: str) -> bool:
    """Tell whether a policy draws labels between 0 and 1."""
    return policy in _LSR_RANGE


def apply_policies(
    score: np.ndarray,
    uncertain: str | None,
    blank: str,
    generator: np.random.Generator,
) -> None:
    """Replace -1 and NaN in the labels of a class, in place.

    Args:
        score (ndarray): float (N,): -1 is uncertain, NaN is blank.
        uncertain (str | None): One of :data:`UNCERTAIN`. None keeps -1.
        blank (str): 'negative' (0) or 'ignore' (not annotated).
        generator (Generator): Draws the smoothed labels.

    Examples:
        >>> score = np.array([-1, np.nan, 1])
        >>> apply_policies(score, 'ones', 'negative', np.random.default_rng(0))
        >>> score.tolist()
        [1.0, 0.0, 1.0]
    """
    is_uncertain = score == -1
    if blank == 'negative':
        score[np.isnan(score)] = 0.0
    if uncertain is None:
        return
    if uncertain in _LSR_RANGE:
        low, high = _LSR_RANGE[uncertain]
        drawn = generator.uniform(low, high, int(is_uncertain.sum()))
        score[is_uncertain] = drawn
    else:
        fixed = {'zeros': 0.0, 'ones': 1.0, 'ignore': UNANNOTATED}
        score[is_uncertain] = fixed[uncertain]
