"""Add classes to a trained model: what do the old classes lose?

    python benchmarks/grow.py cifar10 --seeds 3
    python benchmarks/grow.py nih64 --seeds 3 --iterations 500

The old model knows the classes of source D0 alone. Source D1 then brings
classes that the old model does not know. The script prints the mean AUC on the
test images, in %, of the old and of the new classes. "D1 alone" means that the
images of D0 are not there any more. All trainings have the same length and
minimise BCE on the annotated entries.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from reproduction.recipe_config import (
    datasets_of,
    load_recipe,
    move_data,
    plain_config,
)
from reproduction.report import markdown_row
from reproduction.table import Recipe

from mmda.apis.runner import build_runner, set_dataloader_defaults
from mmda.apis.seeding import set_seed

CONFIGS = {
    'cifar10': 'da/real/linear_small-cnn16_4800i_cifar10-disjoint.py',
    'nih64': 'da/real/linear_small-cnn16_500i_nih64.py',
}
OLD = 'the old model'
KEEP = dict(type='KeepOldClassesHook')
#: Name -> sources, options. All but the first two start from the old model.
TRAININGS: dict[str, tuple[list[int], dict[str, Any]]] = {
    OLD: ([0], {}),
    'anew, D0 and D1': ([0, 1], {}),
    'from the old model, D0 and D1': ([0, 1], dict(keep=KEEP)),
    'from the old model, D1 alone': ([1], dict(keep=KEEP)),
    'the same with `teacher_weight=1.0`': ([1], dict(keep=KEEP, teacher=1.0)),
    'the same with `freeze=True`': ([1], dict(keep=dict(KEEP, freeze=True))),
}


def set_classes(cfg: Config, classes: list[str]) -> None:
    """Give the data, the head and the metrics of a config a label space."""
    for node in [*datasets_of(cfg), cfg.model.head]:
        if 'classes' in node:
            node['classes'] = classes
    cfg.test_evaluator = dict(type='PartialLabelAUC')


def train(
    data: str, name: str, seed: int, folder: Path, args: argparse.Namespace
) -> dict[str, float]:
    """Train and test.

    Args:
        data (str): One of ``CONFIGS``.
        name (str): One of ``TRAININGS``.
        seed (int): Of the training and its images.
        folder (Path): Gets and holds ``old.pth``.
        args (Namespace): The options of the command line.

    Returns:
        dict[str, float]: AUC of each class, in %.
    """
    used, options = TRAININGS[name]
    cfg = load_recipe(Recipe(CONFIGS[data]))
    sources = cfg.train_dataloader.dataset.datasets
    if name == OLD:
        set_classes(cfg, old_classes(cfg))
    else:
        set_classes(cfg, list(cfg.model.head.classes))
    cfg.train_dataloader.dataset.datasets = [sources[i] for i in used]
    cfg.model.type = 'DualViewImageClassifier'
    cfg.model.head.type = args.head
    cfg = plain_config(cfg)
    if 'teacher' in options:
        cfg.model.head.loss = dict(
            type='PartialBCEPseudoConsistLoss',
            teacher_weight=options['teacher'],
        )
    for hook in ('run_summary', 'run_report', 'label_report', 'checkpoint'):
        cfg.default_hooks.pop(hook, None)
    if 'keep' in options:
        cfg.load_from = str(folder / 'old.pth')
        cfg.custom_hooks = [*cfg.get('custom_hooks', []), options['keep']]
    cfg.train_cfg.update(max_iters=args.iterations, val_interval=10**9)
    cfg.param_scheduler.T_max = args.iterations
    cfg.val_dataloader = cfg.val_cfg = cfg.val_evaluator = None
    cfg.launcher, cfg.log_level, cfg.work_dir = 'none', 'ERROR', str(folder)
    cfg.experiment_name = f'{data}_{name}_{seed}'.replace(' ', '_')
    move_data(cfg, args.data_root)
    set_seed(cfg, seed)
    set_dataloader_defaults(cfg, ['train_dataloader', 'test_dataloader'])
    runner = build_runner(cfg)
    runner.train()
    if name == OLD:
        runner.save_checkpoint(str(folder), 'old.pth', save_optimizer=False)
    return runner.test()


def old_classes(cfg: Config) -> list[str]:
    """Return the classes that D0 annotates, in the order of the config."""
    annotated = cfg.train_dataloader.dataset.datasets[0].labeled_classes
    return [c for c in cfg.model.head.classes if c in annotated]


def main() -> None:
    """Print a Markdown table: mean and deviation over the seeds."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('data', choices=CONFIGS)
    parser.add_argument('--seeds', type=int, default=3)
    parser.add_argument('--iterations', type=int, default=800)
    parser.add_argument(
        '--head',
        choices=['DynamicAdapterHead', 'PartialLabelLinearHead'],
        default='DynamicAdapterHead',
    )
    parser.add_argument('--data-root', help='in place of data/')
    args = parser.parse_args()
    torch.set_num_threads(1)
    cfg = load_recipe(Recipe(CONFIGS[args.data]))
    measured = cfg.get('measured', cfg.model.head.classes)
    old = set(old_classes(cfg))
    groups = (
        [f'auc/{c}' for c in measured if c in old],
        [f'auc/{c}' for c in measured if c not in old],
    )
    rows: dict[str, list[list[float]]] = {name: [] for name in TRAININGS}
    for seed in range(args.seeds):
        with tempfile.TemporaryDirectory() as folder:
            for name, found in rows.items():
                auc = train(args.data, name, seed, Path(folder), args)
                found.append(
                    [
                        np.mean([auc.get(key, np.nan) for key in keys])
                        for keys in groups
                    ]
                )
    print(markdown_row(['training', 'old classes', 'new classes']))
    print(markdown_row(['---', '---:', '---:']))
    for name, found in rows.items():
        mean = np.mean(found, axis=0)
        spread = np.std(found, axis=0, ddof=int(len(found) > 1))
        cells = [
            '' if np.isnan(m) else f'{m:.2f} ± {s:.2f}'
            for m, s in zip(mean, spread, strict=True)
        ]
        print(markdown_row([name, *cells]))


if __name__ == '__main__':
    main()
