"""The prediction command."""

from __future__ import annotations

import argparse
import csv
import json
import logging
import os
from collections.abc import Sequence
from pathlib import Path

from mmengine.config import DictAction
from mmengine.logging import print_log
from mmengine.utils import ProgressBar

from ..apis.activation_map import activation_map
from ..apis.answer_picture import draw_answers
from ..apis.inference_inputs import list_images
from ..apis.partial_label_inferencer import (
    Answer,
    PartialLabelInferencer,
    plain,
    unreadable,
)

EXAMPLES = """\
examples:
  python tools/predict.py configs/da/digits.py best.pth image.png
  python tools/predict.py configs/da/digits.py best.pth image.png --ask 3
  python tools/predict.py CONFIG CKPT folder --out answers.csv
  python tools/predict.py CONFIG CKPT images.csv --out answers.json \\
      --show-dir pictures --cam Nodule"""


def make_parser() -> argparse.ArgumentParser:
    """Make the parser of the command.

    Returns:
        argparse.ArgumentParser: The parser.
    """
    parser = argparse.ArgumentParser(
        description='Answer the questions of a model about images.',
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('config', help='config file, or package::path')
    parser.add_argument('checkpoint', help='weights of the model')
    parser.add_argument(
        'input',
        help='an image, a folder, or a CSV of paths (relative to its folder)',
    )
    parser.add_argument(
        '--ask', nargs='+', metavar='CLASS', help='these questions only'
    )
    parser.add_argument(
        '--column', help="of the paths in the CSV (default: 'path')"
    )
    parser.add_argument(
        '--out', metavar='FILE', help='file of answers, .csv or .json'
    )
    parser.add_argument(
        '--show-dir', metavar='DIR', help='folder of annotated pictures'
    )
    parser.add_argument(
        '--cam',
        metavar='CLASS',
        help='add a class activation map to the pictures (needs grad-cam)',
    )
    parser.add_argument(
        '--cam-layer',
        metavar='MODULE',
        help='feature map of the activation map (default: the last one)',
    )
    parser.add_argument(
        '--thresholds',
        metavar='FILE',
        help='thresholds (default: those beside the checkpoint)',
    )
    parser.add_argument('--device', default='cpu', help='default: cpu')
    parser.add_argument('--batch-size', type=int, default=16)
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        metavar='KEY=VALUE',
        help='change entries of the config',
    )
    return parser


def run(args: argparse.Namespace) -> None:
    """Answer, from the arguments.

    Args:
        args (argparse.Namespace): The arguments.
    """
    if args.out and Path(args.out).suffix not in ('.csv', '.json'):
        raise ValueError(f'--out {args.out}: expected .csv or .json')
    if args.cam and not args.show_dir:
        raise ValueError('--cam needs --show-dir, the folder of its pictures')
    images = list_images(args.input, args.column)
    inferencer = PartialLabelInferencer(
        args.config,
        args.checkpoint,
        args.device,
        args.thresholds,
        args.cfg_options,
    )
    wanted = args.ask or list(inferencer.classes)
    for name in [*wanted, *([args.cam] if args.cam else [])]:
        inferencer.check_class(name)
    _check_cam(inferencer, args.cam)
    bar = ProgressBar(len(images)) if len(images) > 1 else None
    results: dict[str, dict[str, Answer]] = {}
    for image, answers in inferencer.iterate(images, args.batch_size):
        assert isinstance(image, str)
        results[image] = {name: answers[name] for name in wanted}
        if args.show_dir and not unreadable(results[image]):
            _draw(args, inferencer, image, results[image])
        if bar is not None:
            bar.update()
    broken = [image for image in results if unreadable(results[image])]
    if len(broken) == len(results):
        raise ValueError(unreadable(results[broken[0]]))
    if args.out:
        write_answers(results, args.out)
        print_log(f'answers lie in {args.out}')
    else:
        print_log('\n' + '\n'.join(_lines(results)))
    if broken:
        print_log(
            f'{len(broken)} of {len(results)} images cannot be decoded, such '
            f'as {broken[0]}: they are marked and have no answer',
            level=logging.WARNING,
        )


def _check_cam(inferencer: PartialLabelInferencer, name: str | None) -> None:
    positives = inferencer.trained.positives
    if (
        name
        and positives is not None
        and not sum(positives.get(name, {}).values())
    ):
        raise ValueError(
            f'--cam {name}: no positive in the training data, so there is no '
            'answer to explain'
        )


def _draw(
    args: argparse.Namespace,
    inferencer: PartialLabelInferencer,
    image: str,
    answers: dict[str, Answer],
) -> None:
    heat = None
    if args.cam:
        shown, strength = activation_map(
            inferencer.trained, image, args.cam, args.cam_layer
        )
        heat = (args.cam, shown, strength)
    # The folders are part of the name: two of them may hold one file name.
    root = Path(args.input)
    root = root if root.is_dir() else root.parent
    inside = Path(os.path.relpath(image, root)).parts
    name = '_'.join(part for part in inside if part != '..')
    draw_answers(
        image, answers, Path(args.show_dir) / f'{name}.answers.png', heat
    )


def write_answers(
    results: dict[str, dict[str, Answer]], path: str | Path
) -> None:
    """Write answers as CSV (one line per image and class) or as JSON.

    Args:
        results (dict): Image -> class -> answer.
        path (str | Path): Ends with .csv or .json; its folder is made.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == '.json':
        content = {image: plain(found) for image, found in results.items()}
        text = json.dumps(
            content, indent=1, ensure_ascii=False, allow_nan=False
        )
        path.write_text(text + '\n', encoding='utf-8')
        return
    with path.open('w', encoding='utf-8', newline='') as file:
        writer = csv.writer(file)
        writer.writerow(
            [
                'image',
                'class',
                'probability',
                'decision',
                'threshold',
                'sources',
                'note',
            ]
        )
        for image, found in results.items():
            for name, answer in found.items():
                known = answer.probability is not None
                writer.writerow(
                    [
                        image,
                        name,
                        answer.probability if known else '',
                        int(bool(answer.decision)) if known else '',
                        answer.threshold,
                        _sources(answer),
                        answer.note,
                    ]
                )


def _sources(answer: Answer) -> str:
    if answer.sources is None:
        return 'unknown'
    return '; '.join(f'{k}: {n} positives' for k, n in answer.sources.items())


def _lines(results: dict[str, dict[str, Answer]]) -> list[str]:
    lines = []
    for image, found in results.items():
        lines.append(image)
        if unreadable(found):
            lines.append(f'  no answer: {unreadable(found)}')
            continue
        for name, answer in found.items():
            if answer.probability is None:
                said = f'no answer: {answer.note}'
            else:
                said = (
                    f'{"yes" if answer.decision else "no":3} '
                    f'{answer.probability:.3f} (threshold '
                    f'{answer.threshold:.3f})'
                )
            lines.append(f'  {name}: {said}, trained by {_sources(answer)}')
    return lines


def main(argv: Sequence[str] | None = None) -> None:
    """Predict, from the command line.

    Args:
        argv (Sequence[str], optional): The arguments. Defaults to those of
            this process.
    """
    parser = make_parser()
    args = parser.parse_args(argv)
    try:
        run(args)
    except (ValueError, FileNotFoundError, ImportError) as error:
        parser.error(str(error))
