"""Holm's correction for several tests."""

from __future__ import annotations

import numpy as np


def holm(p_values: np.ndarray) -> np.ndarray:
    r"""Adjust p-values for the number of tests.

    .. math::
        \tilde p_{(i)} = \max_{j \le i} \min(1, (m - j + 1) p_{(j)})

    for m p-values in ascending order. Source: Holm, A simple sequentially
    rejective multiple test procedure, Scand. J. Statist. 1979.

    Args:
        p_values (ndarray): (m,), in [0, 1]; NaN where there was no test.

    Returns:
        ndarray: float64 (m,), in [0, 1]. NaN stays NaN and does not count as
        a test.

    Examples:
        >>> holm(np.array([0.01, 0.04, np.nan, 0.03]))
        array([0.03, 0.06,  nan, 0.06])
    """
    p_values = np.asarray(p_values, dtype=np.float64)
    adjusted = np.full(p_values.shape, np.nan)
    tested = np.flatnonzero(~np.isnan(p_values))
    order = tested[np.argsort(p_values[tested], kind='stable')]
    factors = np.arange(len(order), 0, -1)
    scaled = np.minimum(1.0, factors * p_values[order])
    adjusted[order] = np.maximum.accumulate(scaled)
    return adjusted
