"""Predictions in a file that says where they come from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmengine.evaluator import DumpResults


class DumpPredictions(DumpResults):
    """Write predictions as the stock class does, each with a ``run``.

    Args:
        out_file_path (str): Ends with '.pkl' or '.pickle'.
        run (Mapping): What to know about the test: ``checkpoint``, ``digest``
            and ``split``.
        **kwargs: Those of ``mmengine.evaluator.DumpResults``.
    """

    def __init__(
        self, out_file_path: str, run: Mapping[str, Any], **kwargs: Any
    ) -> None:
        super().__init__(out_file_path, **kwargs)
        self.run = dict(run)

    def compute_metrics(self, results: list) -> dict:
        """Write the predictions of all ranks.

        Args:
            results (list): A dict per image.

        Returns:
            dict: Empty.
        """
        return super().compute_metrics(
            [{**sample, 'run': self.run} for sample in results]
        )
