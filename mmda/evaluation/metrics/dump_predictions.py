"""A file of predictions that says where they come from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmengine.evaluator import DumpResults


class DumpPredictions(DumpResults):
    """Write the predictions of ``DumpResults``, and a ``run`` with each.

    Args:
        out_file_path (str): Ends with '.pkl' or '.pickle'.
        run (Mapping): Facts about the test: ``checkpoint``, ``digest`` and
            ``split``.
        **kwargs: Further arguments of ``mmengine.evaluator.DumpResults``.
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
