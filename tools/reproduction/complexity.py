"""The command that compares the cost of models."""

from __future__ import annotations

import argparse
import platform
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from mmengine.utils import ProgressBar
from mmpretrain.registry import MODELS

from mmda.apis.arguments import real, whole
from mmda.apis.config import classes_of
from mmda.apis.fold import can_fold, fold_model_config
from mmda.apis.inference_model import check_device
from mmda.commands.common import (
    add_config_options,
    build_parser,
    open_config,
    run_tool,
    say,
    write_json,
)
from mmda.files import write_text

from .model_cost import (
    Cost,
    TrainingStep,
    count,
    image_shape,
    random_batch,
    time_in_turns,
)
from .report import markdown_row

EXAMPLES = """\
  DATA=small-cnn_500i_mnist-overlap
  python tools/reproduce.py complexity \\
      configs/da/table12/da-recipe_$DATA.py \\
      configs/da/baselines/one-per-task_$DATA.py
  python tools/reproduce.py complexity configs/da/chestxray_chexpert.py \\
      configs/da/baselines/dodnet_densenet121_1280e_chest20.py \\
      --batch-size 8 --rounds 3"""
_HEADER = (
    *('model', 'parameters', 'multiply-adds / image', 'views', 'step'),
    *('passes / epoch', 'epoch / first'),
)


def make_parser() -> argparse.ArgumentParser:
    """Make the parser of the command."""
    parser = build_parser(
        'Compare the cost of classifiers: parameters, multiply-adds, and the '
        'time in which the network answers each question about each image '
        "once. DoDNet's head takes one pass per class for that. The steps are "
        'timed in turns on random images. Reading images is left out.',
        EXAMPLES,
        'reproduce complexity',
    )
    add = parser.add_argument
    add('configs', nargs='+', help='config files, or package::path')
    add(
        '--rounds',
        type=whole(0),
        default=5,
        help='timed steps of each model; 0: count only (default: 5)',
    )
    add(
        '--batch-size',
        type=whole(1),
        help='images of a step (default: as in the first config)',
    )
    add(
        '--size',
        type=whole(1),
        help='side of an image (default: as in a config)',
    )
    add(
        '--annotated',
        type=real(0.01, 1),
        default=0.5,
        help='part of the random labels that is annotated (default: 0.5)',
    )
    add('--device', default='cpu', help='default: cpu')
    add('--out-dir', default='complexity')
    add_config_options(parser)
    return parser


def run(args: argparse.Namespace) -> None:
    """Count, time, print and write."""
    check_device(args.device)
    costs: list[Cost] = []
    timed: list[tuple[Cost, TrainingStep]] = []
    for name, path in _names(args.configs).items():
        cfg = open_config(path, args.cfg_options)
        if not (cfg.get('model') or {}).get('head'):
            raise ValueError(f'{path}: no model.head, expected a classifier')
        args.batch_size = args.batch_size or cfg.train_dataloader.batch_size
        shape = image_shape(cfg, args.size)
        number = cfg.model.head.get('num_classes')
        number = number or len(classes_of(cfg) or ())
        batch = random_batch(number, shape, args.batch_size, args.annotated)
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


def _names(configs: Sequence[str]) -> dict[str, str]:
    """Name each config by its file; by its path if two share a name."""
    stems = [Path(config).stem for config in configs]
    return {
        stem if stems.count(stem) == 1 else config: config
        for stem, config in zip(stems, configs, strict=True)
    }


def _write(costs: Sequence[Cost], args: argparse.Namespace) -> None:
    setting: dict[str, Any] = dict(
        device=args.device,
        processor=platform.processor() or platform.machine(),
        threads=torch.get_num_threads(),
        torch=torch.__version__,
        batch_size=args.batch_size,
        annotated=args.annotated,
        rounds=args.rounds,
    )
    models = [
        {**asdict(cost), 'epoch_ratio': ratio}
        for cost, ratio in zip(costs, epoch_ratios(costs), strict=True)
    ]
    folder = Path(args.out_dir)
    write_json(
        folder / 'complexity.json', dict(setting=setting, models=models)
    )
    shown = ', '.join(f'{key}: {value}' for key, value in setting.items())
    text = f'{cost_table(costs)}\n\n{shown}'
    write_text(folder / 'complexity.md', text + '\n')
    say(f'\n{text}\ntable and values lie in {folder}')


def cost_table(costs: Sequence[Cost]) -> str:
    """Write the costs of models as a Markdown table.

    Args:
        costs (Sequence[Cost]): The costs. The epochs are compared with that
            of the first model.

    Returns:
        str: One row per model. '-' where a model was not trained.

    Examples:
        >>> print(cost_table([Cost('a', 6974756, 2864952832)]))
        | model | parameters | multiply-adds / image | views | step | ...
        | --- | ---: | ---: | ---: | ---: | ---: | ---: |
        | a | 6.97 M (6,974,756) | 2.865 G | 1 | - | 1 | - |
    """
    rule = ['---', *['---:'] * (len(_HEADER) - 1)]
    lines = [markdown_row(_HEADER), markdown_row(rule)]
    for cost, ratio in zip(costs, epoch_ratios(costs), strict=True):
        seconds = cost.step_seconds
        cells = (
            cost.name,
            f'{_short(cost.parameters, 2)} ({cost.parameters:,})',
            _short(cost.multiply_adds, 3),
            str(cost.views),
            '-' if seconds is None else f'{seconds:.3f} s',
            str(cost.passes),
            '-' if ratio is None else f'{ratio:.2f}',
        )
        lines.append(markdown_row(cells))
    return '\n'.join(lines)


def epoch_ratios(costs: Sequence[Cost]) -> list[float | None]:
    """Compare the time in which each question is asked once.

    Args:
        costs (Sequence[Cost]): The costs. The first one is the unit.

    Returns:
        list[float | None]: Time divided by the time of the first model. None
        where one of the two models was not trained.

    Examples:
        >>> epoch_ratios([Cost('a', 1, 1, step_seconds=2.0),
        ...               Cost('b', 1, 1, step_seconds=1.0, passes=7)])
        [1.0, 3.5]
    """
    unit = costs[0].epoch_seconds
    return [
        cost.epoch_seconds / unit if unit and cost.epoch_seconds else None
        for cost in costs
    ]


def _short(number: int, digits: int) -> str:
    for unit, letter in ((1e9, 'G'), (1e6, 'M'), (1e3, 'k')):
        if number >= unit:
            return f'{number / unit:.{digits}f} {letter}'
    return str(number)


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command."""
    run_tool(make_parser(), argv, run)
