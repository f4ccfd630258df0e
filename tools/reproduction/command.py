"""The command that runs tables of the paper."""

from __future__ import annotations

import argparse
import gc
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from mmengine.config import Config

from mmda.apis.arguments import MAX_SEED, whole
from mmda.commands.common import build_parser, run_tool, say
from mmda.files import write_text

from .clock import Clock, duration, guess_seconds
from .data import check_data, needs
from .recipe_config import fingerprint, load_recipe, move_data
from .result import Result, Run, finished, read_result
from .table import Recipe, Table, find_tables, table_names
from .workers import run_all

#: Commands of their own, with a module of the same name.
OTHER_COMMANDS = (
    'closed_gaps',
    'compare_segmentation',
    'complexity',
    'cooccurrence',
    'gain_vs_similarity',
    'learning_curves',
)
EXAMPLES = """\
  python tools/reproduce.py --list
  python tools/reproduce.py 12 --seeds 10 --jobs 2 --data-root ../data
  python tools/reproduce.py 2 --part mnist --dry-run
  python tools/reproduce.py 1 7 8 --part mnist --quick
figures of the paper and curves over seeds (--help shows their options):
  python tools/reproduce.py closed_gaps --help
  python tools/reproduce.py compare_segmentation --help
  python tools/reproduce.py complexity --help
  python tools/reproduce.py cooccurrence --help
  python tools/reproduce.py gain_vs_similarity --help
  python tools/reproduce.py learning_curves --help"""
OUT_DIR = 'work_dirs/reproduce'


