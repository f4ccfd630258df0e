"""A table of the paper: its trainings, its metrics, the paper's values.

Each table is a file ``tables/<name>.yml``. ``docs/reproduce.md`` explains
its keys.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).with_name('tables')
#: Row and column of a cell.
Place = tuple[int, int]
_LONGEST_NAME = 180


@dataclass(frozen=True)
class Recipe:
    """A training: a config and the changes made to it.

    Attributes:
        config (str): Path below ``configs/``, such as 'da/digits.py'.
        num_samples (int, optional): Number of images that each training
            source draws. None keeps the number of the config.
        classes (tuple[str, ...]): Label space of all sources and of the head.
            An empty tuple keeps the label space of the config.
        options (Mapping[str, Any]): Further changes. The keys have dots, as
            ``--cfg-options`` takes them.
    """

    config: str
    num_samples: int | None = None
    classes: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def changes(self) -> str:
        """str: The changes as the name of a folder.

        Examples:
            >>> Recipe('a.py', 30, (), {'model.head.loss.tau': 0.7}).changes
            'num_samples=30,model.head.loss.tau=0.7'
            >>> Recipe('a.py').changes
            'default'
        """
        changes = dict(self.options)
        if self.classes:
            changes = {'classes': '+'.join(self.classes), **changes}
        if self.num_samples is not None:
            changes = {'num_samples': self.num_samples, **changes}
        text = ','.join(f'{key}={value}' for key, value in changes.items())
        name = ''.join(
            c if c.isalnum() or c in '=,.+_-' else '_' for c in text
        )
        if len(name) > _LONGEST_NAME or name != text:
            digest = hashlib.sha256(text.encode()).hexdigest()[:8]
            name = f'{name[:_LONGEST_NAME]}_{digest}'
        return name or 'default'

    @property
    def key(self) -> tuple[str, str]:
        """tuple[str, str]: Two recipes with one key train the same model."""
        return self.config, self.changes

    def __str__(self) -> str:
        name = self.config.removesuffix('.py')
        return name if self.changes == 'default' else f'{name} {self.changes}'


@dataclass(frozen=True)
class Metric:
    """The value that a cell shows.

    Attributes:
        keys (tuple[str, ...]): Keys of the metrics of a test, in %.
        reduce (str): 'mean' or 'min' over the keys.
    """

    keys: tuple[str, ...]
    reduce: str = 'mean'

    @property
    def is_summary(self) -> bool:
        """bool: Whether the metric sums up several classes."""
        return len(self.keys) > 1 or 'mean' in self.keys[0].split('/')[-1]

    @property
    def is_interval_end(self) -> bool:
        """bool: Whether the metric is an end of an interval.

        No test compares two ends.
        """
        return self.keys[0].endswith(('_low', '_high'))


@dataclass(frozen=True)
class Cell:
    """One value of a table.

    Attributes:
        recipe (Recipe, optional): The training. None: only the paper has a
            value, for example that of another method.
        metric (Metric): The value that is shown.
        paper (float, optional): The value of the paper, in %.
        against (tuple[int, int], optional): Row and column of the cell with
            which this cell is compared.
    """

    recipe: Recipe | None
    metric: Metric
    paper: float | None = None
    against: Place | None = None


@dataclass(frozen=True)
class Panel:
    """A part of a table that stands by itself, such as one data set.

    Attributes:
        name (str): Short name for the command line.
        title (str): Name in the paper.
        rows (tuple[str, ...]): Names of the rows.
        columns (tuple[str, ...]): Names of the columns.
        cells (Mapping[tuple[int, int], Cell]): The cells by row and column. A
            place without a cell has a dash in the paper.
        recipes_in_rows (bool): Whether the trainings are the rows. Otherwise
            they are the columns.
        sizes (tuple[int, ...]): Number of images per source of each column,
            where the columns are such numbers. Otherwise empty.
        gaps (Mapping[str, tuple[int, int, int]]): Name of a gap -> a
            training, and the trainings at the lower and the upper end of the
            gap, as rows or columns of the panel.
    """

    name: str
    title: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    cells: Mapping[Place, Cell]
    recipes_in_rows: bool = True
    sizes: tuple[int, ...] = ()
    gaps: Mapping[str, tuple[int, int, int]] = field(default_factory=dict)

    @property
    def metrics(self) -> tuple[str, ...]:
        """tuple[str, ...]: Names of what is not a training."""
        return self.columns if self.recipes_in_rows else self.rows

    def place(self, training: int, metric: int) -> Place:
        """Return row and column of a training and a metric."""
        return _place(training, metric, self.recipes_in_rows)

    @property
    def recipes(self) -> tuple[Recipe, ...]:
        """tuple[Recipe, ...]: All trainings of the panel, each one once."""
        cells = [cell.recipe for cell in self.cells.values() if cell.recipe]
        return tuple({recipe.key: recipe for recipe in cells}.values())


@dataclass(frozen=True)
class Table:
    """A table of the paper.

    Attributes:
        name (str): Name of its folder, such as 'table12'.
        title (str): One line that says what the table shows.
        panels (tuple[Panel, ...]): The parts, in the order of the paper.
        unit (str): Unit of the values. Defaults to 'AUC in %'.
    """

    name: str
    title: str
    panels: tuple[Panel, ...]
    unit: str = 'AUC in %'

    def select(self, names: Sequence[str]) -> Table:
        """Keep some panels.

        Args:
            names (Sequence[str]): Names of panels. An empty list keeps all.

        Returns:
            Table: The table with these panels.

        Raises:
            ValueError: If the table has none of them.
        """
        kept = [p for p in self.panels if not names or p.name in names]
        if not kept:
            raise ValueError(
                f'{self.name} has no part {" or ".join(map(repr, names))}: '
                f'expected one of {", ".join(p.name for p in self.panels)}'
            )
        return Table(self.name, self.title, tuple(kept), self.unit)


def table_names() -> list[str]:
    """Return the names of all tables: the paper's tables come first.

    Returns:
        list[str]: Such as 'table01', 'figure05' and 'method'.
    """
    names = sorted(path.stem for path in FOLDER.glob('*.yml'))
    return sorted(names, key=lambda name: not name.startswith('table'))


def find_tables(
    names: Sequence[str], parts: Sequence[str] = ()
) -> list[Table]:
    """Find tables by name, by number or by file.

    Args:
        names (Sequence[str]): Such as '12', 'table12' or 'my_table.yml'.
        parts (Sequence[str]): The panels to keep. Each table must have one of
            them, and each panel a table. Defaults to (): all panels.

    Returns:
        list[Table]: The tables, in the order of the names.

    Raises:
        ValueError: If there is no such table or panel.

    Examples:
        >>> [table.name for table in find_tables(['2', 'table12'])]
        ['table02', 'table12']
    """
    found = []
    for name in names:
        full = f'table{int(name):02d}' if name.isdigit() else name
        path = FOLDER / f'{full}.yml'
        if name.endswith('.yml'):
            path = Path(name)
        if not path.is_file():
            raise ValueError(
                f'there is no table {name!r}: expected a .yml file or one of '
                f'{", ".join(table_names())}'
            )
        found.append(read_table(path).select(parts))
    known = {panel.name for table in found for panel in table.panels}
    for part in parts:
        if part not in known:
            raise ValueError(f'there is no part {part!r} in these tables')
    return found


def read_table(path: Path) -> Table:
    """Read the declaration of a table.

    Args:
        path (Path): YAML file with ``title``, ``panels`` and, where the
            values are no AUC, ``unit``.

    Returns:
        Table: The table. Its name is the name of the file.

    Raises:
        ValueError: If a key is missing or unknown, or if a training does not
            have one value of the paper for each metric.
    """
    try:
        node = yaml.safe_load(path.read_text(encoding='utf-8'))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f'{path} is no YAML: {error}') from error
    if not isinstance(node, dict) or not isinstance(node.get('panels'), dict):
        raise ValueError(
            f'{path}: found no `panels`, expected the declaration of a table'
        )
    panels: list[Panel] = []
    for name, spec in node.pop('panels').items():
        try:
            panels += _Declared(**spec).panels(str(name))
        except (TypeError, ValueError, KeyError) as error:
            raise ValueError(f'{path}, part {name}: {error}') from error
    try:
        return Table(path.stem, panels=tuple(panels), **node)
    except TypeError as error:
        raise ValueError(f'{path}: {error}') from error


@dataclass
class _Training:
    """A training as a file declares it; without a config: the paper's."""

    config: str | None = None
    num_samples: int | None = None
    classes: Sequence[str] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    paper: Sequence[float | None] | None = None

    def recipe(self, size: int | None) -> Recipe | None:
        if self.config is None:
            return None
        number = self.num_samples if size is None else size
        classes = tuple(self.classes)
        return Recipe(self.config, number, classes, self.options)

    def shows(self, column: int) -> bool:
        """Tell whether there is a cell: the paper's dash is a None."""
        return self.paper is None or self.paper[column] is not None


