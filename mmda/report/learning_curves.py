"""Logged values over iterations, averaged over the seeds of a recipe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mmda.structures import nearest

from .figure import COLORS, PAGE_WIDTH, SMALL, new_figure, save_figure

if TYPE_CHECKING:
    import pandas as pd


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
    """
    import pandas as pd

    logs = sorted(
        Path(folder).glob('**/vis_data/scalars.json'),
        key=lambda path: path.parents[1].name,
    )
    if not logs:
        raise FileNotFoundError(
            f'no log below {folder}: expected <time>/vis_data/scalars.json, '
            'which a training writes'
        )
    table = pd.read_json(logs[-1], lines=True)
    # For a validation, mmengine logs the epoch as the step. The epoch is 0 if
    # the training counts iterations.
    if 'iter' in table:
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
    import pandas as pd

    columns: list[pd.Series] = []
    for folder in folders:
        scalars = read_scalars(folder)
        if key not in scalars:
            known = [str(column) for column in scalars]
            raise ValueError(
                f'{folder} did not log {key!r}{nearest(key, known)}; '
                f'expected one of {", ".join(sorted(known))}'
            )
        logged = scalars[['step', key]].dropna().groupby('step')[key].last()
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
        path (Path): PNG to write. The PDF lies beside it.

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
        axes.set_title(key.replace('_', ' '), fontsize=SMALL)
        axes.grid(alpha=0.3)
    figure.legend(
        *axes.get_legend_handles_labels(),
        loc='outside lower center',
        ncols=3,
        fontsize=SMALL,
    )
    save_figure(figure, path)
    return drawn