def make_parser() -> argparse.ArgumentParser:
    """Make the parser of the command."""
    parser = build_parser(
        'Train and test the models of a table of the paper over seeds. Write '
        "the table with the paper's values beside ours. A run that has "
        'finished does not run again.',
        EXAMPLES,
        'reproduce',
    )
    add = parser.add_argument
    add(
        'tables',
        nargs='*',
        metavar='TABLE',
        help=f'{", ".join(table_names())}; a number; or a .yml file',
    )
    add(
        '--list',
        action='store_true',
        help='list the tables with their data, their runs and the time left',
    )
    add(
        '--part',
        nargs='+',
        default=[],
        metavar='NAME',
        help='run these parts of the tables only, such as mnist (see --list)',
    )
    add(
        '--seeds',
        type=whole(1, 10_000),
        default=3,
        metavar='K',
        help='number of seeds (default: 3)',
    )
    add(
        '--first-seed',
        type=whole(0, MAX_SEED),
        default=0,
        metavar='K',
        help='first seed (default: 0)',
    )
    add(
        '--quick',
        action='store_true',
        help='train one epoch on a few images, to see that everything runs; '
        'the values mean nothing and lie in a folder of their own',
    )
    add(
        '--data-root',
        metavar='DIR',
        help='folder that holds mnist/, cifar10/, ... (default: data/)',
    )
    add(
        '--jobs',
        type=whole(1),
        default=1,
        metavar='N',
        help='number of processes; several processes have one thread each '
        '(default: 1)',
    )
    add(
        '--resume',
        action='store_true',
        help='continue interrupted runs from their last checkpoint '
        '(default: start them again)',
    )
    add('--dry-run', action='store_true', help='list the runs and stop')
    add(
        '--no-run',
        action='store_true',
        help='run nothing, write the tables from the finished runs',
    )
    add(
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
        known (dict, optional): Configs and fingerprints by key of a recipe,
            which several jobs with the same arguments share.
    """

    def __init__(
        self,
        tables: Sequence[Table],
        args: argparse.Namespace,
        known: dict[tuple[str, str], tuple[Config, str]] | None = None,
    ) -> None:
        self.tables = tables
        self.seeds = range(args.first_seed, args.first_seed + args.seeds)
        #: Name of the files of a table, without their endings.
        self.stem = '_'.join(['table', *args.part])
        self.quick = args.quick
        self.folder = Path(args.out_dir, 'quick' if args.quick else '')
        recipes: dict[tuple[str, str], Recipe] = {}
        for table in tables:
            for panel in table.panels:
                for recipe in panel.recipes:
                    recipes.setdefault(recipe.key, recipe)
        known = {} if known is None else known
        for key, recipe in recipes.items():
            if key not in known:
                cfg = load_recipe(recipe, self.quick)
                known[key] = cfg, fingerprint(cfg)
                move_data(cfg, args.data_root)
        self.configs = {key: known[key][0] for key in recipes}
        #: All runs, seed by seed: a job that is interrupted has every cell of
        #: the first seeds. A training of several cells is one run.
        self.runs = [
            Run(
                recipe,
                seed,
                known[key][1],
                str(self.folder / 'runs'),
                self.quick,
            )
            for seed in self.seeds
            for key, recipe in recipes.items()
        ]

    def results(self) -> dict[tuple[str, str], dict[int, Result]]:
        """Read the results of the finished runs.

        Returns:
            dict[tuple[str, str], dict[int, Result]]: Key of a recipe -> seed
            -> result of the present config.
        """
        found: dict[tuple[str, str], dict[int, Result]] = {}
        for run in self.runs:
            result = finished(run)
            if result is not None:
                found.setdefault(run.recipe.key, {})[run.seed] = result
        return found

    def clock(self) -> Clock:
        """Return a clock that knows the finished runs of the job.

        Returns:
            Clock: The clock.
        """
        guesses = {
            key: guess_seconds(cfg) for key, cfg in self.configs.items()
        }
        clock = Clock({k: v for k, v in guesses.items() if v is not None})
        for run in self.runs:
            result = finished(run)
            if result is not None:
                clock.add(run, result)
        return clock

    def write(self, notes: Sequence[str] = ()) -> None:
        """Write and show the tables.

        Args:
            notes (Sequence[str]): Lines above each table.
        """
        # These import scipy and matplotlib, which `--list` does not need.
        from .figure import draw_table
        from .gap import closed_gaps, gaps_to_csv
        from .report import to_csv, to_markdown
        from .summary import summarise

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
            write_text(path, text)
            write_text(path.with_suffix('.csv'), to_csv(table, found))
            gaps = [
                gap
                for panel in table.panels
                for gap in closed_gaps(panel, found[panel.name])
            ]
            gap_path = path.with_name(f'{self.stem}_gaps.csv')
            # That of an earlier call says nothing about this table.
            gap_path.unlink(missing_ok=True)
            if gaps:
                write_text(gap_path, gaps_to_csv(gaps))
            draw_table(table, found, path.with_suffix('.png'))
            say(f'\n{text}\n{path}; .csv, .png and .pdf lie beside it')


def run(args: argparse.Namespace) -> None:
    """Run the tables."""
    if args.list:
        # All configs live until the end, so a collector would look in vain.
        gc.disable()
        try:
            list_tables(args)
        finally:
            gc.enable()
        return
    if not args.tables:
        raise ValueError('expected a table, or --list')
    job = Job(find_tables(args.tables, args.part), args)
    todo = _to_do(job)
    if args.dry_run:
        say('\n'.join(f'  {r} -> {r.folder}' for r in todo) or '  nothing')
        return
    if args.no_run:
        if len(todo) == len(job.runs):
            raise ValueError(
                f'--no-run: found no finished run of {len(job.runs)} below '
                f'{job.folder / "runs"}'
            )
        job.write()
        return
    wanted = {run.recipe.key for run in todo}
    check_data(
        [cfg for key, cfg in job.configs.items() if key in wanted],
        '--part chooses the parts to run (see --list)',
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
    """Return the runs that have not finished, and tell their number."""
    todo = []
    for one in job.runs:
        result = read_result(one.folder)
        if result is None:
            todo.append(one)
        elif result.content != one.content:
            say(f'{one} runs again: its config has changed since it ran')
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
    """Run, tell the progress, and return the runs that failed, and why."""
    clock = job.clock()
    left = {run.folder: (run, 0.0) for run in todo}
    failed: list[str] = []
    for news in run_all(todo, args.jobs, args.data_root, args.resume):
        if news.run is None:
            now = [f'{one} {done:.0%}' for one, done in left.values() if done]
            head = f'running: {", ".join(now) or "starting"}'
        elif news.error:
            del left[news.run.folder]
            failed.append(f'{news.run}: {news.error}')
            head = f'FAILED {failed[-1]}'
        elif news.result is not None:
            del left[news.run.folder]
            clock.add(news.run, news.result)
            head = f'{news.run}: {_outcome(news.result)}'
        else:
            left[news.run.folder] = (news.run, news.done)
            continue
        rest = clock.tell(left.values(), args.jobs)
        done = len(todo) - len(left)
        say(f'[{done}/{len(todo)}] {head}; left: {rest}')
    return failed


def _outcome(result: Result) -> str:
    if result.diverged:
        return f'DIVERGED, not counted: {result.diverged}'
    for key in ('auc/mean', 'iou/mean'):
        if key in result.metrics:
            value = f'{key} {result.metrics[key]:.2f}'
            return f'{value}, {duration(result.seconds)}'
    return duration(result.seconds)


def list_tables(args: argparse.Namespace) -> None:
    """Show the tables, their data, their runs and the time left."""
    known: dict[tuple[str, str], tuple[Config, str]] = {}
    for table in find_tables(args.tables or table_names()):
        say(f'{table.name}: {table.title}')
        for panel in table.panels:
            job = Job([table.select([panel.name])], args, known)
            left = [(run, 0.0) for run in job.runs if not finished(run)]
            time = job.clock().tell(left, args.jobs)
            say(
                f'  --part {panel.name}: {len(job.runs)} runs, '
                f'{len(job.runs) - len(left)} finished; time left: {time}'
            )
            found = {}
            for cfg in job.configs.values():
                found.update(needs(cfg))
            for need in found.values():
                say(f'      {need}')


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command, or the other one that the first argument names."""
    argv = list(sys.argv[1:] if argv is None else argv)
    if argv and argv[0] in OTHER_COMMANDS:
        import_module(f'{__package__}.{argv[0]}').main(argv[1:])
    else:
        run_tool(make_parser(), argv, run, register=False)
