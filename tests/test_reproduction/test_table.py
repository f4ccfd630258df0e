"""The declarations of the tables."""

import functools
from pathlib import Path

import numpy as np
import pytest
from reproduction.recipe_config import load_recipe
from reproduction.table import (
    Recipe,
    find_tables,
    read_table,
    table_names,
)

NAMES = table_names()
TABLES = dict(zip(NAMES, find_tables(NAMES), strict=True))
CELLS = [
    (f'{table.name} {panel.name}', panel, place, cell)
    for table in TABLES.values()
    for panel in table.panels
    for place, cell in panel.cells.items()
]
PAPERS = """
title: Toy
panels:
  toy:
    title: Toy
    columns: COLUMNS
    prefix: auc/
    metrics: {mAUC: {mean: [1, 7]}, Num 1: 1}
    against: [other, full]
    trainings:
      published: {paper: [50.0, 51.0]}
      other: {config: other.py, paper: [~, 60.5]}
      full: {config: full.py, paper: [70.0, 71.0]}
      ours: ours.py
"""


@pytest.fixture
def read(tmp_path):
    def read(text):
        (tmp_path / 'toy.yml').write_text(text)
        return read_table(tmp_path / 'toy.yml').panels

    return read


def test_no_test_compares_two_ends_of_an_interval(read):
    (panel,) = read(
        'title: Toy\n'
        'panels:\n'
        '  toy:\n'
        '    title: Toy\n'
        '    prefix: auc/mean_of_interest\n'
        "    metrics: {mAUC: '', low: /bootstrap_low, high: /bootstrap_high}\n"
        '    against: a\n'
        '    trainings: {a: a.py, b: b.py}\n'
    )
    against = [panel.cells[1, column].against for column in range(3)]
    assert against == [(0, 0), None, None]


@pytest.mark.parametrize('columns', ['metrics', 'trainings'])
def test_a_declaration_gives_the_cells_of_the_paper(read, columns):
    (panel,) = read(PAPERS.replace('COLUMNS', columns))
    names = ('published', 'other', 'full', 'ours'), ('mAUC', 'Num 1')
    turn = 1 if columns == 'metrics' else -1
    assert (panel.rows, panel.columns) == names[::turn]
    cells = {place[::turn]: cell for place, cell in panel.cells.items()}
    assert [*panel.cells] == sorted(panel.cells)
    # A dash of the paper is no cell; a training of ours alone is one.
    assert sorted(cells) == [
        *[(0, 0), (0, 1), (1, 1), (2, 0), (2, 1), (3, 0), (3, 1)]
    ]
    assert cells[0, 0].recipe is None and cells[0, 0].paper == 50.0
    assert cells[3, 0].paper is None and str(cells[3, 0].recipe) == 'ours'
    assert cells[0, 0].metric.keys == ('auc/1', 'auc/7')
    assert cells[0, 1].metric.keys == ('auc/1',)
    # The first training to compare with that has a value.
    assert cells[3, 0].against[::turn] == (2, 0)
    assert cells[3, 1].against[::turn] == (1, 1)
    assert cells[2, 1].against is None
    trained = sorted(str(recipe) for recipe in panel.recipes)
    assert trained == ['full', 'other', 'ours']


def test_each_size_is_a_training_and_each_metric_a_panel(read):
    mean, worst = read(
        'title: Toy\n'
        'panels: {m: {title: M, sizes: [30, 100], against: bce, metrics:\n'
        '  {mean: auc/mean, worst class: {min: [auc/1, auc/7]}},\n'
        '  trainings: {bce: a.py, full: b.py}}}\n'
    )
    assert (mean.name, worst.name) == ('m', 'm_worst')
    assert worst.title == 'M, worst class'
    assert mean.columns == ('n = 30', 'n = 100')
    assert [str(recipe) for recipe in mean.recipes] == [
        'a num_samples=30',
        'a num_samples=100',
        'b num_samples=30',
        'b num_samples=100',
    ]
    assert worst.cells[1, 1].against == (0, 1)
    assert worst.cells[1, 1].metric.reduce == 'min'


@pytest.mark.parametrize(
    ('old', 'new', 'message'),
    [
        ('[~, 60.5]', '[60.5]', 'toy.yml, part toy: other: found 1 values'),
        ('{mean:', '{median:', "found {'median': [1, 7]}, expected a key, or"),
        ('{mean: [1, 7]}', '{mean: mean}', "metrics: found {'mean': 'mean'}"),
        ('mean: [1, 7]', 'mean: [1], min: [7]', "metrics: found {'mean': [1]"),
        ('{mAUC: {mean: [1, 7]}, Num 1: 1}', '[1]', 'metrics: found [1], exp'),
        ('against:', 'agianst:', "unexpected keyword argument 'agianst'"),
        ('COLUMNS', 'rows', "columns: found 'rows', expected metrics or"),
        ('COLUMNS', 'trainings\n    sizes: [8, 9]', 'sizes: each number of'),
        ('[other, full]', 'ful', "against: found ['ful'], expected some of"),
    ],
)
def test_a_wrong_declaration_names_file_part_and_key(read, old, new, message):
    text = PAPERS.replace(old, new).replace('COLUMNS', 'metrics')
    with pytest.raises(ValueError, match='toy.yml, part toy') as caught:
        read(text)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    'text',
    [
        *('a: [', '3', '[1]', 'title: x', '', 'panels: {}'),
        'title: x\nunits: IoU\npanels: {}',
    ],
)
def test_a_file_that_declares_no_table_is_named(read, text):
    with pytest.raises(ValueError, match='toy.yml'):
        read(text)


