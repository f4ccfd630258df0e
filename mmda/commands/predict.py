"""Answer questions about images."""

from __future__ import annotations

import argparse
import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from mmda.apis.arguments import whole
from mmda.apis.images import locate_images

from .common import (
    CHECKPOINT_HELP,
    add_config,
    add_config_options,
    add_unsafe_load,
    build_parser,
    run_tool,
    say,
)

if TYPE_CHECKING:
    from mmda.apis import Answer, PartialLabelInferencer
    from mmda.apis.answer_file import Write

#: Exit status if some images cannot be decoded, and the others have answers.
SOME_BROKEN = 3

EXAMPLES = """\
  mmda predict configs/da/digits.py best.pth image.png
  mmda predict configs/da/digits.py best.pth image.png --ask 3
  mmda predict CONFIG CKPT folder --out answers.csv
  mmda predict CONFIG CKPT images.csv --out answers.json \\
      --show-dir pictures --cam Nodule"""


def make_parser() -> argparse.ArgumentParser:
    """Make the parser of the command."""
    parser = build_parser(
        'Answer the questions of a model about images. The exit status is '
        f'{SOME_BROKEN} if some of the images cannot be decoded.',
        EXAMPLES,
        'predict',
    )
    add_config(parser)
    add = parser.add_argument
    add('checkpoint', help=CHECKPOINT_HELP)
    add(
        'input',
        help='an image, a folder, or a table of paths: CSV, JSON lines or '
        'Parquet (relative to the folder of the table)',
    )
    add('--ask', nargs='+', metavar='CLASS', help='ask about these classes')
    add(
        '--column',
        help="column of the paths in the table (default: 'path')",
    )
    add(
        '--allow-outside',
        action='store_true',
        help='let the table name images outside of its folder',
    )
    add('--out', metavar='FILE', help='file of answers, .csv or .json')
    add('--show-dir', metavar='DIR', help='folder of annotated pictures')
    add(
        '--cam',
        metavar='CLASS',
        help='add a class activation map to the pictures (needs grad-cam)',
    )
    add(
        '--cam-layer',
        metavar='MODULE',
        help='module whose feature map the activation map uses (default: the '
        'backbone)',
    )
    add(
        '--thresholds',
        metavar='FILE',
        help='file of thresholds (default: the file beside the checkpoint)',
    )
    add('--device', default='cpu', help='default: cpu')
    add('--batch-size', type=whole(1), default=16)
    add_config_options(parser)
    add_unsafe_load(parser)
    return parser


def check(args: argparse.Namespace) -> None:
    """Check the arguments that can be checked without torch.

    Raises:
        ValueError: If an option lacks what it needs.
    """
    if args.out and Path(args.out).suffix not in ('.csv', '.json'):
        raise ValueError(f'--out {args.out}: expected .csv or .json')
    if args.cam and not args.show_dir:
        raise ValueError('--cam needs --show-dir, the folder of its pictures')
    if args.cam and find_spec('pytorch_grad_cam') is None:
        raise ValueError("--cam needs grad-cam: pip install 'grad-cam>=1.5'")


def run(args: argparse.Namespace) -> None:
    """Answer, and write the answers as they come.

    Raises:
        SystemExit: If some images cannot be decoded.
        ValueError: If no image can be decoded.
    """
    from mmda.apis.partial_label_inferencer import PartialLabelInferencer

    images: dict[str, str] = {}
    found = locate_images(args.input, args.column, args.allow_outside)
    for image, where in found:
        images.setdefault(image, where)
    inferencer = PartialLabelInferencer(
        args.config,
        args.checkpoint,
        args.device,
        args.thresholds,
        args.cfg_options,
        args.unsafe_load,
    )
    wanted = args.ask or list(inferencer.classes)
    for name in [*wanted, *([args.cam] if args.cam else [])]:
        inferencer.check_class(name)
    positives = inferencer.trained.positives
    never = positives is not None and not any(
        positives.get(args.cam, {}).values()
    )
    if args.cam and never:
        raise ValueError(
            f'--cam {args.cam}: no positive in the training data, so there is '
            'no answer to explain'
        )
    broken = _answer(args, inferencer, list(images), wanted)
    if args.out:
        say(f'answers lie in {args.out}')
    if broken:
        lines = '\n  '.join(f'{images[p]}{why}' for p, why in broken.items())
        say(
            f'{len(broken)} of {len(images)} images cannot be decoded. They '
            f'are marked and have no answer:\n  {lines}',
            logging.WARNING,
        )
        raise SystemExit(SOME_BROKEN)


