"""Join the classes of sources into one label space, with aliases."""

from __future__ import annotations

import argparse
import logging
import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmda.walk import find_outermost, is_partial_config, is_source

from .common import (
    add_config_options,
    add_sources,
    build_parser,
    check_sources,
    is_config,
    open_config,
    run_tool,
    say,
    table_config,
    write_json,
)

if TYPE_CHECKING:
    from mmda.report.joint_space import JointSpace
    from mmda.report.source_labels import SourceLabels

#: Pairs of names that the console shows.
SHOWN = 10

EXAMPLES = """\
  mmda label_space configs/da/digits.py -o space.json
  mmda label_space a.csv b.csv --patient-column patient -o space.json \\
      --alias 'Pleural Effusion=Effusion' --rules chest_xray
  # add a source: the classes of space.json keep their places
  mmda label_space c.csv --patient-column patient -o space.json

In a config, write classes='space.json' in each PartialLabelDataset and in
model.head; or aliases = 'space.json' in a copy of configs/da/my_csv.py."""


def make_parser() -> argparse.ArgumentParser:
    """Make the parser of the command."""
    parser = build_parser(
        'Write the union of the classes of all sources. Names that differ in '
        'case, plural, punctuation, accents or British spelling become '
        'aliases of the first one. Sources of validation and test count if '
        'they have other classes.',
        EXAMPLES,
        'label_space',
    )
    add_sources(parser)
    add = parser.add_argument
    add(
        '-o',
        '--out',
        required=True,
        help='JSON file to write. A label space that is there is extended: '
        'its classes, aliases and rules stay, and new classes follow',
    )
    add(
        '--alias',
        nargs='+',
        type=_alias,
        default=[],
        metavar='SPELLING=CLASS',
        help='names that mean one class, in addition to what is found',
    )
    add('--rules', help='JSON file with rules, or chest_xray')
    add_config_options(parser)
    return parser


def _alias(text: str) -> tuple[str, str]:
    spelling, _, name = (word.strip() for word in text.partition('='))
    if not spelling or not name or spelling == name:
        raise argparse.ArgumentTypeError(
            f'found {text!r}, expected a spelling, = and the class'
        )
    return spelling, name


def run(args: argparse.Namespace) -> None:
    """Join the classes, print them and write the file."""
    from mmda.report.joint_space import JointSpace
    from mmda.structures import class_indices
    from mmda.structures.space_file import VERSION, SpaceFile, read_space

    old = SpaceFile((), {}, {}, {})
    if Path(args.out).exists():
        old = read_space(args.out)
    tables = {
        name: one['table']
        for name, one in old.sources.items()
        if one.get('table')
    }
    labels, order, more = _read_sources(args, tables)
    given = dict(args.alias)
    known = [name for one in labels for name in one.classes]
    known += [*old.classes, *old.aliases, *order, *more]
    class_indices(given, known, '--alias')
    read = {one.name for one in labels}
    recorded = {
        name: one if name in read else _rename(one, given, name)
        for name, one in old.sources.items()
    }
    aliases = {s: given.get(name, name) for s, name in old.aliases.items()}
    space = JointSpace(
        labels,
        base=[name for name in old.classes if name not in given],
        aliases={**aliases, **given},
        order=[name for name in order if name not in given],
        recorded={n: one['classes'] for n, one in recorded.items()},
    )
    for spelling, name in more.items():
        if name in space.classes and spelling not in space.classes:
            space.aliases.setdefault(spelling, name)
    counts = {
        name: dict(one, table=tables[name]) if name in tables else one
        for name, one in space.counts().items()
    }
    for name in sorted(recorded.keys() & counts.keys()):
        was, now = recorded[name], counts[name]
        if was['classes'] != now['classes'] or was['images'] != now['images']:
            say(
                f'source {name!r} takes the place of the one in {args.out} '
                f'({was["images"]:,} images before, {now["images"]:,} now). '
                'If it is another source, give its file or folder another name'
            )
    sources = {**recorded, **counts}
    rules = _read_rules(args.rules) if args.rules else old.rules
    _show(space, sources, old.classes)
    _show_rules(rules, space.classes)
    write_json(
        args.out,
        {
            'mmda_label_space': VERSION,
            'classes': space.classes,
            'aliases': space.aliases,
            'rules': rules,
            'possible': space.possible,
            'sources': sources,
        },
    )
    new = len(set(space.classes) - set(old.classes))
    say(
        f'{args.out}: classes {len(space.classes)} ({new} new), '
        f'aliases {len(space.aliases)}, sources {len(sources)}'
    )


def _rename(
    counts: dict[str, Any], aliases: Mapping[str, str], source: str
) -> dict[str, Any]:
    """Name the classes of a recorded source as the user now says."""
    from mmda.structures import rename_classes

    names = rename_classes([*counts['classes']], aliases, source=source)
    values = counts['classes'].values()
    return {**counts, 'classes': dict(zip(names, values, strict=True))}


