"""Show how the classes of a model relate to each other."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.config import Config
from mmengine.utils import track_iter_progress

from mmda.apis.arguments import real
from mmda.files import replacing

from .common import (
    CHECKPOINT_HELP,
    add_config,
    add_config_options,
    add_unsafe_load,
    build_parser,
    open_config,
    run_tool,
    say,
)

EXAMPLES = """\
  mmda class_relations configs/da/digits.py \\
      work_dirs/digits --out-dir relations"""


def make_parser() -> argparse.ArgumentParser:
    """Make the parser of the command."""
    parser = build_parser(
        'Show how classes relate. The measure is the cosine similarity of '
        'their mean features, with the origin in the mean of all features, '
        'and the cosine similarity of their learned task encodings. Write a '
        'heat map, a dendrogram, a chord diagram and a CSV file.',
        EXAMPLES,
        'class_relations',
    )
    add_config(parser)
    add = parser.add_argument
    add('checkpoint', help=CHECKPOINT_HELP)
    add(
        '--split',
        choices=('train', 'val', 'test'),
        default='test',
        help='images that give the features (default: test)',
    )
    add(
        '--strong',
        type=real(-1, 1),
        help='colour a chord from this similarity on (default: 0.6; lower '
        'where few pairs reach it; the figure names the value)',
    )
    add('--out-dir', default='class_relations')
    add('--device', default='cpu', help='default: cpu')
    add_config_options(parser)
    add_unsafe_load(parser)
    return parser


def run(args: argparse.Namespace) -> None:
    """Compute, print and draw."""
    from mmda.apis.inference_model import load_model
    from mmda.report.class_relations import (
        class_means,
        collect_features,
        cosine_similarity,
        task_encodings,
    )

    cfg = open_config(args.config, args.cfg_options)
    trained = load_model(
        cfg, args.checkpoint, args.device, unsafe_load=args.unsafe_load
    )
    loader = _dataloader(cfg, args.split)
    batches = track_iter_progress((loader, len(loader)))
    features, target = collect_features(trained.model, batches)
    if target.shape[1] != len(trained.classes):
        raise ValueError(
            f'the {args.split} data have {target.shape[1]} classes, the model '
            f'{len(trained.classes)}'
        )
    folder = Path(args.out_dir)
    means = class_means(features, target)
    found = {'features': cosine_similarity(means, features.mean(axis=0))}
    encodings = task_encodings(trained.model)
    if encodings is None:
        say('the model has no dynamic adapter: no task encodings')
    else:
        known = np.isin(trained.classes, trained.untrained, invert=True)
        encodings = np.where(known[:, None], encodings, np.nan)
        found['encodings'] = cosine_similarity(encodings)
    if trained.untrained:
        say(
            f'the checkpoint does not know {", ".join(trained.untrained)}: no '
            'task encodings (n/a)'
        )
    missing = [
        name
        for name, row in zip(trained.classes, means, strict=True)
        if np.isnan(row).any()
    ]
    if missing:
        say(
            f'no positive in the {args.split} data: {", ".join(missing)} (n/a)'
        )
    for kind, similarity in found.items():
        save_relations(similarity, trained.classes, folder, kind, args.strong)
    say(f'similarities and figures lie in {folder}')


def save_relations(
    similarity: np.ndarray,
    classes: Sequence[str],
    folder: Path,
    kind: str,
    strong: float | None = None,
) -> None:
    """Write one kind of similarity as CSV file and as figures.

    Args:
        similarity (ndarray): Float (C, C), in [-1, 1]. NaN for a class
            without a positive.
        classes (Sequence[str]): The C class names.
        folder (Path): Folder of ``<kind>.csv`` and the figures.
        kind (str): Beginning of the file names.
        strong (float, optional): See ``draw_chord``.
    """
    import pandas as pd

    from mmda.report.relation_figures import (
        draw_chord,
        draw_dendrogram,
        draw_heat_map,
    )

    table = pd.DataFrame(similarity, index=list(classes), columns=classes)
    with replacing(folder / f'{kind}.csv') as part:
        table.to_csv(part, index_label='class', na_rep='')
    say(f'{kind}\n{table.round(2).to_string(na_rep="n/a")}')
    draw_heat_map(similarity, classes, folder / f'{kind}_heat_map.png')
    draw_chord(similarity, classes, folder / f'{kind}_chord.png', strong)
    try:
        draw_dendrogram(similarity, classes, folder / f'{kind}_dendrogram.png')
    except ValueError as error:
        say(f'no dendrogram of {kind}: {error}')


def _dataloader(cfg: Config, split: str) -> Any:
    from mmengine.runner import Runner

    loader = cfg.get(f'{split}_dataloader')
    if not loader:
        raise ValueError(f'the config has no {split}_dataloader')
    loader = dict(loader, num_workers=0, persistent_workers=False)
    loader['sampler'] = dict(type='DefaultSampler', shuffle=False)
    loader.pop('batch_sampler', None)
    return Runner.build_dataloader(loader)


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command."""
    run_tool(make_parser(), argv, run)
