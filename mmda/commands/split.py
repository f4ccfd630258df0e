"""Split sources into folds or parts, by patient and by class."""

from __future__ import annotations

import argparse
import logging
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmda.apis.arguments import MAX_SEED, real, whole

from .common import (
    add_config_options,
    add_sources,
    build_parser,
    check_sources,
    choose_part,
    is_config,
    open_config,
    run_tool,
    say,
    table_config,
)

if TYPE_CHECKING:
    from mmda.report.source_labels import SourceLabels
    from mmda.report.split_pool import Pool

EXAMPLES = """\
  mmda split configs/da/digits.py --folds 5 --out splits.csv
  mmda split labels.csv --patient-column patient --out splits.csv \\
      --fractions train=0.7 val=0.1 test=0.2
  # the official test list stays, the rest becomes five folds:
  mmda split CONFIG --folds 5 --known test=test_list.txt \\
      --out splits.csv

In a config, PartialLabelDataset(part=('train', 'splits.csv')) takes a part,
and part=([1, 2, 3, 4], 'splits.csv') several folds together."""


def make_parser() -> argparse.ArgumentParser:
    """Make the parser of the command."""
    parser = build_parser(
        'Split sources so that no patient is in two parts, and every class '
        'has nearly the same prevalence in each. Entries that are not '
        'annotated count in no class. Sources keep their shares, too.',
        EXAMPLES,
        'split',
    )
    add_sources(parser)
    add = parser.add_argument
    add('-o', '--out', required=True, help='CSV file to write')
    add('--folds', type=whole(2), help='number of equal parts: 0, 1, ...')
    add(
        '--fractions',
        nargs='+',
        type=_pair,
        default=[],
        metavar='PART=FRACTION',
        help='parts of different sizes, with the sum 1',
    )
    add(
        '--known',
        nargs='+',
        type=_pair,
        default=[],
        metavar='PART=FILE',
        help='a list, one image or patient per line, that goes to this part; '
        'folds or fractions divide the rest',
    )
    add('--seed', type=whole(0, MAX_SEED), default=0, help='default: 0')
    add(
        '--compare',
        type=whole(1),
        metavar='N',
        help='compare splits of N seeds with random splits by patient',
    )
    add(
        '--of',
        nargs='+',
        choices=('train', 'val', 'test'),
        default=['train'],
        help='dataloaders of a config whose sources are split. Their `part`, '
        '`num_samples` and `indices` do not count (default: train)',
    )
    add_config_options(parser)
    return parser


def check(args: argparse.Namespace) -> None:
    """Check the arguments.

    Raises:
        FileNotFoundError: If a file is missing.
        ValueError: If the fractions cannot be used.
    """
    check_sources(args)
    for part, path in _by_part(args.known, '--known').items():
        if not Path(path).is_file():
            raise FileNotFoundError(f'--known {part}: there is no file {path}')
    if args.folds and args.fractions:
        raise ValueError('found --folds and --fractions, expected one of them')
    if not (args.folds or args.fractions or args.known):
        raise ValueError('expected --folds, --fractions or --known')
    total = sum(_fractions(args).values())
    if args.fractions and not math.isclose(total, 1, abs_tol=1e-6):
        raise ValueError(
            f'--fractions: found the sum {total:g}, expected 1. Equal parts '
            'come from --folds'
        )


def _pair(text: str) -> tuple[str, str]:
    part, _, value = (word.strip() for word in text.partition('='))
    if not part or not value:
        raise argparse.ArgumentTypeError(
            f'found {text!r}, expected a part, = and its value'
        )
    return part, value


def _by_part(pairs: Sequence[tuple[str, str]], option: str) -> dict[str, str]:
    names = [part for part, _ in pairs]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f'{option}: part {name!r} is given twice')
    return dict(pairs)


