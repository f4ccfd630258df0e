"""The command that counts the labels of a config's sources."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from mmengine.config import Config
from mmengine.utils import ProgressBar

from ..file_hashes import equal_files
from ..label_report import label_report, report_text
from ..label_report_files import write_label_report
from ..source_labels import sources_of_config
from .common import (
    add_config_options,
    build_parser,
    open_config,
    run_tool,
    say,
)

EXAMPLES = """\
  python tools/analysis_tools/label_report.py configs/da/digits.py
  python tools/analysis_tools/label_report.py \\
      configs/da/chestxray_chexpert.py --cfg-options data_root=DIR --hash"""


def make_parser() -> argparse.ArgumentParser:
    """Make the parser of the command.

    Returns:
        argparse.ArgumentParser: The parser.
    """
    parser = build_parser(
        'Count the labels of every source of a config, compare the sources, '
        'and warn of what would spoil a training.',
        EXAMPLES,
    )
    parser.add_argument('config', help='config file, or package::path')
    parser.add_argument(
        '--out-dir',
        help='folder of text, JSON and picture (default: label_report in the '
        'work directory of the config)',
    )
    parser.add_argument(
        '--hash',
        action='store_true',
        help='compare image files by content too (reads files of equal size)',
    )
    add_config_options(parser)
    return parser


def report_config(
    cfg: Config, out_dir: str | Path, hash_files: bool = False
) -> dict:
    """Print the label report of a config and write its files.

    Args:
        cfg (Config): The config; ``tools/train.py --dry-run`` passes its own.
        out_dir (str | Path): Folder of the files.
        hash_files (bool): Whether to compare files by content. Defaults to
            False.

    Returns:
        dict: The report.
    """
    sources = sources_of_config(cfg)
    report = label_report(sources)
    if hash_files:
        total = sum(len(s.paths) for s in sources if s.paths is not None)
        bar = ProgressBar(total) if total else None
        report['warnings'] += equal_files(sources, bar and bar.update)
    say(f'labels\n{report_text(report)}')
    write_label_report(report, out_dir)
    say(f'text, JSON and picture lie in {out_dir}')
    return report


def run(args: argparse.Namespace) -> None:
    """Report, from the arguments.

    Args:
        args (argparse.Namespace): The arguments.
    """
    cfg = open_config(args.config, args.cfg_options)
    stem = Path(args.config.rpartition('::')[2]).stem
    work_dir = Path(cfg.get('work_dir') or Path('work_dirs') / stem)
    report_config(cfg, args.out_dir or work_dir / 'label_report', args.hash)


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command.

    Args:
        argv (Sequence[str], optional): The arguments. Defaults to those of
            this process.
    """
    run_tool(make_parser(), argv, run)