@dataclass
class _Declared:
    """A panel as a file declares it."""

    title: str
    metrics: Mapping[str, Any]
    trainings: Mapping[str, Any]
    config: str | None = None
    columns: str = 'metrics'
    sizes: Sequence[int] = ()
    prefix: str = ''
    against: str | Sequence[str] = ()
    gaps: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for key in ('metrics', 'trainings', 'gaps'):
            found = getattr(self, key)
            if not isinstance(found, Mapping):
                raise ValueError(
                    f'{key}: found {found!r}, expected a value for each name'
                )

    def panels(self, name: str) -> Iterator[Panel]:
        """Yield the panel; with sizes, one panel for each metric."""
        metrics = {key: self._metric(m) for key, m in self.metrics.items()}
        if not self.sizes:
            columns = [(key, metric, None) for key, metric in metrics.items()]
            yield self._panel(name, self.title, columns)
            return
        for number, (label, metric) in enumerate(metrics.items()):
            sized = [(f'n = {size}', metric, size) for size in self.sizes]
            if number:
                short = f'{name}_{label.split()[0]}'
                yield self._panel(short, f'{self.title}, {label}', sized)
            else:
                yield self._panel(name, self.title, sized)

    def _metric(self, value: Any) -> Metric:
        """Read a key, or a dict from 'mean' or 'min' to several keys."""
        found = value if isinstance(value, dict) else {'mean': [value]}
        reduce, keys = next(iter(found.items()), ('', ''))
        is_list = isinstance(keys, list) and keys
        if len(found) != 1 or reduce not in ('mean', 'min') or not is_list:
            raise ValueError(
                f'metrics: found {value!r}, expected a key, or mean or min '
                'and a list of keys'
            )
        return Metric(tuple(f'{self.prefix}{key}' for key in keys), reduce)

    def _panel(
        self,
        name: str,
        title: str,
        columns: Sequence[tuple[str, Metric, int | None]],
    ) -> Panel:
        if self.columns not in ('metrics', 'trainings'):
            raise ValueError(
                f'columns: found {self.columns!r}, expected metrics or '
                'trainings'
            )
        in_rows = self.columns == 'metrics'
        if self.sizes and not in_rows:
            raise ValueError(
                'sizes: each number of images is a column, so expected no '
                '`columns: trainings`'
            )
        trainings = {
            label: _Training(
                **{
                    'config': self.config,
                    **(dict(config=t) if isinstance(t, str) else t),
                }
            )
            for label, t in self.trainings.items()
        }
        for label, training in trainings.items():
            if training.paper and len(training.paper) != len(columns):
                raise ValueError(
                    f'{label}: found {len(training.paper)} values of the '
                    f'paper, expected {len(columns)}'
                )
        names = list(trainings)
        known = [*trainings.values()]
        against = self.against
        against = [against] if isinstance(against, str) else against
        unknown = [base for base in against if base not in names]
        if unknown:
            raise ValueError(
                f'against: found {unknown}, expected some of the trainings '
                f'{", ".join(names)}'
            )
        bases = [names.index(base) for base in against]
        cells: dict[Place, Cell] = {}
        for column, (_, metric, size) in enumerate(columns):
            # The first base that has a value in this column.
            base = next((b for b in bases if known[b].shows(column)), None)
            if metric.is_interval_end:
                base = None
            for row, training in enumerate(known):
                if not training.shows(column):
                    continue
                values = training.paper
                cells[_place(row, column, in_rows)] = Cell(
                    training.recipe(size),
                    metric,
                    None if values is None else values[column],
                    None
                    if base is None or row in bases
                    else _place(base, column, in_rows),
                )
        labels = tuple(label for label, _, _ in columns)
        rows, heads = (tuple(names), labels)[:: 1 if in_rows else -1]
        sizes = tuple(self.sizes)
        ordered = dict(sorted(cells.items()))
        gaps = {key: _three(key, gap, names) for key, gap in self.gaps.items()}
        return Panel(name, title, rows, heads, ordered, in_rows, sizes, gaps)


def _three(
    key: str, gap: Sequence[str], names: Sequence[str]
) -> tuple[int, int, int]:
    if len(gap) != 3 or not set(gap) <= set(names):
        raise ValueError(
            f'gaps: {key}: found {gap}, expected [training, lower end, upper '
            f'end] of the trainings {", ".join(names)}'
        )
    ours, lower, upper = map(names.index, gap)
    return ours, lower, upper


def _place(training: int, metric: int, in_rows: bool) -> Place:
    return (training, metric) if in_rows else (metric, training)
