"""The training command."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from mmengine.config import Config
from mmengine.device import get_device

from mmda.apis.seeding import set_seed

from ..apis.cli import (
    build_parser,
    build_runner,
    check_checkpoint,
    parse_checked,
    run_logged,
    set_dataloader_defaults,
    set_work_dir,
)
from ..apis.config import load_config

EXAMPLES = """\
  python tools/train.py configs/da/digits.py
  python tools/train.py configs/da/digits.py --resume
  python tools/train.py configs/da/digits.py --work-dir runs/tau07 \\
      --cfg-options model.head.loss.tau=0.7 train_cfg.max_epochs=10"""


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line.

    Args:
        argv (Sequence[str], optional): The arguments. Defaults to None: those
            of this process.

    Returns:
        argparse.Namespace: The arguments.

    Examples:
        >>> parse_args(['mmda::da/digits.py', '--resume']).resume
        'auto'
    """
    parser = build_parser('Train the model of a config.', EXAMPLES)
    parser.add_argument(
        '--resume',
        nargs='?',
        const='auto',
        metavar='CHECKPOINT',
        help='go on from this checkpoint, or, without a value, from the last '
        'one in the work directory if there is one',
    )
    parser.add_argument(
        '--no-validate',
        action='store_true',
        help='do not evaluate during training',
    )
    parser.add_argument(
        '--auto-scale-lr',
        action='store_true',
        help='scale the learning rate from `auto_scale_lr.base_batch_size` of '
        'the config to the batch size of this run',
    )
    parser.add_argument(
        '--no-persistent-workers',
        action='store_true',
        help='start the workers of the dataloaders anew in each epoch',
    )
    parser.add_argument(
        '--seed',
        type=int,
        metavar='K',
        help='seed of the training, and of the draws and parts of the '
        'training and validation images that have one (the test images stay)',
    )
    parser.add_argument(
        '--dry-run',
        action='store_true',
        help='read the data, print the label report and stop',
    )
    return parse_checked(parser, argv, _check)


def _check(args: argparse.Namespace) -> None:
    if args.resume not in (None, 'auto'):
        check_checkpoint(args.resume, '--resume')
    if args.seed is not None and args.seed < 0:
        raise ValueError(f'--seed {args.seed}: expected 0 or more')


def merge_args(args: argparse.Namespace) -> Config:
    """Load the config of a command line and complete it.

    Args:
        args (argparse.Namespace): See :func:`parse_args`.

    Returns:
        Config: The config to build the runner from.

    Raises:
        ValueError: If the config lacks what an option needs.
    """
    cfg = load_config(args.config, args.cfg_options)
    cfg.launcher = args.launcher
    set_work_dir(cfg, args.config, args.work_dir)
    if args.no_validate:
        cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    if args.seed is not None:
        set_seed(cfg, args.seed)
    if args.amp:
        _use_amp(cfg)
    if args.auto_scale_lr:
        _scale_lr(cfg)
    if args.resume is not None:
        _resume(cfg, args.resume)
    set_dataloader_defaults(
        cfg,
        ['train_dataloader', 'val_dataloader', 'test_dataloader'],
        pin_memory=not args.no_pin_memory,
        persistent_workers=not args.no_persistent_workers,
    )
    return cfg


def _use_amp(cfg: Config) -> None:
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


def _scale_lr(cfg: Config) -> None:
    if 'base_batch_size' not in cfg.get('auto_scale_lr', {}):
        raise ValueError(
            '--auto-scale-lr: the config has no auto_scale_lr.base_batch_size,'
            ' the batch size that its learning rate is meant for'
        )
    cfg.auto_scale_lr.enable = True


def _resume(cfg: Config, resume: str) -> None:
    if resume != 'auto':
        cfg.resume, cfg.load_from = True, resume
    elif Path(cfg.work_dir, 'last_checkpoint').is_file():
        cfg.resume, cfg.load_from = True, None
    else:
        # A first start, as in a job that is always queued with --resume: the
        # weights that the config starts from still count.
        cfg.resume = cfg.get('load_from') is None


def main(argv: Sequence[str] | None = None) -> None:
    """Train, from the command line.

    Args:
        argv (Sequence[str], optional): See :func:`parse_args`.
    """
    args = parse_args(argv)
    cfg = merge_args(args)
    if args.dry_run:
        # Here, since the analysis tools are not needed to train.
        from mmda.commands.label_report import report_config

        report_config(cfg, Path(cfg.work_dir) / 'label_report')
        return
    run_logged(lambda: build_runner(cfg).train())


if __name__ == '__main__':
    main()
