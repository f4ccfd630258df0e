"""The command that runs tables of the paper."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from mmengine.config import Config

from mmda.commands.common import build_parser, run_tool, say

from .data import check_data, needs
from .expected_time import Clock, duration, guess_seconds
from .figure import draw_table
from .recipe_config import fingerprint, load_recipe, move_data
from .report import to_csv, to_markdown
from .result import Result, Run, finished, read_result
from .summary import summarise
from .table import Recipe, Table
from .tables import TABLES, find_tables
from .workers import run_all

EXAMPLES = """\
  python tools/reproduce.py --list
  python tools/reproduce.py 12 --seeds 10 --jobs 2 --data-root ../data
  python tools/reproduce.py 2 --part mnist --dry-run
  python tools/reproduce.py 1 7 8 --part mnist --quick"""
OUT_DIR = 'work_dirs/reproduce'


def make_parser() -> argparse.ArgumentParser:
    """Make the parser of the command.

    Returns:
        argparse.ArgumentParser: The parser.
    """
    parser = build_parser(
        'Train and test what a table of the paper shows, over seeds, and '
        "write the table with the paper's values beside ours. What has "
        'finished is not run again.',
        EXAMPLES,
    )
    parser.add_argument(
        'tables',
        nargs='*',
        metavar='TABLE',
        help=f'{", ".join(TABLES)}; or the number alone',
    )
    parser.add_argument(
        '--list',
        action='store_true',
        help='list the tables, the data they need and whether it is there, '
        'the runs and the time they take',
    )
    parser.add_argument(
        '--part',
        nargs='+',
        default=[],
        metavar='NAME',
        help='only these parts of the tables, such as mnist (see --list)',
    )
    parser.add_argument(
        '--seeds',
        type=int,
        default=3,
        metavar='K',
        help='run so many seeds (default: 3)',
    )
    parser.add_argument(
        '--first-seed',
        type=int,
        default=0,
        metavar='K',
        help='the first of them (default: 0)',
    )
    parser.add_argument(
        '--quick',
        action='store_true',
        help='one epoch of a few images, to see that everything runs; the '
        'values mean nothing and are kept apart',
    )
    parser.add_argument(
        '--data-root',
        metavar='DIR',
        help='folder that holds mnist/, cifar10/, ... (default: data/)',
    )
    parser.add_argument(
        '--jobs',
        type=int,
        default=1,
        metavar='N',
        help='processes; with several, each has one thread (default: 1)',
    )
    parser.add_argument(
        '--resume',
        action='store_true',
        help='go on with interrupted runs from their last checkpoint '
        '(default: start them anew)',
    )
    parser.add_argument(
        '--dry-run',
        action='store_true',
        help='list the runs and stop',
    )
    parser.add_argument(
        '--no-run',
        action='store_true',
        help='write the tables from what has finished, and run nothing',
    )
    parser.add_argument(
        '--out-dir',
        default=OUT_DIR,
        help=f'folder of runs and tables (default: {OUT_DIR})',
    )
    return parser


class Job:
    """The runs of some tables.

    Args:
        tables (Sequence[Table]): The tables.
        args (argparse.Namespace): The arguments.
    """

    def __init__(
        self, tables: Sequence[Table], args: argparse.Namespace
    ) -> None:
        self.tables = tables
        self.seeds = range(args.first_seed, args.first_seed + args.seeds)
        #: What the files of a table are called.
        self.stem = '_'.join(['table', *args.part])
        self.quick = args.quick
        self.folder = Path(args.out_dir, 'quick' if args.quick else '')
        recipes: dict[tuple[str, str], Recipe] = {}
        for table in tables:
            for panel in table.panels:
                for recipe in panel.recipes:
                    recipes.setdefault(recipe.key, recipe)
        self.configs: dict[tuple[str, str], Config] = {}
        #: All runs; a training that several cells show is there once.
        self.runs: list[Run] = []
        contents = {}
        for key, recipe in recipes.items():
            cfg = load_recipe(recipe, self.quick)
            contents[key] = fingerprint(cfg)
            move_data(cfg, args.data_root)
            self.configs[key] = cfg
        # Seed by seed: an interrupted job has every cell of the first ones.
        for seed in self.seeds:
            for key, recipe in recipes.items():
                root = str(self.folder / 'runs')
                self.runs.append(
                    Run(recipe, seed, contents[key], root, self.quick)
                )

    def results(self) -> dict[tuple[str, str], dict[int, Result]]:
        """Read what has finished.

        Returns:
            dict[tuple[str, str], dict[int, Result]]: Recipe's key -> seed ->
            result of the config as it is now.
        """
        found: dict[tuple[str, str], dict[int, Result]] = {}
        for run in self.runs:
            result = finished(run)
            if result is not None:
                found.setdefault(run.recipe.key, {})[run.seed] = result
        return found

    def write(self, notes: Sequence[str] = ()) -> None:
        """Write and show the tables.

        Args:
            notes (Sequence[str]): To stand above each table.
        """
        if self.quick:
            notes = [
                '--quick: one epoch of a few images. The values mean nothing.',
                *notes,
            ]
        if self.seeds.start:
            notes = [f'Seeds {self.seeds[0]} to {self.seeds[-1]}.', *notes]
        results = self.results()
        for table in self.tables:
            found = {p.name: summarise(p, results) for p in table.panels}
            text = to_markdown(table, found, len(self.seeds), notes)
            path = self.folder / table.name / f'{self.stem}.md'
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding='utf-8')
            lines = to_csv(table, found)
            path.with_suffix('.csv').write_text(lines, encoding='utf-8')
            draw_table(table, found, path.with_suffix('.png'))
            say('\n' + text)
            say(f'{path}; .csv, .png and .pdf beside it')


def run(args: argparse.Namespace) -> None:
    """Run the tables.

    Args:
        args (argparse.Namespace): The arguments.
    """
    if args.list:
        list_tables(args)
        return
    if not args.tables:
        raise ValueError('expected a table, or --list')
    for name in ('seeds', 'jobs'):
        if getattr(args, name) < 1:
            raise ValueError(f'--{name} {getattr(args, name)}: expected >= 1')
    if args.first_seed < 0:
        raise ValueError(f'--first-seed {args.first_seed}: expected >= 0')
    job = Job([t.select(args.part) for t in find_tables(args.tables)], args)
    todo = _to_do(job)
    if args.dry_run:
        say('\n'.join(f'  {r} -> {r.folder}' for r in todo) or '  nothing')
        return
    if args.no_run:
        job.write()
        return
    wanted = {run.recipe.key for run in todo}
    check_data(
        [cfg for key, cfg in job.configs.items() if key in wanted],
        '--part names the parts to run (see --list)',
    )
    try:
        failed = _run_all(job, todo, args)
    except KeyboardInterrupt:
        job.write(['Interrupted: not all runs have finished.'])
        raise SystemExit(130) from None
    job.write([f'Failed, not counted: {line}' for line in failed])
    if failed:
        raise SystemExit(1)


def _to_do(job: Job) -> list[Run]:
    """Return what is to be run, and say what is not, and what again."""
    todo = []
    for one in job.runs:
        result = read_result(one.folder)
        if result is None:
            todo.append(one)
        elif result.content != one.content:
            say(f'the config of {one} has changed since it ran: runs again')
            todo.append(one)
    say(
        f'{len(job.runs)} runs ({len(job.configs)} trainings, '
        f'{len(job.seeds)} seeds), {len(job.runs) - len(todo)} of them '
        'finished before'
    )
    return todo


def _run_all(
    job: Job, todo: Sequence[Run], args: argparse.Namespace
) -> list[str]:
    """Run, tell the progress, and return which runs failed, and why."""
    clock = _clock(job)
    left = {run.folder: (run, 0.0) for run in todo}
    failed: list[str] = []
    for report in run_all(todo, args.jobs, args.data_root, args.resume):
        if report.run is not None:
            left[report.run.folder] = (report.run, report.done)
        if report.run is None:
            shown = [
                f'{one} {done:.0%}' for one, done in left.values() if done
            ]
            head = f'at it: {", ".join(shown) or "starting"}'
        elif report.error:
            del left[report.run.folder]
            failed.append(f'{report.run}: {report.error}')
            head = f'FAILED {failed[-1]}'
        elif report.result is not None:
            del left[report.run.folder]
            clock.add(report.run, report.result)
            head = f'{report.run}: {_outcome(report.result)}'
        else:
            continue
        rest = clock.tell(left.values(), args.jobs)
        done = len(todo) - len(left)
        say(f'[{done}/{len(todo)}] {head}; left: {rest}')
    return failed


def _outcome(result: Result) -> str:
    if result.diverged:
        return f'DIVERGED, not averaged in: {result.diverged}'
    shown = next(
        (k for k in ('auc/mean', 'iou/mean') if k in result.metrics), None
    )
    value = f'{shown} {result.metrics[shown]:.2f}, ' if shown else ''
    return f'{value}{duration(result.seconds)}'


def _clock(job: Job) -> Clock:
    guesses = {key: guess_seconds(cfg) for key, cfg in job.configs.items()}
    clock = Clock({k: v for k, v in guesses.items() if v is not None})
    for one in job.runs:
        result = finished(one)
        if result is not None:
            clock.add(one, result)
    return clock


def list_tables(args: argparse.Namespace) -> None:
    """Show the tables, their data, runs and time.

    Args:
        args (argparse.Namespace): The arguments.
    """
    tables = find_tables(args.tables) if args.tables else TABLES.values()
    for table in tables:
        say(f'{table.name}: {table.title}')
        for panel in table.panels:
            part = table.select([panel.name])
            job = Job([part], args)
            results = job.results()
            done = sum(map(len, results.values()))
            left = [(r, 0.0) for r in job.runs if not finished(r)]
            time = _clock(job).tell(left, args.jobs)
            say(
                f'  --part {panel.name}: {len(job.runs)} runs, {done} '
                f'finished; time left: {time}'
            )
            found = {}
            for cfg in job.configs.values():
                found.update(needs(cfg))
            for need in found.values():
                say(f'      {need}')


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command.

    Args:
        argv (Sequence[str], optional): The arguments. Defaults to those of
            this process.
    """
    run_tool(make_parser(), argv, run)
