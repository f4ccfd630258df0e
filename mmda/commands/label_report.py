"""Count the labels of a config, look at the pixels, and warn of faults."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from mmengine.config import Config

from mmda.apis.config import set_work_dir

from .common import (
    add_config,
    add_config_options,
    build_parser,
    open_config,
    run_tool,
    say,
)

#: Seconds to compare files by content before a training.
SECONDS = 3.0
#: Label maps of each source to read before a training.
MAX_MAPS = 200

EXAMPLES = """\
  mmda label_report configs/da/digits.py
  mmda label_report \\
      configs/da/chestxray_chexpert.py --cfg-options data_root=DIR --hash"""


def make_parser() -> argparse.ArgumentParser:
    """Make the parser of the command."""
    parser = build_parser(
        'Count the labels of every source of a config, compare the sources, '
        'and warn of what would spoil a training.',
        EXAMPLES,
        'label_report',
    )
    add_config(parser)
    add = parser.add_argument
    add(
        '--out-dir',
        help='folder of text, JSON and picture (default: label_report in the '
        'work directory of the config)',
    )
    add(
        '--hash',
        action='store_true',
        help='compare all image files by content, and read all label maps '
        f'(default: compare for {SECONDS:g} s, and read {MAX_MAPS} maps of '
        'each source)',
    )
    add(
        '--all-images',
        action='store_true',
        help='look at the pixels of all images (default: a sample of each '
        f'source, for {SECONDS:g} s)',
    )
    add_config_options(parser)
    return parser


def report_config(
    cfg: Config,
    out_dir: str | Path,
    seconds: float | None = SECONDS,
    all_images: bool = False,
) -> dict:
    """Print the label report of a config, and write its files.

    Args:
        cfg (Config): The config.
        out_dir (str | Path): Folder of the files.
        seconds (float, optional): Seconds to compare files by content. None
            compares all files, and reads all label maps. Defaults to 3.
        all_images (bool): Whether to look at the pixels of all images, and
            not of a sample for 3 seconds. Defaults to False.

    Returns:
        dict: The report.
    """
    from mmda.report.label_report import label_report
    from mmda.report.label_report_files import report_text, write_label_report
    from mmda.report.leaks import equal_files
    from mmda.report.pixels import NUM_IMAGES, look_at_pixels
    from mmda.report.source_labels import sources_of_config

    max_maps = None if seconds is None else MAX_MAPS
    sources = sources_of_config(cfg, max_maps)
    content = equal_files(sources, seconds, show=True)
    if all_images:
        pixels = look_at_pixels(sources, None, show=True)
    else:
        pixels = look_at_pixels(sources, NUM_IMAGES, SECONDS)
    report = label_report(sources, content, pixels)
    text = report_text(report)
    say(f'labels\n{text}')
    write_label_report(report, text, out_dir)
    say(f'text, JSON and picture lie in {out_dir}')
    return report


def run(args: argparse.Namespace) -> None:
    """Report, from the arguments."""
    cfg = open_config(args.config, args.cfg_options)
    set_work_dir(cfg, args.config)
    out_dir = args.out_dir or Path(cfg.work_dir) / 'label_report'
    seconds = None if args.hash else SECONDS
    report_config(cfg, out_dir, seconds, args.all_images)


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command."""
    run_tool(make_parser(), argv, run)