def _fractions(args: argparse.Namespace) -> dict[str, float]:
    """Return the fraction of each part that is divided."""
    if args.folds:
        return {str(k): 1 / args.folds for k in range(args.folds)}
    fractions = {}
    for part, value in _by_part(args.fractions, '--fractions').items():
        try:
            fractions[part] = real(0, 1)(value)
        except argparse.ArgumentTypeError as error:
            raise ValueError(f'--fractions {part}: {error}') from error
        if not fractions[part]:
            raise ValueError(f'--fractions {part}: found 0, expected more')
    return fractions


def run(args: argparse.Namespace) -> None:
    """Split, print tables and write the file."""
    from mmda.report.split_files import class_table, part_table, write_parts
    from mmda.report.split_pool import pool_sources, read_known
    from mmda.report.splits import describe_split, divide, part_names

    pool = pool_sources(list(_read_sources(args)))
    known, notes = read_known(pool, dict(args.known))
    notes += [
        f'{name} has no patients, so its images are divided one by one. '
        'Images of one patient or one film can then be in two parts'
        for name in pool.without_patients()
    ]
    fractions = _fractions(args)
    part = divide(pool, fractions, args.seed, known)
    names = part_names(fractions, known)
    num_alike = len(fractions) or len(names)
    found = describe_split(pool, part, names, num_alike)
    say(f'parts\n{part_table(pool, found)}')
    say(f'classes\n{class_table(found)}')
    for text in [*notes, *found['warnings']]:
        say(text, logging.WARNING)
    if found['worst'] is not None:
        entry = found['classes'][found['worst_class']]
        say(
            f'worst class: {found["worst_class"]}, {found["worst"]:.2f} '
            f'points from its prevalence of all; one {pool.noun(1)} has '
            f'{entry["largest"]} of its {sum(entry["positives"])} positives'
        )
    write_parts(args.out, pool, part, names, fractions, args.seed, found)
    say(f'{args.out}: {len(pool.names):,} images, parts {", ".join(names)}')
    if args.compare and fractions:
        _compare(pool, fractions, known, part, args)


def _read_sources(args: argparse.Namespace) -> Iterator[SourceLabels]:
    from mmengine.registry import DATASETS, init_default_scope

    from mmda.report.source_labels import sources_of_datasets

    for source in args.sources:
        if is_config(source):
            cfg = open_config(source, args.cfg_options)
            loaders = {s: cfg.get(f'{s}_dataloader') for s in args.of}
            datasets = {s: v['dataset'] for s, v in loaders.items() if v}
            if not datasets:
                raise ValueError(
                    f'{source}: has no dataloader for {", ".join(args.of)}'
                )
            for dataset in datasets.values():
                choose_part(dataset)
        else:
            init_default_scope('mmpretrain')
            datasets = {'train': table_config(source, args)}
        built = {s: DATASETS.build(v) for s, v in datasets.items()}
        for labels in sources_of_datasets(built):
            if not is_config(source):
                labels.name = Path(source).stem
            yield labels


def _compare(
    pool: Pool,
    fractions: dict[str, float],
    known: dict,
    part: Any,
    args: argparse.Namespace,
) -> None:
    """Print the worst class of this kind of split and of random splits."""
    import numpy as np

    from mmda.report.splits import (
        describe_split,
        divide,
        part_names,
        random_split,
    )

    names = part_names(fractions, known)
    seeds = range(args.seed, args.seed + args.compare)
    kinds = {
        'stratified': lambda seed: divide(pool, fractions, seed, known),
        'random': lambda seed: random_split(fractions, seed, part),
    }
    for kind, make in kinds.items():
        found = [
            describe_split(pool, make(seed), names, len(fractions))
            for seed in seeds
        ]
        if found[0]['worst'] is None:
            return
        worst = [one['worst'] for one in found]
        mean = np.median([one['mean'] for one in found])
        say(
            f'{kind} splits of {args.compare} seeds: {np.median(worst):.2f} '
            f'points ({min(worst):.2f} to {max(worst):.2f}) in the worst '
            f'class, {mean:.2f} in the mean of the classes'
        )


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command."""
    run_tool(make_parser(), argv, run, check)
