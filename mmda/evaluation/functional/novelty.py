"""Scores of novelty: high where an image looks like no trained class."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

# Keeps the logarithms finite where a sigmoid is 0 or 1 in float32.
_EPS = 1e-7


def max_novelty(answers: np.ndarray) -> np.ndarray:
    """Return 1 - the greatest answer.

    Args:
        answers (ndarray): (N, C), probabilities.

    Returns:
        ndarray: float64 (N,), in [0, 1]; greater is more novel.

    Examples:
        >>> max_novelty(np.array([[.25, .5], [.75, 0.]]))
        array([0.5 , 0.25])
    """
    # In float32, 1 - a is 1 for all answers a below 6e-8.
    return 1 - answers.max(axis=1).astype(np.float64)


def entropy_novelty(answers: np.ndarray) -> np.ndarray:
    """Return the mean entropy of the yes-or-no answers, in bits.

    Args:
        answers (ndarray): (N, C), probabilities.

    Returns:
        ndarray: float64 (N,), in [0, 1]; 1 where every answer is 0.5.

    Examples:
        >>> entropy_novelty(np.array([[.5, .5], [1., 0.]])).round(3)
        array([1., 0.])
    """
    p = np.clip(answers.astype(np.float64), _EPS, 1 - _EPS)
    entropy = -(p * np.log2(p) + (1 - p) * np.log2(1 - p))
    return entropy.mean(axis=1)


def energy_novelty(answers: np.ndarray) -> np.ndarray:
    r"""Return the negative joint energy of the answers.

    .. math::
        -\sum_c \log(1 + e^{z_c}) = \sum_c \log(1 - a_c)

    Source: Wang et al., Can multi-label classification networks know what
    they don't know?, NeurIPS 2021.

    Args:
        answers (ndarray): (N, C), probabilities a = sigmoid(z).

    Returns:
        ndarray: float64 (N,), at most 0; greater is more novel.

    Examples:
        >>> energy_novelty(np.array([[.5, .5], [.75, 0.]])).round(3)
        array([-1.386, -1.386])
    """
    p = np.clip(answers.astype(np.float64), 0, 1 - _EPS)
    return np.log1p(-p).sum(axis=1)


NOVELTY_SCORES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    'max': max_novelty,
    'entropy': entropy_novelty,
    'energy': energy_novelty,
}
