"""Scalars of several runs over iterations, read from their logs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from mmda.structures import nearest

from .figure import COLORS, PAGE_WIDTH, SMALL, new_figure, save_figure


def read_scalars(folder: str | Path) -> pd.DataFrame:
    """Read what a training logged.

    Args:
        folder (str | Path): Work directory of a run, or one above it; of
            several runs below it the last one started counts.

    Returns:
        DataFrame: A row per line of the log, a column per key; ``step`` is
        the iteration, of a validation the last one logged before it.

    Raises:
        FileNotFoundError: If no log is there.
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
    lines = logs[-1].read_text(encoding='utf-8').splitlines()
    table = pd.DataFrame([json.loads(line) for line in lines if line.strip()])
    # mmengine gives validations the epoch as their step, which is 0 where a
    # training counts iterations.
    if 'iter' in table:
        table['step'] = table['iter'].ffill().fillna(0).astype(int)
    return table


def curve(folders: Sequence[str | Path], key: str) -> pd.DataFrame:
    """Return a key's course over the seeds of one recipe.

    Args:
        folders (Sequence[str | Path]): Work directories, one per seed.
        key (str): A scalar of the log, such as 'unannotated_answer'.

    Returns:
        DataFrame: Indexed by iteration; ``mean`` and ``std`` over the runs
        (0 for a single run).

    Raises:
        ValueError: If a run did not log the key (names the nearest), or
            logged it at other iterations than the first run, such as one that
            stopped early.
    """
    columns = []
    for folder in folders:
        scalars = read_scalars(folder)
        if key not in scalars:
            known = [str(column) for column in scalars]
            raise ValueError(
                f'{folder} did not log {key!r}{nearest(key, known)}; '
                f'expected one of {", ".join(sorted(known))}'
            )
        logged = scalars[['step', key]].dropna()
        columns.append(logged.groupby('step')[key].last())
        if not columns[-1].index.equals(columns[0].index):
            raise ValueError(
                f'{folder} logged {key!r} {len(columns[-1])} times up to '
                f'iteration {columns[-1].index[-1]}, {folders[0]} '
                f'{len(columns[0])} times up to {columns[0].index[-1]}: '
                'expected the same iterations (early stopping?)'
            )
    table = pd.concat(columns, axis=1)
    return pd.DataFrame(
        dict(mean=table.mean(axis=1), std=table.std(axis=1, ddof=1).fillna(0))
    )


def draw_learning_curves(
    runs: Mapping[str, Sequence[str | Path]],
    keys: Sequence[str],
    path: Path,
) -> dict[tuple[str, str], pd.DataFrame]:
    """Draw a panel per key and a curve per recipe, with a band of one std.

    Args:
        runs (Mapping[str, Sequence[str | Path]]): Name -> work directories.
        keys (Sequence[str]): Scalars of the logs.
        path (Path): PNG to write; a PDF lies beside it.

    Returns:
        dict[tuple[str, str], DataFrame]: What is drawn, by name and key; see
        :func:`curve`.
    """
    drawn = {
        (name, key): curve(folders, key)
        for key in keys
        for name, folders in runs.items()
    }
    figure = new_figure(PAGE_WIDTH, 2.4)
    for axes, key in zip(
        figure.subplots(1, len(keys), squeeze=False)[0], keys, strict=True
    ):
        for color, name in zip(
            np.resize(COLORS, len(runs)), runs, strict=True
        ):
            data = drawn[name, key]
            steps, mean, std = data.index, data['mean'], data['std']
            axes.plot(steps, mean, color=color, label=name)
            axes.fill_between(
                steps, mean - std, mean + std, color=color, alpha=0.2, lw=0
            )
        axes.set(xlabel='iteration', title=key.replace('_', ' '))
        axes.title.set_fontsize(SMALL)
        axes.grid(alpha=0.3)
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(
        handles, labels, loc='outside lower center', ncols=3, fontsize=SMALL
    )
    save_figure(figure, path)
    return drawn
