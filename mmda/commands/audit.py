"""Find labels that a model contradicts, and labels that it can add."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Iterator, Sequence
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmda.apis.arguments import real, whole
from mmda.apis.config import find_pipeline
from mmda.walk import walk_datasets

from .common import (
    CHECKPOINT_HELP,
    add_config,
    add_config_options,
    add_unsafe_load,
    build_parser,
    choose_part,
    find_checkpoint,
    open_config,
    run_tool,
    say,
)

if TYPE_CHECKING:
    import numpy as np
    from mmengine.config import Config

    from mmda.apis.inference_model import TrainedModel
    from mmda.report.audit import Audit

EXAMPLES = """\
  mmda audit CONFIG CKPT --out-dir work_dirs/audit
  # fold0 was trained with part=([1, 2], 'splits.csv'), and so on. So each
  # image is answered by the model that has not seen it:
  mmda audit CONFIG 0=work_dirs/fold0 1=work_dirs/fold1 2=work_dirs/fold2 \\
      --folds splits.csv --out-dir work_dirs/audit"""


def make_parser() -> argparse.ArgumentParser:
    """Make the parser of the command."""
    parser = build_parser(
        'Compare the labels of the training sources with the answers of a '
        'model: labels that it contradicts, missing labels that it is sure '
        'of, images on which sources disagree, and a table for '
        'self-training.',
        EXAMPLES,
        'audit',
    )
    add_config(parser)
    add = parser.add_argument
    add(
        'checkpoints',
        nargs='+',
        metavar='CHECKPOINT',
        help=CHECKPOINT_HELP + '. With --folds, PART=CHECKPOINT for each '
        'part: the model that has not seen this part',
    )
    add('-o', '--out-dir', required=True, help='folder to write')
    add('--folds', metavar='FILE', help='file of mmda split')
    add(
        '--limit',
        type=whole(1),
        default=100_000,
        help='rows of contradicted.csv at most (default: 100000)',
    )
    add(
        '--num-images',
        type=whole(1, 240),
        default=36,
        help='images of the contact sheet (default: 36)',
    )
    add(
        '--sure',
        type=real(0, 0.49),
        default=0.05,
        help='the model is sure where at most this share of the annotated '
        'entries with the other label has such an answer (default: 0.05)',
    )
    add(
        '--hash',
        action='store_true',
        help='compare the content of files, to find images that two sources '
        'share under different paths',
    )
    add('--batch-size', type=whole(1), default=64, help='default: 64')
    add('--device', default='cpu', help='such as cuda:0 (default: cpu)')
    add_config_options(parser)
    add_unsafe_load(parser)
    return parser


def check(args: argparse.Namespace) -> None:
    """Find the checkpoints, and replace them by pairs of part and path.

    Raises:
        FileNotFoundError: If a file is missing.
        ValueError: If checkpoints and parts do not match.
    """
    if args.folds is None:
        if len(args.checkpoints) > 1:
            raise ValueError(
                f'found {len(args.checkpoints)} checkpoints, expected one, '
                'or --folds FILE with PART=CHECKPOINT for each part'
            )
        args.checkpoints = [('', find_checkpoint(args.checkpoints[0]))]
        return
    if not Path(args.folds).is_file():
        raise FileNotFoundError(f'--folds: there is no file {args.folds}')
    pairs: list[tuple[str, str]] = []
    for text in args.checkpoints:
        part, mark, path = text.partition('=')
        if not (part and mark and path):
            raise ValueError(
                f'found {text!r}, expected PART=CHECKPOINT with --folds'
            )
        if part in dict(pairs):
            raise ValueError(f'part {part!r} is given twice')
        pairs.append((part, find_checkpoint(path)))
    args.checkpoints = pairs


def run(args: argparse.Namespace) -> None:
    """Ask the models, and write the files."""
    from mmda.report.audit import draw_sheet, write_entries, write_sure

    audit = _ask(args)
    out = Path(args.out_dir)
    entries, contradicted = audit.contradicted(args.limit)
    write_entries(out / 'contradicted.csv', audit, entries, ranked=True)
    if entries:
        draw_sheet(out / 'contradicted.png', audit, entries[: args.num_images])
    disagreed = list(audit.disagreements(args.hash))
    write_entries(out / 'disagreements.csv', audit, disagreed)
    thresholds = audit.thresholds(args.sure)
    sure = write_sure(out, audit, thresholds)
    for text in audit.warnings:
        say(text, logging.WARNING)
    if sure['in_memory']:
        say(
            f'{", ".join(dict.fromkeys(sure["in_memory"]))}: the images have '
            'no files, so they are not in self_training.csv',
            logging.WARNING,
        )
    say(_table(audit, contradicted, thresholds, sure['counts']))
    say(
        f'{out}: {sum(contradicted.values()):,} labels contradicted, '
        f'{len(disagreed):,} labels on which sources disagree, '
        f'{sum(sure["counts"].values()):,} sure answers without a label'
    )
    if sure['images']:
        patient = sure['patient_column']
        column = f', patient_column={patient!r}' if patient else ''
        say(
            "as a source: dict(type='CSVLabelDataset', "
            f'ann_file={str(out / "self_training.csv")!r}, '
            f'data_prefix={sure["data_prefix"]!r}{column})'
        )


def _ask(args: argparse.Namespace) -> Audit:
    import numpy as np

    from mmda.apis.inference_model import load_model
    from mmda.datasets.split_file import divided_parts
    from mmda.report.audit import Audit

    cfg = open_config(args.config, args.cfg_options)
    datasets, sources, parts, scores = [], [], [], []
    warnings: dict[str, None] = {}
    for part, checkpoint in args.checkpoints:
        model = load_model(
            deepcopy(cfg), checkpoint, args.device, None, args.unsafe_load
        )
        for dataset, labels in _open_sources(cfg, part, args.folds):
            if model.classes != labels.classes:
                raise ValueError(
                    f'{checkpoint} has the classes {model.classes}, but '
                    f'{labels.name} {labels.classes}'
                )
            if np.isnan(labels.score).all():
                warnings[
                    f'{labels.name} has no annotated entry: no label of it '
                    'can be contradicted'
                ] = None
            say(f'{checkpoint}: {len(labels.score):,} images of {labels.name}')
            score, broken = _answers(model, dataset, args.batch_size)
            warnings |= dict.fromkeys(broken)
            unknown = [n in model.untrained for n in model.classes]
            score[:, unknown] = np.nan
            datasets.append(dataset)
            sources.append(labels)
            parts.append(part)
            scores.append(score)
    if args.folds is None:
        warnings[
            'the model has seen these labels in training, so it contradicts '
            'fewer of them. With --folds, other models answer'
        ] = None
    score = np.concatenate(scores)
    scores.clear()  # not twice in memory
    audit = Audit(sources[0].classes, sources, datasets, score)
    audit.warnings += warnings
    # The other folds. A part that `--known` named is no fold.
    left = divided_parts(args.folds) - {*parts} if args.folds else set()
    if left:
        audit.warnings.append(
            f'no model of the parts {", ".join(sorted(left))} is given, so '
            'it is not known which classes a model has seen'
        )
    else:
        audit.drop_unseen(parts)
    return audit


def _open_sources(
    cfg: Config, part: str, folds: str | None
) -> Iterator[tuple[Any, Any]]:
    """Build the training sources, or a part of each, as a test reads them."""
    from mmengine.dataset import Compose
    from mmengine.registry import DATASETS

    from mmda.datasets import PartialLabelDataset
    from mmda.report.source_labels import find_sources, sources_of_datasets

    loader = deepcopy(cfg.get('train_dataloader'))
    pipeline = find_pipeline(cfg.get('test_dataloader')) or find_pipeline(
        cfg.get('val_dataloader')
    )
    if not loader or pipeline is None:
        raise ValueError(
            'expected a config with train_dataloader, and with a pipeline in '
            'test_dataloader'
        )
    if folds is not None:
        choose_part(loader['dataset'], (part, folds))
    whole_dataset = DATASETS.build(loader['dataset'])
    found = list(find_sources(whole_dataset))
    labels = sources_of_datasets(dict(train=whole_dataset))
    for dataset, own in zip(found, labels, strict=True):
        inside = list(walk_datasets(dataset))
        if any(getattr(d, 'has_pixel_labels', False) for d in inside):
            raise ValueError(
                f'{own.name} has label maps; expected labels of whole images'
            )
        if folds is not None and not any(
            isinstance(d, PartialLabelDataset) for d in inside
        ):
            raise ValueError(
                f'--folds: {own.name} is in no PartialLabelDataset, which '
                'takes a part of a source'
            )
        dataset.pipeline = Compose(deepcopy(pipeline))
        dataset.test_mode = True
        yield dataset, own


def _answers(
    model: TrainedModel, dataset: Any, batch_size: int
) -> tuple[np.ndarray, list[str]]:
    """Return probabilities, float32 (N, C), and what is broken.

    A training takes other images in place of broken ones, so an audit goes
    on, too. Their answers are NaN.
    """
    import numpy as np

    from mmda.datasets.broken_images import is_decode_error

    shape = len(dataset), len(model.classes)
    answers = np.full(shape, np.nan, np.float32)
    broken = []
    for start in range(0, len(dataset), batch_size):
        batch = {}
        for row in range(start, min(start + batch_size, len(dataset))):
            try:
                batch[row] = dataset[row]
            except OSError as error:
                if not is_decode_error(error):
                    raise
                broken.append(str(error))
        if batch:
            answers[list(batch)] = model.answer(list(batch.values()))
    return answers, broken


def _table(
    audit: Audit,
    contradicted: dict[str, int],
    thresholds: dict[str, tuple[float, float]],
    sure: dict[str, int],
) -> str:
    import numpy as np
    from prettytable import PrettyTable

    table = PrettyTable(
        [
            *('class', 'annotated', 'contradicted', 'unannotated'),
            *('sure', 'no below', 'yes above'),
        ]
    )
    table.align = 'r'
    table.align['class'] = 'l'
    known = (~np.isnan(audit.target)).sum(axis=0).tolist()
    for name, annotated in zip(audit.classes, known, strict=True):
        left = len(audit.target) - annotated
        bars = ['n/a' if np.isnan(v) else f'{v:.3f}' for v in thresholds[name]]
        numbers = (annotated, contradicted[name], left, sure[name])
        table.add_row([name, *numbers, *bars])
    return f'labels and answers\n{table}'


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command."""
    run_tool(make_parser(), argv, run, check)