def _read_sources(
    args: argparse.Namespace, tables: dict[str, str]
) -> tuple[list[SourceLabels], list[str], dict[str, str]]:
    """Return the sources, and the classes and aliases of the configs."""
    from mmda.report.joint_space import read_whole

    labels: list[SourceLabels] = []
    order: list[str] = []
    aliases: dict[str, str] = {}
    for split, name, node in _nodes(args, tables):
        one = read_whole(node, name, split)
        if is_partial_config(node):
            aliases.update(node.get('aliases') or {})
            if not isinstance(node['classes'], str):
                order += node['classes']
        known = {known for other in labels for known in other.classes}
        if split != 'train':
            if known.issuperset(one.classes):
                continue
            name = f'{name} ({split})'
        names = [other.name for other in labels]
        same = [name, *(f'{name} ({n})' for n in range(2, len(names) + 3))]
        one.name = next(name for name in same if name not in names)
        labels.append(one)
    if not labels:
        raise ValueError(f'{", ".join(args.sources)}: has no dataset')
    return labels, order, aliases


def _nodes(
    args: argparse.Namespace, tables: dict[str, str]
) -> Iterator[tuple[str, str, Any]]:
    """Yield split, name and config of each source."""
    from mmengine.registry import init_default_scope

    for source in args.sources:
        if not is_config(source):
            init_default_scope('mmpretrain')
            name = _name_table(source, tables)
            yield 'train', name, table_config(source, args)
            continue
        # A config may name the file that this command is to write.
        cfg = open_config(source, args.cfg_options, read_spaces=False)
        for split in ('train', 'val', 'test'):
            loader = cfg.get(f'{split}_dataloader') or {}
            for node in find_outermost(loader.get('dataset'), is_source):
                inner = node['dataset'] if is_partial_config(node) else node
                yield split, node.get('name') or inner['type'], node


def _name_table(path: str, tables: dict[str, str]) -> str:
    """Name a table. Each hospital may have a labels.csv of its own.

    ``tables`` are the tables of the known sources by name; the new one is
    added.
    """
    # Not the whole path, which is another one on another machine.
    parts = Path(path).resolve().with_suffix('').parts[1:][-3:]
    table = '/'.join(parts)
    ends = ('/'.join(parts[-n:]) for n in range(1, len(parts) + 1))
    free = (name for name in ends if tables.get(name, table) == table)
    name = next(free, table)
    tables[name] = table
    return name


def _read_rules(name: str) -> Any:
    """Return the name of shipped rules, or the rules of a file."""
    from mmda.files import read_json
    from mmda.structures.space_file import read_space

    if not Path(name).is_file():
        return name
    content = read_json(name)
    is_space = isinstance(content, dict) and 'mmda_label_space' in content
    return read_space(name).rules if is_space else content


def _show_rules(rules: Any, classes: Sequence[str]) -> None:
    """Check the rules, and name the classes that have any."""
    from mmda.structures import read_rules

    found = read_rules(rules or None, classes)
    if found is None:
        return
    pairs = found.implied | found.apart
    ruled = (pairs.any(axis=0) | pairs.any(axis=1)).tolist()
    names = [n for n, is_ruled in zip(classes, ruled, strict=True) if is_ruled]
    say(f'rules between {len(names)} classes: {", ".join(names)}')


def _show(space: JointSpace, sources: dict, old: Sequence[str]) -> None:
    """Print the classes with their counts, the aliases and the warnings."""
    from prettytable import PrettyTable

    # Prettytable refuses equal heads.
    heads = ['class (source)' if name == 'class' else name for name in sources]
    table = PrettyTable(['class', *heads])
    table.align = 'r'
    table.align['class'] = 'l'
    for name in space.classes:
        counts = [one['classes'].get(name) for one in sources.values()]
        cells = [
            f'{c["positive"]:,} of {c["annotated"]:,}' if c else ''
            for c in counts
        ]
        table.add_row([name, *cells])
    say(f'positive of annotated\n{table}')
    for spelling, name in space.aliases.items():
        say(f'alias: {spelling!r} -> {name!r}')
    for text in space.warnings:
        say(text, logging.WARNING)
    for one, two in space.possible[:SHOWN]:
        # A name may hold quotes, or what a shell would run.
        alias = shlex.quote(f'{two}={one}')
        say(f'possible: --alias {alias} joins these two')
    more = len(space.possible) - SHOWN
    if more > 0:
        say(f'{more} more possible pairs are in the file')
    moved = [
        name
        for name, other in zip(old, space.classes, strict=False)
        if name != other
    ]
    if moved:
        say(
            f'the places of {len(moved)} old classes change, the first is '
            f'{moved[0]!r}, because --alias joins old classes',
            logging.WARNING,
        )


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command."""
    run_tool(make_parser(), argv, run, check_sources)