def _answer(
    args: argparse.Namespace,
    inferencer: PartialLabelInferencer,
    images: Sequence[str],
    wanted: Sequence[str],
) -> dict[str, str]:
    """Write and draw the answers; return why images cannot be decoded."""
    from mmengine.utils import ProgressBar

    from mmda.apis.partial_label_inferencer import unreadable

    bar = ProgressBar(len(images)) if args.out and len(images) > 1 else None
    broken: dict[str, str] = {}
    with _output(args.out) as write:
        for picture, answers in inferencer.iterate(images, args.batch_size):
            path = str(picture)
            asked = {name: answers[name] for name in wanted}
            write(path, asked)
            if why := unreadable(asked):
                broken[path] = why
            elif args.show_dir:
                _draw(args, inferencer, path, asked)
            if bar is not None:
                bar.update()
        if len(broken) == len(images):
            raise ValueError(next(iter(broken.values())))
    return broken


@contextmanager
def _output(path: str | None) -> Iterator[Write]:
    """Open the file of answers; without one, answers go to the console."""
    from mmda.apis.answer_file import answer_file
    from mmda.files import partial_path

    if path is None:
        yield lambda image, answers: say('\n'.join(_lines(image, answers)))
        return
    try:
        with answer_file(path) as write:
            yield write
    except BaseException:
        part = partial_path(path)
        if part.is_file():
            say(
                f'{path} is not complete. The answers so far lie in {part}',
                logging.WARNING,
            )
        raise


def _draw(
    args: argparse.Namespace,
    inferencer: PartialLabelInferencer,
    image: str,
    answers: dict[str, Answer],
) -> None:
    from mmda.apis.answer_picture import activation_map, draw_answers

    heat = None
    if args.cam:
        heat = (
            args.cam,
            *activation_map(
                inferencer.trained, image, args.cam, args.cam_layer
            ),
        )
    name = picture_name(image, args.input)
    path = Path(args.show_dir) / name
    load = inferencer.trained.pipeline.load
    draw_answers(image, answers, path, heat, load)


def picture_name(image: str, source: str) -> str:
    """Return the name of a picture, another one for every image.

    Args:
        image (str): Path of the image.
        source (str): The image, or the folder or table that names it.

    Returns:
        str: Path in the folder of the pictures. It has the folders of the
        image: two folders may hold one file name.

    Examples:
        >>> picture_name('data/a/b.png', 'data/images.csv')
        'a/b.png.answers.png'
    """
    root = source if os.path.isdir(source) else os.path.dirname(source)
    inside = os.path.relpath(image, root or '.')
    if inside.startswith('..'):
        inside = os.path.join('outside', os.path.realpath(image)[1:])
    return f'{inside}.answers.png'


def _lines(image: str, answers: dict[str, Answer]) -> list[str]:
    from mmda.apis.answer_file import sources_text
    from mmda.apis.partial_label_inferencer import unreadable

    if unreadable(answers):
        return [image, f'  no answer: {unreadable(answers)}']
    lines = [image]
    for name, answer in answers.items():
        said = f'no answer: {answer.note}'
        if answer.probability is not None:
            said = (
                f'{"yes" if answer.decision else "no":3} '
                f'{answer.probability:.3f} (threshold '
                f'{answer.threshold:.3f})'
            )
        lines.append(f'  {name}: {said}, trained by {sources_text(answer)}')
    return lines


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command."""
    run_tool(make_parser(), argv, run, check)
