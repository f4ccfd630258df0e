"""What a table of the paper is made of: trainings, metrics, its figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any


@dataclass(frozen=True)
class Recipe:
    """A training: a config, and what is changed in it.

    Attributes:
        config (str): Below ``configs/``, such as 'da/digits.py'.
        num_samples (int, optional): Images of each training source that draws
            some; None: as the config says.
        options (Mapping[str, Any]): Other changes, as ``--cfg-options`` takes
            them: keys with dots.
        label (str): A short name for ``options`` in the folder of the run.
            Defaults to '': the folder spells the options out.
    """

    config: str
    num_samples: int | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    label: str = ''

    @cached_property
    def changes(self) -> str:
        """str: The changes as a name of a folder.

        Examples:
            >>> Recipe('a.py', 30, {'model.head.loss.tau': 0.7}).changes
            'num_samples=30,model.head.loss.tau=0.7'
            >>> Recipe('a.py', 30, {'model.head.loss.tau': 0.7}, 'low').changes
            'num_samples=30,low'
            >>> Recipe('a.py').changes
            'default'
        """
        words = [f'{key}={value}' for key, value in self.options.items()]
        if self.label:
            words = [self.label]
        if self.num_samples is not None:
            words.insert(0, f'num_samples={self.num_samples}')
        text = ','.join(words)
        plain = ''.join(
            c if c.isalnum() or c in '=,._-' else '_' for c in text
        )
        return plain or 'default'

    @property
    def key(self) -> tuple[str, str]:
        """tuple[str, str]: Equal for recipes that train the same."""
        return self.config, self.changes

    def __str__(self) -> str:
        name = self.config.removesuffix('.py')
        return name if self.changes == 'default' else f'{name} {self.changes}'


@dataclass(frozen=True)
class Metric:
    """What of a test is shown.

    Attributes:
        keys (tuple[str, ...]): Of the test's metrics, in %.
        reduce (str): 'mean' or 'min' of them.
    """

    keys: tuple[str, ...]
    reduce: str = 'mean'

    @property
    def is_summary(self) -> bool:
        """bool: Whether it sums up classes, and is no class itself."""
        return len(self.keys) > 1 or 'mean' in self.keys[0].split('/')[-1]


def mean_of(prefix: str, names: Sequence[str]) -> Metric:
    """Show the mean of several keys.

    Args:
        prefix (str): What all of them begin with.
        names (Sequence[str]): What follows.

    Returns:
        Metric: Their mean.

    Examples:
        >>> mean_of('auc/', ['a', 'b']).keys
        ('auc/a', 'auc/b')
    """
    return Metric(tuple(prefix + name for name in names))


def worst_of(prefix: str, names: Sequence[str]) -> Metric:
    """Show the least of several keys; see :func:`mean_of`.

    Args:
        prefix (str): What all of them begin with.
        names (Sequence[str]): What follows.

    Returns:
        Metric: Their minimum.
    """
    return Metric(tuple(prefix + name for name in names), 'min')


@dataclass(frozen=True)
class Cell:
    """One value of a table.

    Attributes:
        recipe (Recipe, optional): The training; None where only the paper has
            a value.
        metric (Metric): What is shown.
        paper (float, optional): The paper's value, in %.
        against (tuple[int, int], optional): Row and column of the cell that
            it is compared with.
    """

    recipe: Recipe | None
    metric: Metric
    paper: float | None = None
    against: tuple[int, int] | None = None


@dataclass(frozen=True)
class Panel:
    """A part of a table that stands by itself: one data set.

    Attributes:
        name (str): Short, for the command line.
        title (str): As the paper writes it.
        rows (tuple[str, ...]): Names, in the paper's order.
        columns (tuple[str, ...]): Names, in the paper's order.
        cells (Mapping[tuple[int, int], Cell]): By row and column; where there
            is none, the paper has a dash.
        recipes_in_rows (bool): Whether a row is a training (and a column a
            metric), or the other way round.
        sizes (tuple[int, ...]): Images of each source per column, where that
            is what the columns are; else empty.
    """

    name: str
    title: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    cells: Mapping[tuple[int, int], Cell]
    recipes_in_rows: bool
    sizes: tuple[int, ...] = ()

    @property
    def recipes(self) -> tuple[Recipe, ...]:
        """tuple[Recipe, ...]: Its trainings, each once, in their order."""
        found = {
            cell.recipe.key: cell.recipe
            for cell in self.cells.values()
            if cell.recipe is not None
        }
        return tuple(found.values())


@dataclass(frozen=True)
class Table:
    """A table of the paper.

    Attributes:
        name (str): Of its folder, such as 'table12'.
        title (str): What it shows.
        panels (tuple[Panel, ...]): Its parts, in the paper's order.
        unit (str): Of the values. Defaults to 'AUC in %'.
    """

    name: str
    title: str
    panels: tuple[Panel, ...]
    unit: str = 'AUC in %'

    def select(self, names: Sequence[str]) -> Table:
        """Keep some panels.

        Args:
            names (Sequence[str]): Their names; none: all.

        Returns:
            Table: With these panels.

        Raises:
            ValueError: If there is no such panel.
        """
        known = [panel.name for panel in self.panels]
        for name in names:
            if name not in known:
                raise ValueError(
                    f'{self.name} has no part {name!r}: expected one of '
                    f'{", ".join(known)}'
                )
        kept = [p for p in self.panels if not names or p.name in names]
        return Table(self.name, self.title, tuple(kept), self.unit)


#: A row of the paper's table; None for a dash.
Values = Sequence[float | None]
#: Names in the order of the table, and what they stand for.
Metrics = Mapping[str, str | Metric]
Recipes = Mapping[str, Recipe | None]


def compare_columns(
    name: str,
    title: str,
    metrics: Metrics,
    recipes: Recipes,
    paper: Sequence[Values] | None = None,
    against: int | Sequence[int] = (),
    extra: int = 0,
) -> Panel:
    """Make a panel with a training per column and a metric per row.

    Args:
        name (str): See :class:`Panel`.
        title (str): See :class:`Panel`.
        metrics (Mapping[str, str | Metric]): Name of a row -> key or metric.
        recipes (Mapping[str, Recipe | None]): Name of a column -> training.
        paper (Sequence[Sequence[float | None]], optional): The paper's
            values, row by row; where it has a dash, None, we show none
            either. Defaults to None: the table is not the paper's.
        against (int | Sequence[int]): The column, or several, that the others
            are compared with: in each row the first of them that has a value.
            Defaults to none.
        extra (int): How many of the last columns the paper does not have;
            its rows have no values for them. Defaults to 0.

    Returns:
        Panel: The panel.
    """
    size = len(metrics), len(recipes)
    bases = [against] if isinstance(against, int) else list(against)
    cells: dict[tuple[int, int], Cell] = {}
    for row, metric in enumerate(metrics.values()):
        if isinstance(metric, str):
            metric = Metric((metric,))
        if paper is None:
            values: Values = [None] * size[1]
            shown = [True] * size[1]
        else:
            values = [*paper[row], *[None] * extra]
            shown = [value is not None for value in paper[row]]
            shown += [True] * extra
        base = next((b for b in bases if shown[b]), None)
        pairs = zip(recipes.values(), values, strict=True)
        for column, (recipe, value) in enumerate(pairs):
            if not shown[column]:
                continue
            other = None if base is None or column in bases else (row, base)
            cells[row, column] = Cell(recipe, metric, value, other)
    return Panel(name, title, tuple(metrics), tuple(recipes), cells, False)


def compare_rows(
    name: str,
    title: str,
    metrics: Metrics,
    recipes: Recipes,
    paper: Sequence[Values] | None = None,
    against: int | Sequence[int] = (),
    extra: int = 0,
) -> Panel:
    """Make a panel with a training per row and a metric per column.

    Args:
        name (str): See :class:`Panel`.
        title (str): See :class:`Panel`.
        metrics (Mapping[str, str | Metric]): Name of a column -> key or
            metric.
        recipes (Mapping[str, Recipe | None]): Name of a row -> training.
        paper (Sequence[Sequence[float | None]], optional): The paper's
            values, row by row; see :func:`compare_columns`.
        against (int | Sequence[int]): The row, or several; see
            :func:`compare_columns`.
        extra (int): How many of the last rows the paper does not have.
            Defaults to 0.

    Returns:
        Panel: The panel.
    """
    turned = None if paper is None else list(zip(*paper, strict=True))
    flat = compare_columns(
        name, title, metrics, recipes, turned, against, extra
    )
    cells = {
        (row, column): replace(
            cell, against=cell.against and cell.against[::-1]
        )
        for (column, row), cell in sorted(
            flat.cells.items(), key=lambda item: item[0][::-1]
        )
    }
    return Panel(name, title, tuple(recipes), tuple(metrics), cells, True)


def compare_sizes(
    name: str,
    title: str,
    metric: str | Metric,
    recipes: Mapping[str, Recipe],
    sizes: Sequence[int],
    against: int | Sequence[int] = (),
) -> Panel:
    """Make a panel with a training per row and its size per column.

    Args:
        name (str): See :class:`Panel`.
        title (str): See :class:`Panel`.
        metric (str | Metric): Key or metric of all cells.
        recipes (Mapping[str, Recipe]): Name of a row -> training.
        sizes (Sequence[int]): Images of each source, for ``num_samples``.
        against (int | Sequence[int]): The row that the others are compared
            with. Defaults to none.

    Returns:
        Panel: The panel, without values of the paper.
    """
    columns = {f'n = {size}': metric for size in sizes}
    panel = compare_rows(name, title, columns, recipes, None, against)
    cells = {}
    for (row, column), cell in panel.cells.items():
        assert cell.recipe is not None
        sized = replace(cell.recipe, num_samples=sizes[column])
        cells[row, column] = replace(cell, recipe=sized)
    return replace(panel, cells=cells, sizes=tuple(sizes))
