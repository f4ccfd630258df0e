"""AUC with DeLong intervals against scikit-learn's AUC alone.

Timed are the function that measures a class, and the whole metric from
collected results to the last key (``--bootstrap`` adds its resamples).

Example: ``python benchmarks/auc.py``.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np
from sklearn.metrics import roc_auc_score

from mmda.evaluation import PartialLabelAUC
from mmda.evaluation.functional import delong_interval


def median_time(function: Callable[[], object], repeats: int) -> float:
    """Return the median wall time of a call, in seconds.

    Args:
        function (Callable): Called without arguments.
        repeats (int): Number of timed calls, after one that is not.

    Returns:
        float: Seconds.
    """
    function()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return float(np.median(times))


def main() -> None:
    """Print both times, their ratio and the largest difference."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument('--images', type=int, default=56_675)
    parser.add_argument('--classes', type=int, default=20)
    parser.add_argument('--prevalence', type=float, default=0.1)
    parser.add_argument('--repeats', type=int, default=5)
    parser.add_argument('--bootstrap', type=int, default=0)
    args = parser.parse_args()
    generator = np.random.default_rng(0)
    shape = (args.images, args.classes)
    target = (generator.random(shape) < args.prevalence).astype(np.float32)
    logit = generator.normal(size=shape) + target
    score = (1 / (1 + np.exp(-logit))).astype(np.float32)

    def ours() -> list[float]:
        return [
            delong_interval(score[:, c], target[:, c]).auc
            for c in range(args.classes)
        ]

    def reference() -> list[float]:
        return [
            roc_auc_score(target[:, c], score[:, c])
            for c in range(args.classes)
        ]

    metric = PartialLabelAUC(intervals=True, bootstrap=args.bootstrap)
    results = [
        (*row, 'CheXpert', number)
        for number, row in enumerate(zip(score, target, strict=True))
    ]

    def whole_metric() -> dict[str, float]:
        return metric.compute_metrics(results)

    difference = np.abs(np.subtract(ours(), reference())).max()
    own_time = median_time(ours, args.repeats)
    metric_time = median_time(whole_metric, args.repeats)
    their_time = median_time(reference, args.repeats)
    print(
        f'{args.images} images x {args.classes} classes, median of '
        f'{args.repeats}'
    )
    print(f'AUC with DeLong intervals   {own_time * 1e3:8.1f} ms')
    print(f'PartialLabelAUC, whole      {metric_time * 1e3:8.1f} ms')
    print(f'scikit-learn roc_auc_score  {their_time * 1e3:8.1f} ms')
    print(f'ratio                       {own_time / their_time:8.2f}')
    print(f'ratio of the whole metric   {metric_time / their_time:8.2f}')
    print(f'largest difference of AUC   {difference:8.1e}')


if __name__ == '__main__':
    main()
