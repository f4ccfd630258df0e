"""Train the model of a config."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Sequence
from pathlib import Path

from mmengine.config import Config

from mmda.apis.arguments import MAX_SEED, whole

from .common import (
    add_config,
    add_run_options,
    add_unsafe_load,
    build_parser,
    check_checkpoint,
    load_run_config,
    naming,
    run_tool,
)

EXAMPLES = """\
  mmda train configs/da/digits.py
  mmda train configs/da/digits.py --resume
  mmda train configs/da/digits.py --work-dir runs/tau07 \\
      --cfg-options model.head.loss.tau=0.7 train_cfg.max_epochs=10"""


def make_parser() -> argparse.ArgumentParser:
    """Make the parser of the command.

    Examples:
        >>> make_parser().parse_args(['x.py', '--resume']).resume
        'auto'
    """
    parser = build_parser('Train the model of a config.', EXAMPLES, 'train')
    add_config(parser)
    add_run_options(parser)
    add_unsafe_load(parser)
    add = parser.add_argument
    add(
        '--resume',
        nargs='?',
        const='auto',
        metavar='CHECKPOINT',
        help='continue from this checkpoint; without a value, from the last '
        'checkpoint in the work directory, if there is one',
    )
    add(
        '--no-validate',
        action='store_true',
        help='do not evaluate during training',
    )
    add(
        '--auto-scale-lr',
        action='store_true',
        help='scale the learning rate from `auto_scale_lr.base_batch_size` of '
        'the config to the batch size of this run',
    )
    add(
        '--no-persistent-workers',
        action='store_true',
        help='start the workers of the dataloaders anew in each epoch',
    )
    add(
        '--seed',
        type=whole(0, MAX_SEED),
        metavar='K',
        help='seed of the training, and of the draws and parts of the '
        'training and validation images that have a seed (the test images do '
        'not change)',
    )
    add(
        '--dry-run',
        action='store_true',
        help='read the data, print the report on labels and pixels, and stop',
    )
    return parser


def check(args: argparse.Namespace) -> None:
    """Check the arguments that can be checked without torch.

    Raises:
        FileNotFoundError: If the checkpoint to resume does not exist.
    """
    if args.resume not in (None, 'auto'):
        check_checkpoint(args.resume, '--resume')


def run(args: argparse.Namespace) -> None:
    """Train, or print the label report."""
    from mmda.apis.runner import run_logged
    from mmda.apis.work_dir import hold_work_dir
    from mmda.engine.checkpoint import checkpoint_loading

    cfg = merge_args(args)
    if args.dry_run:
        from .label_report import report_config

        report_config(cfg, Path(cfg.work_dir) / 'label_report')
        return
    with (
        naming(cfg.work_dir),
        hold_work_dir(cfg),
        checkpoint_loading(args.unsafe_load),
    ):
        run_logged(lambda: _train(cfg, args.resume))


def _train(cfg: Config, resume: str | None) -> None:
    from mmda.apis.runner import build_runner
    from mmda.apis.work_dir import check_nothing_is_overwritten

    notes = choose_start(cfg, resume)
    check_nothing_is_overwritten(cfg)
    runner = build_runner(cfg)
    for note in notes:
        runner.logger.warning(note)
    runner.train()


def choose_start(cfg: Config, resume: str | None) -> list[str]:
    """Set the checkpoint from which a training goes on.

    Args:
        cfg (Config): The config. ``resume`` and ``load_from`` are set.
        resume (str, optional): A checkpoint, or 'auto' for the newest one of
            the work directory. None leaves the choice to the config.

    Returns:
        list[str]: What the log should say about broken checkpoints.

    Raises:
        ValueError: If a checkpoint was found, but no whole one.
    """
    from mmda.apis.work_dir import newest_checkpoint, what_is_cut

    if resume is None and cfg.get('resume'):
        resume = cfg.get('load_from') or 'auto'
    if resume is None:
        return []
    notes: list[str] = []
    found: str | None = resume
    if resume == 'auto':
        found, notes = newest_checkpoint(cfg)
    elif '://' not in resume and (problem := what_is_cut(Path(resume))):
        raise ValueError(f'--resume: {resume} is no checkpoint: {problem}')
    # There may be nothing to resume yet: a job that a queue always starts
    # with --resume runs for the first time. The initial weights of the config
    # then count.
    cfg.resume = found is not None
    if found is not None:
        cfg.load_from = found
    return [f'{note}. Resuming {found}' for note in notes]


def merge_args(args: argparse.Namespace) -> Config:
    """Load the config of a command line, and apply the arguments.

    Returns:
        Config: The config from which to build the runner.

    Raises:
        ValueError: If the config lacks what an option needs.
    """
    from mmda.apis.runner import set_dataloader_defaults
    from mmda.apis.seeding import set_seed

    cfg = load_run_config(args)
    if args.no_validate:
        cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    if args.seed is not None:
        set_seed(cfg, args.seed)
    if args.amp:
        _use_amp(cfg)
    if args.auto_scale_lr:
        if 'base_batch_size' not in cfg.get('auto_scale_lr', {}):
            raise ValueError(
                '--auto-scale-lr: the config has no '
                'auto_scale_lr.base_batch_size, the batch size for which its '
                'learning rate was chosen'
            )
        cfg.auto_scale_lr.enable = True
    set_dataloader_defaults(
        cfg,
        ['train_dataloader', 'val_dataloader', 'test_dataloader'],
        pin_memory=not args.no_pin_memory,
        persistent_workers=not args.no_persistent_workers,
    )
    return cfg


def _use_amp(cfg: Config) -> None:
    from mmengine.device import get_device

    if get_device() == 'cpu':
        raise ValueError('--amp: training on the CPU has no mixed precision')
    found = cfg.optim_wrapper.get('type', 'OptimWrapper')
    if found not in ('OptimWrapper', 'AmpOptimWrapper'):
        raise ValueError(
            '--amp: expected optim_wrapper.type to be OptimWrapper, found '
            f'{found}'
        )
    cfg.optim_wrapper.type = 'AmpOptimWrapper'
    cfg.optim_wrapper.setdefault('loss_scale', 'dynamic')


def resume_command(words: Sequence[str]) -> str:
    """Return the command that continues an interrupted training.

    Args:
        words (Sequence[str]): The words of the command line of the training.

    Returns:
        str: The command line. It resumes from the last checkpoint, whatever
        the training itself resumed from. A launcher is not among the words,
        so a distributed training gets a sentence.

    Examples:
        >>> resume_command(['x.py', '--resume', 'a.pth', '--seed', '1'])
        'mmda train x.py --seed 1 --resume'
    """
    if any(word.startswith('--launcher') for word in words):
        return 'start the processes again, with --resume'
    kept, is_value = [], False
    for word in words:
        if not (is_value and not word.startswith('-')):
            is_value = word == '--resume'
            if not is_value and not word.startswith('--resume='):
                kept.append(word)
        else:
            is_value = False
    return shlex.join(['mmda', 'train', *kept, '--resume'])


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command."""
    run_tool(make_parser(), argv, run, check, resume=resume_command)