def test_a_recipe_has_a_folder_of_its_own():
    many = [f'class {i} with a long name' for i in range(20)]
    recipes = [
        Recipe('a.py'),
        Recipe('a.py', 30),
        Recipe('a.py', classes=('a b', 'c')),
        Recipe('a.py', classes=(*many, 'x')),
        Recipe('a.py', classes=(*many, 'y')),
        Recipe('a.py', options=dict(load_from='pre/a.pth')),
        Recipe('a.py', options=dict(load_from='pre_a.pth')),
    ]
    names = [recipe.changes for recipe in recipes]
    assert names[:2] == ['default', 'num_samples=30']
    assert names[2].startswith('classes=a_b+c_')
    assert len(set(names)) == 7
    assert max(map(len, names)) < 255


def test_each_config_of_a_table_exists():
    configs = {cell.recipe.config for *_, cell in CELLS if cell.recipe}
    folder = Path(__file__).parents[2] / 'configs'
    assert len(configs) > 30
    assert not [name for name in configs if not (folder / name).is_file()]


def test_each_cell_is_compared_with_a_cell_of_its_metric():
    for name, panel, place, cell in CELLS:
        rows, columns = len(panel.rows), len(panel.columns)
        assert place[0] < rows and place[1] < columns, name
        assert cell.paper is None or 40 < cell.paper < 100, name
        if cell.against is not None:
            base = panel.cells[cell.against]
            assert base.metric == cell.metric and base.against is None, name


def test_means_of_the_paper_are_those_of_its_classes():
    # A slip of the pen in a value would show.
    for name, rows in (('table03', 6), ('table04', 6), ('table12', 8)):
        panel = TABLES[name].panels[0]
        checked = 0
        for column in range(len(panel.columns)):
            values = [
                panel.cells[row, column].paper
                for row in range(1, rows)
                if (row, column) in panel.cells
            ]
            mean = panel.cells[0, column].paper
            if mean is not None:
                checked += 1
                assert np.mean(values) == pytest.approx(mean, abs=0.11), column
        assert checked == 8
    panel = TABLES['table09'].panels[0]
    for row in range(len(panel.rows) - 1):  # the last one is our recipe
        *values, mean = (panel.cells[row, c].paper for c in range(15))
        assert np.mean(values) == pytest.approx(mean, abs=0.11), row


@pytest.fixture(scope='module')
def trained():
    """Name, cell and config of each cell that a training fills."""
    load = functools.cache(lambda key: load_recipe(recipes[key]))
    cells = [(n, c) for n, _, _, c in CELLS if c.recipe is not None]
    recipes = {cell.recipe.key: cell.recipe for _, cell in cells}
    return [(name, cell, load(cell.recipe.key)) for name, cell in cells]


@pytest.mark.slow
def test_each_value_of_a_table_is_in_the_test_of_its_config(trained):
    # Else it would show after the training, which may take days.
    for name, cell, cfg in trained:
        for metric in cell.metric.keys:
            assert is_tested(metric, cfg), (name, cell.recipe, metric)


def is_tested(key, cfg):
    kind, *scope, name = key.split('/')
    evaluators = cfg.test_evaluator
    if not isinstance(evaluators, list):
        evaluators = [evaluators]
    of_type = {e['type']: e for e in evaluators}
    if kind == 'novel':
        return name == 'max' and 'NovelClassAUC' in of_type
    if kind == 'iou':
        metric, classes = of_type['PartialLabelIoU'], cfg.model.decode_head
        return (
            name in ('mean', metric.get('class_of_interest'))
            or name in classes.classes
        )
    if name.startswith('bootstrap_'):
        drawn = of_type['PartialLabelAUC'].get('bootstrap')
        return bool(drawn) and is_tested(key.rpartition('/')[0], cfg)
    dataset = cfg.test_dataloader.dataset
    sources = [
        source
        for source in dataset.get('datasets', [dataset])
        if not scope or source.get('name') == scope[0]
    ]
    if name == 'mean_of_interest':
        return bool(of_type['PartialLabelAUC'].classes_of_interest)
    return bool(sources) and (
        name == 'mean'
        or any(
            name in (s.get('labeled_classes') or s.classes) for s in sources
        )
    )


@pytest.mark.slow
def test_no_cell_with_a_value_of_the_paper_is_filled_by_the_recipe(trained):
    """Equations 2 to 6 as they stand: labels on the weak view alone."""
    literal = dict(strong_bce_weight=0.0, ramp_up=0.0, detach_pseudo=False)
    configs_with_two_views = set()
    for name, cell, cfg in trained:
        preprocessor = cfg.model.get('data_preprocessor') or {}
        # On one view there is BCE alone: no term of the method is there.
        if cell.paper is not None and preprocessor.get('strong_view'):
            configs_with_two_views.add(cell.recipe.config)
            loss = cfg.model.head.loss
            found = {key: loss.get(key) for key in literal}
            assert found == literal, (name, cell.recipe)
    assert len(configs_with_two_views) >= 12


@pytest.mark.parametrize('name', ['table03', 'table04', 'table12'])
def test_the_recipe_is_a_column_without_a_value_of_the_paper(name):
    panel = TABLES[name].panels[0]
    column = [i for i, title in enumerate(panel.columns) if 'recipe' in title]
    cells = [panel.cells[row, column[0]] for row in range(len(panel.rows))]
    assert len(column) == 1
    assert all(cell.recipe and cell.paper is None for cell in cells)
