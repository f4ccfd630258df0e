"""The command that compares what models cost."""

from __future__ import annotations

import argparse
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from mmengine.utils import ProgressBar
from mmpretrain.registry import MODELS

from mmda.apis.config import classes_of
from mmda.apis.fold import can_fold, fold_model_config
from mmda.commands.common import (
    add_config_options,
    build_parser,
    open_config,
    run_tool,
    say,
    write_json,
)

from .complexity import (
    Cost,
    TrainingStep,
    count,
    image_shape,
    random_batch,
    time_in_turns,
)
from .complexity_table import complexity_json, complexity_markdown

EXAMPLES = """\
  DATA=small-cnn_500i_mnist-overlap
  python tools/analysis_tools/complexity.py \\
      configs/da/table12/da-recipe_$DATA.py \\
      configs/da/baselines/one-per-task_$DATA.py
  python tools/analysis_tools/complexity.py configs/da/chestxray_chexpert.py \\
      configs/da/baselines/dodnet_densenet121_1280e_chest20.py \\
      --batch-size 8 --rounds 3"""


def make_parser() -> argparse.ArgumentParser:
    """Make the parser of the command.

    Returns:
        argparse.ArgumentParser: The parser.
    """
    parser = build_parser(
        'Compare what classifiers cost: parameters, multiply-adds, and the '
        'time in which each question is asked once about each image, which '
        "takes DoDNet's head as many passes as there are classes. Steps are "
        'timed in turns on random images; reading images is left out.',
        EXAMPLES,
    )
    parser.add_argument(
        'configs', nargs='+', help='config files, or package::path'
    )
    parser.add_argument(
        '--rounds',
        type=int,
        default=5,
        help='timed steps of each model; 0: count only (default: 5)',
    )
    parser.add_argument(
        '--batch-size',
        type=int,
        help="images of a step (default: the first config's)",
    )
    parser.add_argument(
        '--size', type=int, help="side of an image (default: each config's)"
    )
    parser.add_argument(
        '--annotated',
        type=float,
        default=0.5,
        help='part of the random labels that is annotated (default: 0.5)',
    )
    parser.add_argument('--device', default='cpu', help='default: cpu')
    parser.add_argument('--out-dir', default='complexity')
    add_config_options(parser)
    return parser


def run(args: argparse.Namespace) -> None:
    """Count, time, print and write.

    Args:
        args (argparse.Namespace): The arguments.
    """
    _check(args)
    costs: list[Cost] = []
    timed: list[tuple[Cost, TrainingStep]] = []
    for name, path in _names(args.configs).items():
        cfg = open_config(path, args.cfg_options)
        if not (cfg.get('model') or {}).get('head'):
            raise ValueError(f'{path}: no model.head, expected a classifier')
        args.batch_size = args.batch_size or cfg.train_dataloader.batch_size
        shape = image_shape(cfg, args.size)
        batch = random_batch(
            _num_classes(cfg), shape, args.batch_size, args.annotated
        )
        step = TrainingStep(cfg, batch, args.device)
        cost = count(name, step.model, shape)
        cost.views = step.views
        costs.append(cost)
        timed.append((cost, step))
        if can_fold(cfg.model):
            folded = MODELS.build(fold_model_config(cfg.model))
            costs.append(count(f'{name}, folded', folded, shape))
    if args.rounds:
        bar = ProgressBar(args.rounds + 1)
        seconds = time_in_turns([s for _, s in timed], args.rounds, bar.update)
        for (cost, _), value in zip(timed, seconds, strict=True):
            cost.step_seconds = value
    _write(costs, args)


def _num_classes(cfg: Config) -> int:
    return cfg.model.head.get('num_classes') or len(classes_of(cfg) or ())


def _names(configs: Sequence[str]) -> dict[str, str]:
    """Name each config by its file, or by its path where two are alike."""
    stems = [Path(config).stem for config in configs]
    return {
        stem if stems.count(stem) == 1 else config: config
        for stem, config in zip(stems, configs, strict=True)
    }


def _check(args: argparse.Namespace) -> None:
    if args.rounds < 0:
        raise ValueError(f'--rounds {args.rounds}: expected 0 or more')
    if not 0 < args.annotated <= 1:
        raise ValueError(
            f'--annotated {args.annotated}: expected more than 0, at most 1'
        )
    for key in ('batch_size', 'size'):
        value = getattr(args, key)
        if value is not None and value < 1:
            option = key.replace('_', '-')
            raise ValueError(f'--{option} {value}: expected 1 or more')


def _write(costs: Sequence[Cost], args: argparse.Namespace) -> None:
    table = complexity_markdown(costs)
    setting: dict[str, Any] = dict(
        device=args.device,
        processor=platform.processor() or platform.machine(),
        threads=torch.get_num_threads(),
        torch=torch.__version__,
        batch_size=args.batch_size,
        annotated=args.annotated,
        rounds=args.rounds,
    )
    folder = Path(args.out_dir)
    write_json(folder / 'complexity.json', complexity_json(costs, **setting))
    text = f'{table}\n\n' + ', '.join(f'{k}: {v}' for k, v in setting.items())
    (folder / 'complexity.md').write_text(text + '\n', encoding='utf-8')
    say(f'\n{text}\ntable and values lie in {folder}')


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command.

    Args:
        argv (Sequence[str], optional): The arguments. Defaults to those of
            this process.
    """
    run_tool(make_parser(), argv, run)
