"""The test command."""

import argparse
from collections.abc import Sequence
from copy import deepcopy
from typing import Any

import mmengine
from mmengine.config import Config, ConfigDict
from mmengine.dist import is_main_process

from mmda.evaluation.metrics import DumpPredictions

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
  python tools/test.py configs/da/digits.py work_dirs/digits/epoch_30.pth
  python tools/test.py configs/da/digits.py work_dirs/digits/epoch_30.pth \\
      --out auc.json --out-item metrics
  python tools/test.py configs/da/digits.py work_dirs/digits/epoch_30.pth \\
      --split val --out val.pkl"""
SUFFIXES = {
    'pred': ('.pkl', '.pickle'),
    'metrics': ('.json', '.yaml', '.yml', '.pkl', '.pickle'),
}


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line.

    Args:
        argv (Sequence[str], optional): The arguments. Defaults to None: those
            of this process.

    Returns:
        argparse.Namespace: The arguments.
    """
    parser = build_parser('Test a checkpoint with its config.', EXAMPLES)
    parser.add_argument('checkpoint', help='checkpoint file')
    parser.add_argument('--out', metavar='FILE', help='file to write results')
    parser.add_argument(
        '--out-item',
        choices=list(SUFFIXES),
        help='what --out writes: predictions (.pkl, default) or metrics '
        '(.json, .yaml, .pkl)',
    )
    parser.add_argument(
        '--split',
        choices=['test', 'val'],
        default='test',
        help='which images of the config to test on (default: test); '
        'thresholds are chosen on val',
    )
    parser.add_argument(
        '--tta',
        action='store_true',
        help='test-time augmentation by `tta_model` and `tta_pipeline` of the '
        'config; without them, classification averages over a flip',
    )
    parser.add_argument(
        '--show-dir', metavar='DIR', help='save drawn predictions there'
    )
    parser.add_argument(
        '--show', action='store_true', help='show predictions in a window'
    )
    parser.add_argument(
        '--interval',
        type=int,
        default=1,
        help='draw every n-th sample (default: 1)',
    )
    parser.add_argument(
        '--wait-time',
        type=float,
        default=2,
        help='seconds to show each window (default: 2)',
    )
    return parse_checked(parser, argv, _check)


def _check(args: argparse.Namespace) -> None:
    check_checkpoint(args.checkpoint, 'checkpoint')
    if args.out is None:
        if args.out_item is not None:
            raise ValueError('--out-item needs --out FILE')
        return
    suffixes = SUFFIXES[args.out_item or 'pred']
    if not args.out.endswith(suffixes):
        raise ValueError(
            f'--out {args.out}: expected a name that ends in '
            f'{" or ".join(suffixes)} for --out-item {args.out_item or "pred"}'
        )


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
    cfg.load_from = args.checkpoint
    cfg.resume = False
    set_work_dir(cfg, args.config, args.work_dir)
    if args.split == 'val':
        if not cfg.get('val_dataloader'):
            raise ValueError('--split val: the config has no val_dataloader')
        cfg.test_dataloader = deepcopy(cfg.val_dataloader)
    if args.amp:
        cfg.test_cfg.fp16 = True
    if args.show or args.show_dir is not None:
        _draw(cfg, args)
    if args.tta:
        _use_tta(cfg)
    set_dataloader_defaults(
        cfg, ['test_dataloader'], pin_memory=not args.no_pin_memory
    )
    return cfg


def _draw(cfg: Config, args: argparse.Namespace) -> None:
    hook = cfg.get('default_hooks', {}).get('visualization')
    if hook is None:
        raise ValueError(
            '--show and --show-dir need default_hooks.visualization, such as '
            "dict(type='VisualizationHook') or 'SegVisualizationHook'"
        )
    hook.update(
        show=args.show, interval=args.interval, wait_time=args.wait_time
    )
    if cfg.get('default_scope') == 'mmseg':
        hook.draw = True
        if args.show_dir is not None:
            cfg.visualizer.save_dir = args.show_dir
    else:
        hook.update(enable=True, out_dir=args.show_dir)


def _use_tta(cfg: Config) -> None:
    # mmpretrain has a default for both keys, the other hosts have none.
    scope = cfg.get('default_scope')
    if scope == 'mmpretrain':
        cfg.setdefault(
            'tta_model', ConfigDict(type='mmpretrain.AverageClsScoreTTA')
        )
    missing = [
        key
        for key in ('tta_model', 'tta_pipeline')
        if key not in cfg and scope != 'mmpretrain'
    ]
    if missing:
        raise ValueError(
            f'--tta: a config of scope {scope} needs tta_model and '
            f'tta_pipeline; missing: {", ".join(missing)}'
        )
    if not _set_pipelines(cfg.test_dataloader.dataset, cfg):
        raise ValueError('--tta: no `pipeline` under test_dataloader.dataset')
    # The wrapper puts its preprocessor in the place of the model's own.
    if 'data_preprocessor' in cfg:
        cfg.model.setdefault('data_preprocessor', cfg.pop('data_preprocessor'))
    cfg.model = ConfigDict(**cfg.tta_model, module=cfg.model)


def _set_pipelines(dataset: Any, cfg: Config) -> int:
    """Give every dataset below a wrapper its TTA pipeline, and count them."""
    if isinstance(dataset, (list, tuple)):
        return sum(_set_pipelines(one, cfg) for one in dataset)
    if not isinstance(dataset, dict):
        return 0
    found = 0
    if dataset.get('pipeline'):
        dataset['pipeline'] = deepcopy(
            cfg.get('tta_pipeline') or _flip_pipeline(dataset['pipeline'])
        )
        found = 1
    return (
        found
        + _set_pipelines(dataset.get('dataset'), cfg)
        + _set_pipelines(dataset.get('datasets'), cfg)
    )


def _flip_pipeline(pipeline: list[dict]) -> list[dict]:
    flips = [dict(type='RandomFlip', prob=prob) for prob in (1.0, 0.0)]
    twice = dict(type='TestTimeAug', transforms=[flips, [pipeline[-1]]])
    return [*pipeline[:-1], twice]


def main(argv: Sequence[str] | None = None) -> None:
    """Test, from the command line.

    Args:
        argv (Sequence[str], optional): See :func:`parse_args`.
    """
    args = parse_args(argv)
    cfg = merge_args(args)
    metrics = run_logged(lambda: _test(cfg, args))
    if args.out_item == 'metrics' and is_main_process():
        mmengine.dump(metrics, args.out)


def _test(cfg: Config, args: argparse.Namespace) -> dict[str, float]:
    runner = build_runner(cfg)
    if args.out is not None and args.out_item != 'metrics':
        # Here, since the analysis tools are not needed to test.
        from mmda.report.checkpoint_record import (
            checkpoint_record,
            split_tested,
        )

        record = checkpoint_record(args.checkpoint)
        run = dict(record, split=split_tested(cfg))
        runner.test_evaluator.metrics.append(DumpPredictions(args.out, run))
    return runner.test()


if __name__ == '__main__':
    main()
