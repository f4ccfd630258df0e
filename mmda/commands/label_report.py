"""The command that counts the labels of a config's sources."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from mmengine.config import Config

from ..report.label_report import label_report
from ..report.label_report_files import report_text, write_label_report
from ..report.leaks import equal_files
from ..report.source_labels import sources_of_config
from .common import (
    add_config_options,
    build_parser,
    open_config,
    run_tool,
    say,
)

#: How long files are compared by content before a training.
SECONDS = 3.0
#: Label maps of each source that are read before a training.
MAX_MAPS = 200

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
        help='compare all image files by content, and read all label maps, '
        f'however long it takes (default: files for {SECONDS:g} s, '
        f'{MAX_MAPS} maps of each source)',
    )
    add_config_options(parser)
    return parser


def report_config(
    cfg: Config, out_dir: str | Path, seconds: float | None = SECONDS
) -> dict:
    """Print the label report of a config and write its files.

    Args:
        cfg (Config): The config; ``tools/train.py --dry-run`` passes its own.
        out_dir (str | Path): Folder of the files.
        seconds (float, optional): How long to compare files by content; None
            for as long as it takes. Defaults to 3.

    Label maps are counted with everything read, like the files, where
    ``seconds`` is None, else some of each source.

    Returns:
        dict: The report.
    """
    max_maps = None if seconds is None else MAX_MAPS
    sources = sources_of_config(cfg, max_maps)
    content = equal_files(sources, seconds, show=True)
    report = label_report(sources, content)
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
    seconds = None if args.hash else SECONDS
    report_config(cfg, args.out_dir or work_dir / 'label_report', seconds)


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command.

    Args:
        argv (Sequence[str], optional): The arguments. Defaults to those of
            this process.
    """
    run_tool(make_parser(), argv, run)
