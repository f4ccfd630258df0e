"""Test a checkpoint with its config."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from copy import deepcopy

from mmengine.config import Config, ConfigDict

from mmda.apis.arguments import real, whole
from mmda.files import json_values, replacing

from .common import (
    CHECKPOINT_HELP,
    add_config,
    add_run_options,
    add_unsafe_load,
    build_parser,
    load_run_config,
    naming,
    run_tool,
)

EXAMPLES = """\
  mmda test configs/da/digits.py work_dirs/digits
  mmda test configs/da/digits.py work_dirs/digits \\
      --out auc.json --out-item metrics
  mmda test configs/da/digits.py work_dirs/digits \\
      --split val --out val.npz"""
SUFFIXES = {
    'pred': ('.npz', '.pkl', '.pickle'),
    'metrics': ('.json', '.yaml', '.yml', '.pkl', '.pickle'),
}


def make_parser() -> argparse.ArgumentParser:
    """Make the parser of the command."""
    parser = build_parser(
        'Test a checkpoint with its config.', EXAMPLES, 'test'
    )
    add_config(parser)
    add = parser.add_argument
    add('checkpoint', help=CHECKPOINT_HELP)
    add_run_options(parser)
    add_unsafe_load(parser)
    add('--out', metavar='FILE', help='file to write results')
    add(
        '--out-item',
        choices=list(SUFFIXES),
        help='what --out writes: predictions (.npz, default; .pkl for the '
        'stock tools) or metrics (.json, .yaml, .pkl)',
    )
    add(
        '--split',
        choices=['test', 'val'],
        default='test',
        help='which images of the config to test on (default: test); choose '
        'thresholds on val',
    )
    add(
        '--tta',
        action='store_true',
        help='test-time augmentation by `tta_model` and `tta_pipeline` of the '
        'config; without them, classification averages over a flip',
    )
    add('--show-dir', metavar='DIR', help='save drawn predictions there')
    add('--show', action='store_true', help='show predictions in a window')
    add(
        '--interval',
        type=whole(1),
        default=1,
        help='draw every n-th sample (default: 1)',
    )
    add(
        '--wait-time',
        type=real(0),
        default=2,
        help='seconds to show each window (default: 2)',
    )
    return parser


def check(args: argparse.Namespace) -> None:
    """Check the arguments that can be checked without torch.

    Raises:
        ValueError: If the results cannot be written to ``--out``.
    """
    if args.out is None:
        if args.out_item is not None:
            raise ValueError('--out-item needs --out FILE')
        return
    item = args.out_item or 'pred'
    if not args.out.endswith(SUFFIXES[item]):
        raise ValueError(
            f'--out {args.out}: expected a name that ends in '
            f'{" or ".join(SUFFIXES[item])} for --out-item {item}'
        )


def run(args: argparse.Namespace) -> None:
    """Test, and write the results."""
    import mmengine
    from mmengine.dist import is_main_process

    from mmda.apis.runner import run_logged
    from mmda.engine.checkpoint import checkpoint_loading

    cfg = merge_args(args)
    with checkpoint_loading(args.unsafe_load), naming(cfg.work_dir):
        metrics = run_logged(lambda: _test(cfg, args))
    if args.out_item == 'metrics' and is_main_process():
        with replacing(args.out) as part:
            mmengine.dump(json_values(metrics), part)


def _test(cfg: Config, args: argparse.Namespace) -> dict[str, float]:
    from mmengine.evaluator import DumpResults

    from mmda.apis.runner import build_runner
    from mmda.engine import CheckWeightsHook
    from mmda.report.checkpoint_record import checkpoint_record, split_tested
    from mmda.report.prediction_files import DumpPredictions

    runner = build_runner(cfg)
    runner.register_hook(CheckWeightsHook())
    if args.out is not None and args.out_item != 'metrics':
        record = checkpoint_record(args.checkpoint)
        record = dict(record, split=split_tested(cfg))
        is_archive = args.out.endswith('.npz')
        dump = (
            DumpPredictions(args.out, record)
            if is_archive
            else DumpResults(args.out)
        )
        evaluator = runner.test_evaluator
        # The host tells the classes to the metrics of the config alone.
        dump.dataset_meta = evaluator.dataset_meta
        evaluator.metrics.append(dump)
    return runner.test()


def merge_args(args: argparse.Namespace) -> Config:
    """Load the config of a command line, and apply the arguments.

    Returns:
        Config: The config from which to build the runner.

    Raises:
        ValueError: If the config lacks what an option needs.
    """
    from mmda.apis.runner import set_dataloader_defaults

    cfg = load_run_config(args)
    cfg.load_from = args.checkpoint
    cfg.resume = False
    # A test needs no strategy of a training: a process holds all weights.
    if cfg.get('runner_type') == 'FlexibleRunner':
        cfg.pop('runner_type')
    if args.split == 'val':
        if not cfg.get('val_dataloader'):
            raise ValueError('--split val: the config has no val_dataloader')
        cfg.test_dataloader = deepcopy(cfg.val_dataloader)
        # The page of the work directory is that of the test.
        cfg.setdefault('default_hooks', {})['run_report'] = None
    is_dump = args.out is not None and args.out.endswith('.npz')
    if is_dump and 'decode_head' in cfg.model:
        raise ValueError(
            f'--out {args.out}: this file holds answers about whole images. '
            'For pixels, expected a name that ends in .pkl'
        )
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
    from mmda.apis.config import whole_model
    from mmda.walk import walk_datasets

    # Only mmpretrain has a default for the two keys.
    scope = cfg.get('default_scope')
    if scope == 'mmpretrain':
        cfg.setdefault(
            'tta_model', ConfigDict(type='mmpretrain.AverageClsScoreTTA')
        )
    else:
        missing = [k for k in ('tta_model', 'tta_pipeline') if k not in cfg]
        if missing:
            raise ValueError(
                f'--tta: a config of scope {scope} needs tta_model and '
                f'tta_pipeline; missing: {", ".join(missing)}'
            )
    nodes = [
        node
        for node in walk_datasets(cfg.test_dataloader.dataset)
        if node.get('pipeline')
    ]
    if not nodes:
        raise ValueError('--tta: no `pipeline` under test_dataloader.dataset')
    for node in nodes:
        node['pipeline'] = deepcopy(
            cfg.get('tta_pipeline') or _flip_pipeline(node['pipeline'])
        )
    # The wrapper uses its own preprocessor in place of the model's.
    cfg.model = ConfigDict(**cfg.tta_model, module=whole_model(cfg))
    cfg.pop('data_preprocessor', None)


def _flip_pipeline(pipeline: list[dict]) -> list[dict]:
    flips = [dict(type='RandomFlip', prob=prob) for prob in (1.0, 0.0)]
    twice = dict(type='TestTimeAug', transforms=[flips, [pipeline[-1]]])
    return [*pipeline[:-1], twice]


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command."""
    run_tool(make_parser(), argv, run, check)
