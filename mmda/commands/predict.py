"""Answer questions about images."""

from __future__ import annotations

import argparse
import csv
import logging
import os
from collections.abc import Sequence
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from mmda.apis.arguments import whole
from mmda.apis.images import list_images

from .common import (
    add_config,
    add_config_options,
    add_unsafe_load,
    build_parser,
    run_tool,
    say,
    write_json,
)

if TYPE_CHECKING:
    from mmda.apis import Answer, PartialLabelInferencer

EXAMPLES = """\
  mmda predict configs/da/digits.py best.pth image.png
  mmda predict configs/da/digits.py best.pth image.png --ask 3
  mmda predict CONFIG CKPT folder --out answers.csv
  mmda predict CONFIG CKPT images.csv --out answers.json \\
      --show-dir pictures --cam Nodule"""


def make_parser() -> argparse.ArgumentParser:
    """Make the parser of the command.

    Returns:
        argparse.ArgumentParser: The parser.
    """
    parser = build_parser(
        'Answer the questions of a model about images.', EXAMPLES, 'predict'
    )
    add_config(parser)
    add = parser.add_argument
    add('checkpoint', help='weights of the model')
    add(
        'input',
        help='an image, a folder, or a CSV file of paths (relative to the '
        'folder of the CSV file)',
    )
    add('--ask', nargs='+', metavar='CLASS', help='ask about these classes')
    add(
        '--column',
        help="column of the paths in the CSV file (default: 'path')",
    )
    add(
        '--allow-outside',
        action='store_true',
        help='let the CSV file name images outside of its folder',
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

    Args:
        args (argparse.Namespace): The arguments.

    Raises:
        ValueError: If an option lacks what it needs.
    """
    if args.out and Path(args.out).suffix not in ('.csv', '.json'):
        raise ValueError(f'--out {args.out}: expected .csv or .json')
    if args.cam and not args.show_dir:
        raise ValueError('--cam needs --show-dir, the folder of its pictures')
    if args.cam and find_spec('pytorch_grad_cam') is None:
        raise ValueError(
            '--cam needs grad-cam: pip install grad-cam, or mmda[optional]'
        )


def run(args: argparse.Namespace) -> None:
    """Answer, and write the answers.

    Args:
        args (argparse.Namespace): The arguments.
    """
    from mmengine.utils import ProgressBar

    from mmda.apis.partial_label_inferencer import (
        PartialLabelInferencer,
        unreadable,
    )

    images = list_images(args.input, args.column, args.allow_outside)
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
    bar = ProgressBar(len(images)) if len(images) > 1 else None
    results: dict[str, dict[str, Answer]] = {}
    for image, answers in inferencer.iterate(images, args.batch_size):
        path = str(image)
        results[path] = {name: answers[name] for name in wanted}
        if args.show_dir and not unreadable(results[path]):
            _draw(args, inferencer, path, results[path])
        if bar is not None:
            bar.update()
    broken = [image for image in results if unreadable(results[image])]
    if len(broken) == len(results):
        raise ValueError(unreadable(results[broken[0]]))
    if args.out:
        write_answers(results, args.out)
        say(f'answers lie in {args.out}')
    else:
        say('\n' + '\n'.join(_lines(results)))
    if broken:
        say(
            f'{len(broken)} of {len(results)} images cannot be decoded, such '
            f'as {broken[0]}: they are marked and have no answer',
            logging.WARNING,
        )


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
    draw_answers(image, answers, Path(args.show_dir) / name, heat)


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


def write_answers(
    results: dict[str, dict[str, Answer]], path: str | Path
) -> None:
    """Write answers as CSV (one line per image and class) or as JSON.

    Args:
        results (dict): The answers, by image and class.
        path (str | Path): A name that ends in .csv or .json. The folder is
            made.
    """
    path = Path(path)
    if path.suffix == '.json':
        write_json(
            path,
            {
                image: {name: asdict(answer) for name, answer in found.items()}
                for image, found in results.items()
            },
        )
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open('w', encoding='utf-8', newline='') as file:
        writer = csv.writer(file)
        writer.writerow(
            'image class probability decision threshold sources note'.split()
        )
        for image, found in results.items():
            for name, answer in found.items():
                # csv writes None as an empty cell.
                yes = answer.decision
                decision = None if yes is None else int(yes)
                values = answer.probability, decision, answer.threshold
                writer.writerow(
                    [image, name, *values, _sources(answer), answer.note]
                )


def _sources(answer: Answer) -> str:
    if answer.sources is None:
        return 'unknown'
    return '; '.join(f'{k}: {n} positives' for k, n in answer.sources.items())


def _lines(results: dict[str, dict[str, Answer]]) -> list[str]:
    from mmda.apis.partial_label_inferencer import unreadable

    lines = []
    for image, found in results.items():
        lines.append(image)
        if unreadable(found):
            lines.append(f'  no answer: {unreadable(found)}')
            continue
        for name, answer in found.items():
            said = f'no answer: {answer.note}'
            if answer.probability is not None:
                said = (
                    f'{"yes" if answer.decision else "no":3} '
                    f'{answer.probability:.3f} (threshold '
                    f'{answer.threshold:.3f})'
                )
            lines.append(f'  {name}: {said}, trained by {_sources(answer)}')
    return lines


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command.

    Args:
        argv (Sequence[str], optional): The arguments. Defaults to the
            arguments of this process.
    """
    run_tool(make_parser(), argv, run, check)


if __name__ == '__main__':
    main()
