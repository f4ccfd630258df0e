"""Write a vector of each class from its name or its description."""

from __future__ import annotations

import argparse
import csv
from collections.abc import Mapping, Sequence

import numpy as np

from mmda.files import replacing

from .common import (
    add_config,
    add_config_options,
    build_parser,
    check_output,
    open_config,
    run_tool,
    say,
)

EXAMPLES = """\
  mmda class_vectors configs/da/digits.py --out vectors.csv
  mmda class_vectors configs/da/chestxray_chexpert.py --out vectors.csv \\
      --descriptions findings.csv

findings.csv has a header and two columns: the name of a class, and a text."""


def make_parser() -> argparse.ArgumentParser:
    """Make the parser of the command."""
    parser = build_parser(
        'Write a TF-IDF vector of each class of a config. An adapter can '
        'start its task encodings from it (init_cfg ClassVectors).',
        EXAMPLES,
        'class_vectors',
    )
    add_config(parser)
    add = parser.add_argument
    add('--out', required=True, metavar='FILE', help='.csv file to write')
    add(
        '--descriptions',
        metavar='FILE',
        help='.csv file with a text of each class, compared by words '
        '(default: the names, compared by three letters)',
    )
    add_config_options(parser)
    return parser


def check(args: argparse.Namespace) -> None:
    """Check the arguments that can be checked without torch.

    Raises:
        ValueError: If the name to write does not end in .csv.
    """
    if not args.out.endswith('.csv'):
        raise ValueError(f'--out {args.out}: expected a name ending in .csv')
    check_output(args.out, '--out')


def read_descriptions(path: str, classes: Sequence[str]) -> dict[str, str]:
    """Read the text of each class.

    Args:
        path (str): CSV with a header and two columns.
        classes (Sequence[str]): The classes that need a text.

    Returns:
        dict[str, str]: Class -> text, for these classes.

    Raises:
        ValueError: If a row has not two cells, or if a class has no text or
            two texts.
    """
    from mmda.structures import nearest

    found: dict[str, str] = {}
    with open(path, encoding='utf-8-sig', newline='') as file:
        reader = csv.reader(file)
        for row in [row for row in reader if row][1:]:
            if len(row) != 2:
                raise ValueError(
                    f'{path}: found {len(row)} cells in the row of '
                    f'{row[0]!r}, expected a class and a text; put a text '
                    'with a comma into quotes'
                )
            if row[0] in found:
                raise ValueError(f'{path}: found class {row[0]!r} twice')
            found[row[0]] = row[1]
    for name in classes:
        if not found.get(name, '').strip():
            raise ValueError(
                f'{path}: no text of class {name!r}{nearest(name, found)}'
            )
    return {name: found[name] for name in classes}


def tf_idf(texts: Mapping[str, str], by_words: bool) -> np.ndarray:
    """Turn the text of each class into a vector.

    Args:
        texts (Mapping[str, str]): Class -> text, of C classes.
        by_words (bool): Whether to count words, or else each three letters
            of a word.

    Returns:
        ndarray: float64 (C, d), rows of length 1, or 0 for a text without a
        word.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer

    options = dict(stop_words='english', sublinear_tf=True)
    if not by_words:
        options = dict(analyzer='char_wb', ngram_range=(3, 3))
    return TfidfVectorizer(**options).fit_transform(texts.values()).toarray()


def run(args: argparse.Namespace) -> None:
    """Write the file, from the arguments.

    Raises:
        ValueError: If the config names no classes, or if two classes get one
            vector.
    """
    from mmda.apis.config import classes_of
    from mmda.models.adapters.class_vectors import similarity

    classes = classes_of(open_config(args.config, args.cfg_options))
    if classes is None:
        raise ValueError(f'{args.config} names no classes')
    texts = {name: name for name in classes}
    if args.descriptions is not None:
        texts = read_descriptions(args.descriptions, classes)
    vectors = tf_idf(texts, args.descriptions is not None)
    cosine = similarity(
        dict(zip(classes, vectors, strict=True)),
        classes,
        args.descriptions or args.config,
    )
    with (
        replacing(args.out) as part,
        part.open('w', encoding='utf-8', newline='') as file,
    ):
        writer = csv.writer(file)
        writer.writerow(['class', *range(vectors.shape[1])])
        for name, vector in zip(classes, vectors, strict=True):
            writer.writerow([name, *(f'{value:.6g}' for value in vector)])
    nearest_two = np.triu(cosine, 1)
    first, second = divmod(int(nearest_two.argmax()), len(classes))
    alike = 'no two have a word or three letters in common'
    if nearest_two.max() > 0:
        alike = (
            f'most alike: {classes[first]} and {classes[second]}, cosine '
            f'{nearest_two.max():.2f}'
        )
    say(
        f'wrote {len(classes)} vectors of {vectors.shape[1]} numbers to '
        f'{args.out}; {alike}'
    )


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command."""
    run_tool(make_parser(), argv, run, check)
