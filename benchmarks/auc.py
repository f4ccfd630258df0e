"""AUC with DeLong intervals against scikit-learn's AUC alone.

Timed are the function that measures a class, and the whole metric from
collected results to the last key (``--bootstrap`` adds its resamples). The
times are processor times. With ``--sources``, it times the whole metric alone.
With ``--head``, it times an evaluation from the features to the metric, with
the dynamic adapter and with the stock linear layer.

Example: ``python benchmarks/auc.py``,
``python benchmarks/auc.py --images 20000 --classes 1000 --sources 50``,
``python benchmarks/auc.py --images 2000 --classes 1000 --head``.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence

import numpy as np
import torch
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from sklearn.metrics import roc_auc_score

from mmda.evaluation import PartialLabelAUC
from mmda.evaluation.functional import delong_interval


def times_in_turns(
    functions: Sequence[Callable[[], object]], rounds: int
) -> np.ndarray:
    """Return the processor time of each function in each round.

    The functions take turns, so other work on the machine slows all of them.

    Args:
        functions (Sequence[Callable]): Called without arguments, once before
            the first round too.
        rounds (int): Number of rounds, R.

    Returns:
        ndarray: float64 (R, functions), seconds.
    """
    for function in functions:
        function()
    times = np.empty((rounds, len(functions)))
    for row, column in np.ndindex(times.shape):
        start = time.process_time()
        functions[column]()
        times[row, column] = time.process_time() - start
    return times


def many_sources(args: argparse.Namespace) -> None:
    """Print the time of the whole metric of many classes and sources."""
    generator = np.random.default_rng(0)
    shape = (args.images, args.classes)
    target = (generator.random(shape) < args.prevalence).astype(np.float32)
    score = generator.random(shape, dtype=np.float32) + 0.2 * target
    number = generator.integers(0, args.sources, len(score)).tolist()
    names = [f'source {source}' for source in number]
    nothing = [None] * len(names)
    results = [score, target, names, nothing, nothing]
    print(
        f'{args.images} images x {args.classes} classes of {args.sources} '
        f'sources, median of {args.repeats}'
    )
    for intervals in (False, True):
        metric = PartialLabelAUC(intervals=intervals)
        (seconds,) = np.median(
            times_in_turns(
                [lambda m=metric: m.compute_metrics(results)], args.repeats
            ),
            axis=0,
        )
        print(f'PartialLabelAUC, intervals={intervals!s:5}  {seconds:6.2f} s')


def compare_heads(args: argparse.Namespace) -> None:
    """Print the time of an evaluation with either head, and their ratio."""
    channels, batch = 1024, 32
    features = torch.rand(args.images, channels)
    target = (torch.rand(args.images, args.classes) < args.prevalence).float()

    def evaluate(name: str) -> Callable[[], object]:
        head = MODELS.build(
            dict(type=name, in_channels=channels, num_classes=args.classes)
        ).eval()

        @torch.no_grad()
        def run() -> object:
            metric = PartialLabelAUC()
            for start in range(0, args.images, batch):
                rows = slice(start, start + batch)
                samples = [DataSample().set_gt_score(y) for y in target[rows]]
                predicted = head.predict((features[rows],), samples)
                metric.process({}, [sample.to_dict() for sample in predicted])
            return metric.evaluate(args.images)

        return run

    names = ('DynamicAdapterHead', 'MultiLabelLinearClsHead')
    times = times_in_turns([evaluate(name) for name in names], args.repeats)
    print(f'{args.images} images x {args.classes} classes, from the features')
    for name, seconds in zip(names, np.median(times, axis=0), strict=True):
        print(f'{name:27} {seconds * 1e3:8.1f} ms')
    ratio = np.median(times[:, 0] / times[:, 1])
    print(f'ratio                       {ratio:8.2f}')


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
    parser.add_argument('--sources', type=int, default=1)
    parser.add_argument('--head', action='store_true')
    args = parser.parse_args()
    if args.head:
        compare_heads(args)
        return
    if args.sources > 1:
        many_sources(args)
        return
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
    samples = [
        dict(pred_score=p, gt_score=y, source='CheXpert', patient_id=number)
        for number, (p, y) in enumerate(
            zip(torch.tensor(score), torch.tensor(target), strict=True)
        )
    ]
    for start in range(0, args.images, 32):
        metric.process({}, samples[start : start + 32])
    results = metric.results.copy()

    def whole_metric() -> dict[str, float]:
        metric.results = results.copy()
        return metric.evaluate(args.images)

    difference = np.abs(np.subtract(ours(), reference())).max()
    times = times_in_turns([ours, whole_metric, reference], args.repeats)
    own, metric_time, their = np.median(times, axis=0) * 1e3
    ratio, metric_ratio = np.median(times[:, :2] / times[:, 2:], axis=0)
    print(
        f'{args.images} images x {args.classes} classes, median of '
        f'{args.repeats}'
    )
    print(f'AUC with DeLong intervals   {own:8.1f} ms')
    print(f'PartialLabelAUC, whole      {metric_time:8.1f} ms')
    print(f'scikit-learn roc_auc_score  {their:8.1f} ms')
    print(f'ratio                       {ratio:8.2f}')
    print(f'ratio of the whole metric   {metric_ratio:8.2f}')
    print(f'largest difference of AUC   {difference:8.1e}')


if __name__ == '__main__':
    main()
