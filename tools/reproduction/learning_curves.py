"""The command that draws logged values, averaged over seeds."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from glob import glob
from pathlib import Path

import pandas as pd
from prettytable import PrettyTable

from mmda.commands.common import build_parser, run_tool, say
from mmda.evaluation.metrics.metric_keys import title_of
from mmda.report.figure import (
    COLORS,
    PAGE_WIDTH,
    SMALL,
    new_figure,
    save_figure,
)
from mmda.structures import nearest

EXAMPLES = """\
  python tools/reproduce.py learning_curves \\
      'recipe=work_dirs/recipe/seed_*' 'BCE=work_dirs/bce/seed_*' \\
      --keys unannotated_answer auc/mean --out curves.png"""


def make_parser() -> argparse.ArgumentParser:
    """Make the parser of the command."""
    parser = build_parser(
        'Draw values of training logs over iterations: the mean and the '
        'standard deviation over the runs of each name.',
        EXAMPLES,
        'reproduce learning_curves',
    )
    add = parser.add_argument
    add(
        'runs',
        nargs='+',
        metavar='NAME=DIR',
        help='work directory, or a pattern that matches the directories of '
        'several seeds',
    )
    add(
        '--keys',
        nargs='+',
        default=['unannotated_answer', 'auc/mean'],
        help='scalars of the log (default: unannotated_answer auc/mean)',
    )
    add(
        '--out',
        default='learning_curves.png',
        help='figure to write, with a PDF beside it (default: '
        'learning_curves.png)',
    )
    return parser


def run(args: argparse.Namespace) -> None:
    """Draw, and print the first and the last value of each curve."""
    runs: dict[str, list[Path]] = {}
    for text in args.runs:
        name, folders = _find(text)
        runs.setdefault(name, []).extend(folders)
    drawn = draw_learning_curves(runs, args.keys, Path(args.out))
    table = PrettyTable(['runs', 'key', 'seeds', 'first', 'last'])
    table.align = 'l'
    for (name, key), data in drawn.items():
        ends = [
            f'{row["mean"]:.3f} +- {row["std"]:.3f} (iteration {step})'
            for step, row in data.iloc[[0, -1]].iterrows()
        ]
        table.add_row([name, key, len(runs[name]), *ends])
    say(f'learning curves\n{table}\nfigure: {args.out}')


def _find(text: str) -> tuple[str, list[Path]]:
    """Read NAME=DIR, where DIR may be a pattern; sort the folders."""
    name, given, pattern = text.partition('=')
    if not (name and given and pattern):
        raise ValueError(f'{text!r}: expected NAME=DIR')
    folders = [Path(p) for p in sorted(glob(pattern)) if Path(p).is_dir()]
    if not folders:
        raise FileNotFoundError(f'there is no folder {pattern} (of {name})')
    return name, folders


def read_scalars(folder: str | Path) -> pd.DataFrame:
    """Read the values that a training logged.

    Args:
        folder (str | Path): Work directory of a run, or a folder above it. Of
            several runs, the run that started last counts.

    Returns:
        DataFrame: A row for each line of the log, and a column for each key.
        ``step`` is the iteration; a validation has the iteration that was
        logged before it.

    Raises:
        FileNotFoundError: If there is no log.
        ValueError: If the log cannot be read.
    """
    logs = sorted(
        Path(folder).glob('**/vis_data/scalars.json'),
        key=lambda path: path.parents[1].name,
    )
    if not logs:
        raise FileNotFoundError(
            f'no log below {folder}: expected <time>/vis_data/scalars.json, '
            'which a training writes'
        )
    try:
        table = pd.read_json(logs[-1], lines=True)
    except ValueError as error:
        raise ValueError(f'{logs[-1]} is no log: {error}') from error
    # For a validation, mmengine logs the epoch as the step. The epoch is 0 if
    # the training counts iterations.
    if 'iter' in table and pd.api.types.is_numeric_dtype(table['iter']):
        table['step'] = table['iter'].ffill().fillna(0).astype(int)
    return table


def curve(folders: Sequence[str | Path], key: str) -> pd.DataFrame:
    """Average a logged value over the seeds of one recipe.

    Args:
        folders (Sequence[str | Path]): Work directories, one for each seed.
        key (str): Key of the log, such as 'unannotated_answer'.

    Returns:
        DataFrame: ``mean`` and ``std`` over the runs, by iteration. ``std``
        is 0 for a single run.

    Raises:
        ValueError: If a run did not log the key; names the nearest key. Also
            if two runs logged it at different iterations, as after early
            stopping.
    """
    columns: list[pd.Series] = []
    for folder in folders:
        scalars = read_scalars(folder)
        if key not in scalars:
            known = [str(column) for column in scalars]
            raise ValueError(
                f'{folder} did not log {key!r}{nearest(key, known)}; '
                f'expected one of {", ".join(sorted(known))}'
            )
        if not pd.api.types.is_numeric_dtype(scalars[key]):
            raise ValueError(f'{folder} logged no numbers as {key!r}')
        if 'step' not in scalars:
            raise ValueError(f'{folder} logged no iterations (`iter`)')
        logged = scalars[['step', key]].dropna().groupby('step')[key].last()
        if logged.empty:
            raise ValueError(f'{folder} logged {key!r} as NaN only')
        columns.append(logged)
        first = columns[0]
        if not logged.index.equals(first.index):
            raise ValueError(
                f'{folder} logged {key!r} {len(logged)} times up to iteration '
                f'{logged.index[-1]}, {folders[0]} {len(first)} times up to '
                f'{first.index[-1]}: expected the same iterations (early '
                'stopping?)'
            )
    table = pd.concat(columns, axis=1)
    std = table.std(axis=1, ddof=1).fillna(0)
    return pd.DataFrame(dict(mean=table.mean(axis=1), std=std))


def draw_learning_curves(
    runs: Mapping[str, Sequence[str | Path]], keys: Sequence[str], path: Path
) -> dict[tuple[str, str], pd.DataFrame]:
    """Draw a panel for each key, and a curve for each recipe.

    A band shows one standard deviation over the seeds.

    Args:
        runs (Mapping[str, Sequence[str | Path]]): Name of the recipe -> work
            directories of its seeds.
        keys (Sequence[str]): Keys of the log.
        path (Path): PNG to write, with a PDF of the same name.

    Returns:
        dict[tuple[str, str], DataFrame]: The curves by name and key, from
        :func:`curve`.
    """
    drawn = {
        (name, key): curve(folders, key)
        for key in keys
        for name, folders in runs.items()
    }
    figure = new_figure(PAGE_WIDTH, 2.4)
    grid = figure.subplots(1, len(keys), squeeze=False)[0]
    for axes, key in zip(grid, keys, strict=True):
        for index, name in enumerate(runs):
            data, color = drawn[name, key], COLORS[index % len(COLORS)]
            axes.plot(data['mean'], color=color, label=name)
            low, high = (data['mean'] + s * data['std'] for s in (-1, 1))
            axes.fill_between(
                data.index, low, high, color=color, alpha=0.2, lw=0
            )
        axes.set_xlabel('iteration')
        axes.set_title(title_of(key), fontsize=SMALL)
        axes.grid(alpha=0.3)
    figure.legend(
        *axes.get_legend_handles_labels(),
        loc='outside lower center',
        ncols=3,
        fontsize=SMALL,
    )
    save_figure(figure, path)
    return drawn


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command."""
    run_tool(make_parser(), argv, run)
