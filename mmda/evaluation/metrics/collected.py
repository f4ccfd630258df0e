"""What the metrics on partial labels collect."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Collected(NamedTuple):
    """Answers and annotations of N images, in the order of the data.

    Attributes:
        score (ndarray): float32 (N, C).
        target (ndarray): float32 (N, C), NaN where not annotated.
        sources (list): N names or None.
        patients (list): N ids or None.
    """

    score: np.ndarray
    target: np.ndarray
    sources: list
    patients: list

    def select(self, rows: np.ndarray) -> Collected:
        """Return some of the images.

        Args:
            rows (ndarray): bool (N,).

        Returns:
            Collected: Those images.
        """
        chosen = np.flatnonzero(rows)
        return Collected(
            self.score[rows],
            self.target[rows],
            [self.sources[i] for i in chosen],
            [self.patients[i] for i in chosen],
        )

    @property
    def annotated(self) -> np.ndarray:
        """ndarray: bool (C,), classes that any of the images annotates."""
        return ~np.isnan(self.target).all(axis=0)

    @property
    def shared_classes(self) -> np.ndarray:
        """ndarray: Indices of classes that two or more sources annotate."""
        found = set(self.sources)
        if len(found) < 2:
            return np.array([], dtype=int)
        known = [
            self.select(np.array([s == one for s in self.sources])).annotated
            for one in found
        ]
        return np.flatnonzero(np.sum(known, axis=0) >= 2)
