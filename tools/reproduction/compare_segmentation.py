"""The command that draws the answers of two segmentors side by side."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmcv import imread
from mmengine.registry import DATASETS, MODELS

from mmda.apis.config import find_config
from mmda.commands.common import (
    add_config_options,
    add_unsafe_load,
    build_parser,
    check_checkpoint,
    open_config,
    run_tool,
    say,
)
from mmda.engine.checkpoint import load_checkpoint
from mmda.engine.hooks.check_weights_hook import load_weights
from mmda.structures import nearest

from .segmentation_figure import Comparison, draw_comparison, name_pixels

EXAMPLES = """\
  python tools/reproduce.py compare_segmentation \\
      configs/da/cityscapes_bus_5way_light.py 5way.pth \\
      configs/da/cityscapes_bus_19way_light.py 19way.pth \\
      --images 0 3 7 --class-of-interest bus"""


def make_parser() -> argparse.ArgumentParser:
    """Make the parser of the command."""
    parser = build_parser(
        'Draw image, truth, the answers of two models and a map of their '
        'errors (Fig. 8 of the paper). The truth comes from the test set of '
        'the second config.',
        EXAMPLES,
        'reproduce compare_segmentation',
    )
    add = parser.add_argument
    for name in ('a', 'b'):
        add(f'config_{name}', help=f'config of model {name}')
        add(f'checkpoint_{name}', help=f'weights of model {name}')
    add(
        '--images',
        nargs='+',
        default=['0', '1', '2'],
        help='positions in the test set, or parts of file names',
    )
    add('--class-of-interest', default='bus')
    add('--names', nargs=2, metavar=('A', 'B'), help='names of the models')
    add(
        '--out',
        default='comparison.png',
        help='figure to write, with a PDF beside it (default: comparison.png)',
    )
    add_config_options(parser)
    add_unsafe_load(parser)
    return parser


class Segmentor:
    """A model with its test set.

    Args:
        config (str): Config of the model.
        checkpoint (str): Weights of the model.
        options (dict, optional): ``--cfg-options``.
        unsafe_load (bool): As in ``load_checkpoint``. Defaults to False.

    Raises:
        ValueError: If the model has no ``decode_head``.
    """

    def __init__(
        self,
        config: str,
        checkpoint: str,
        options: dict | None = None,
        unsafe_load: bool = False,
    ) -> None:
        cfg = open_config(config, options)
        if 'decode_head' not in cfg.model:
            raise ValueError(f'{config}: model has no decode_head')
        self.model = MODELS.build(cfg.model)
        content = load_checkpoint(checkpoint, unsafe_load=unsafe_load)
        load_weights(self.model, content, checkpoint)
        self.model.eval()
        self.dataset = DATASETS.build(cfg.test_dataloader.dataset)
        self.classes = tuple(self.dataset.metainfo['classes'])

    def answer(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Segment an image of the test set.

        Args:
            index (int): Position of the image.

        Returns:
            tuple[ndarray, ndarray]: The predicted and the true class names,
            object (H, W). A pixel that gets no class has the name ''.
        """
        packed = self.dataset[index]
        batch = {key: [value] for key, value in packed.items()}
        with torch.no_grad():
            sample = self.model.test_step(batch)[0]
        found = sample.pred_sem_seg.data.squeeze(0)
        truth = sample.gt_sem_seg.data.squeeze(0)
        kinds = self.dataset.metainfo.get('background_classes', ())
        return (
            name_pixels(found.numpy(), self.classes),
            name_pixels(truth.numpy(), (*self.classes, *kinds)),
        )


def check_same_image(a: Any, b: Any, index: int) -> None:
    """Check that two test sets have the same image at a position.

    Args:
        a (Dataset): Test set of the first model.
        b (Dataset): Test set of the second model.
        index (int): Position in both test sets.

    Raises:
        ValueError: If the images differ.
    """
    other = b.get_data_info(index)['img_path']
    found = a.get_data_info(index)['img_path'] if index < len(a) else None
    if found is None or os.path.realpath(found) != os.path.realpath(other):
        raise ValueError(
            f'image {index} of the test set is {found} for the first config '
            f'and {other} for the second: expected the same images in the '
            'same order'
        )


def find_images(paths: Sequence[str], wanted: Sequence[str]) -> list[int]:
    """Turn positions and parts of file names into positions.

    Args:
        paths (Sequence[str]): Paths of all images.
        wanted (Sequence[str]): Positions, and parts of file names.

    Returns:
        list[int]: One position for each entry of ``wanted``.

    Raises:
        ValueError: If a position is too large, or if not exactly one file
            name matches.

    Examples:
        >>> find_images(['a_01.png', 'b_02.png'], ['1', 'a_'])
        [1, 0]
    """
    found = []
    for text in wanted:
        if text.isdigit() and int(text) < len(paths):
            found.append(int(text))
            continue
        matches = [
            i for i, path in enumerate(paths) if text in Path(path).name
        ]
        if text.isdigit() or len(matches) != 1:
            names = [Path(path).name for path in paths]
            raise ValueError(
                f'--images {text}: expected a position below {len(paths)} or '
                f'a part of one file name, found {len(matches)} matches'
                f'{"" if matches else nearest(text, names[:200])}'
            )
        found.append(matches[0])
    return found


def check(args: argparse.Namespace) -> None:
    """Check that the files of both models exist, before any is loaded.

    Raises:
        FileNotFoundError: If there is no such config or checkpoint.
    """
    for config in (args.config_a, args.config_b):
        find_config(config)
    for checkpoint in (args.checkpoint_a, args.checkpoint_b):
        check_checkpoint(checkpoint, 'checkpoint')


def run(args: argparse.Namespace) -> None:
    """Segment the images with both models and draw them."""
    options = args.cfg_options, args.unsafe_load
    a = Segmentor(args.config_a, args.checkpoint_a, *options)
    b = Segmentor(args.config_b, args.checkpoint_b, *options)
    name = args.class_of_interest
    for model, config in ((a, args.config_a), (b, args.config_b)):
        if name not in model.classes:
            raise ValueError(
                f'--class-of-interest: {config} has no class {name!r}'
                f'{nearest(name, model.classes)}'
            )
    paths = [
        b.dataset.get_data_info(i)['img_path'] for i in range(len(b.dataset))
    ]
    rows = []
    for index in find_images(paths, args.images):
        check_same_image(a.dataset, b.dataset, index)
        image = imread(paths[index], channel_order='rgb')
        stem = Path(paths[index]).stem.removesuffix('_leftImg8bit')
        answer_b, truth = b.answer(index)
        rows.append(
            Comparison(image, truth, a.answer(index)[0], answer_b, stem)
        )
    names = args.names or [
        Path(c).stem for c in (args.config_a, args.config_b)
    ]
    kinds = dict.fromkeys((*b.classes, *a.classes))
    draw_comparison(rows, list(kinds), tuple(names), name, args.out)
    say(f'wrote {args.out} and the PDF beside it')


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command."""
    run_tool(make_parser(), argv, run, check)
