"""What uncertain and blank labels of a report become."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from mmda.structures import UNANNOTATED, nearest

UNCERTAIN_POLICIES = ('zeros', 'ones', 'ignore', 'lsr_ones', 'lsr_zeros')
BLANK_POLICIES = ('negative', 'ignore')
_LSR_RANGE = {'lsr_ones': (0.55, 0.85), 'lsr_zeros': (0.0, 0.3)}


def policy_per_class(
    option: str,
    policy: str | Mapping[str, str],
    known: tuple[str, ...],
    classes: tuple[str, ...],
    default: str,
) -> dict[str, str]:
    """Spell out a policy that is given for all classes or for some.

    Args:
        option (str): Name of the argument, for messages.
        policy (str | Mapping[str, str]): One for all classes, or class ->
            policy, with 'default' for the classes not named.
        known (tuple[str, ...]): The policies there are.
        classes (tuple[str, ...]): Class names.
        default (str): Policy of classes not named, without a 'default' key.

    Returns:
        dict[str, str]: Class -> policy, for all ``classes``.

    Raises:
        ValueError: If a policy or a class is unknown.

    Examples:
        >>> policy_per_class('blank', {'Edema': 'ignore'},
        ...                  ('negative', 'ignore'), ('Edema', 'Mass'),
        ...                  'negative')
        {'Edema': 'ignore', 'Mass': 'negative'}
    """
    given = {'default': policy} if isinstance(policy, str) else dict(policy)
    for name, value in given.items():
        if name != 'default' and name not in classes:
            raise ValueError(
                f'{option}: unknown class {name!r}{nearest(name, classes)}'
            )
        if value not in known:
            raise ValueError(
                f'{option} of {name!r}: found {value!r}, expected one of '
                f'{known}'
            )
    default = given.get('default', default)
    return {name: given.get(name, default) for name in classes}


def apply_policies(
    raw: np.ndarray, uncertain: str, blank: str, generator: np.random.Generator
) -> np.ndarray:
    """Turn the raw labels of one class into scores.

    Args:
        raw (ndarray): float32 (n,): 1, 0, -1 for uncertain, NaN for blank.
        uncertain (str): 'zeros', 'ones', 'ignore' (NaN), 'lsr_ones' (uniform
            in [0.55, 0.85]) or 'lsr_zeros' (uniform in [0, 0.3]).
        blank (str): 'negative' (0) or 'ignore' (NaN).
        generator (Generator): For the two 'lsr' policies; one number is drawn
            per uncertain label.

    Returns:
        ndarray: float32 (n,), in [0, 1], NaN where not annotated.

    Examples:
        >>> raw = np.array([1, 0, -1, np.nan], dtype=np.float32)
        >>> apply_policies(raw, 'ones', 'ignore', np.random.default_rng(0))
        array([ 1.,  0.,  1., nan], dtype=float32)
    """
    score = raw.copy()
    if blank == 'negative':
        score[np.isnan(raw)] = 0.0
    is_uncertain = raw == -1
    if uncertain in _LSR_RANGE:
        low, high = _LSR_RANGE[uncertain]
        drawn = generator.uniform(low, high, int(is_uncertain.sum()))
        score[is_uncertain] = drawn
    else:
        fixed = {'zeros': 0.0, 'ones': 1.0, 'ignore': UNANNOTATED}
        score[is_uncertain] = fixed[uncertain]
    return score
