"""Statistics against scipy, and the files against what they must hold."""

import math

import numpy as np
import pytest
from reproduction.expected_time import Clock, guess_seconds
from reproduction.figure import draw_table
from reproduction.recipe_config import load_recipe
from reproduction.report import to_csv, to_markdown
from reproduction.result import Result, Run, read_result, write_result
from reproduction.summary import summarise, value_of
from reproduction.table import (
    Recipe,
    Table,
    compare_columns,
    compare_sizes,
    worst_of,
)
from reproduction.tables import TABLES
from scipy.stats import ttest_ind, ttest_rel
from small_table import make_table

PLAIN = {0: 60.0, 1: 62.0, 2: 61.0}
CHANGED = {0: 64.0, 1: 65.0, 2: 66.5}


def result(seed, *values, **more):
    keys = ('auc/mean', 'auc/1', 'auc/7')
    metrics = dict(zip(keys, values, strict=False))
    return Result('hash', seed, metrics, 10.0, **more)


@pytest.fixture
def table():
    return make_table(**{'optim_wrapper.optimizer.lr': 0.01})


@pytest.fixture
def found(table):
    plain, changed = table.panels[0].recipes
    results = {
        plain.key: {
            seed: result(seed, value, 50.0, value)
            for seed, value in PLAIN.items()
        },
        changed.key: {
            **{
                seed: result(seed, value, 51.0, value)
                for seed, value in CHANGED.items()
            },
            3: result(3, diverged='loss is nan'),
            4: result(4, 70.0, 51.0, math.nan),
        },
    }
    return summarise(table.panels[0], results)


def test_tests_over_seeds_are_those_of_scipy(found):
    plain = [*PLAIN.values()]
    gained = found[2, 1]
    assert gained.values == CHANGED
    assert gained.mean == pytest.approx(np.mean([*CHANGED.values()]))
    assert gained.deviation == pytest.approx(
        np.std([*CHANGED.values()], ddof=1)
    )
    expected = ttest_ind([*CHANGED.values()], plain).pvalue
    assert gained.independent.p == pytest.approx(expected)
    # One class was compared: Holm changes nothing.
    assert gained.independent.p_holm == pytest.approx(expected)
    assert gained.paired.p == pytest.approx(
        ttest_rel([*CHANGED.values()], plain).pvalue
    )
    assert gained.gain == pytest.approx(65.16667 - 61, abs=1e-4)
    assert gained.paper_gain == -1.0


def test_the_paired_test_takes_only_the_seeds_that_both_have(found):
    mean = found[0, 1]
    assert sorted(mean.values) == [0, 1, 2, 4]
    assert mean.paired.p == pytest.approx(
        ttest_rel([*CHANGED.values()], [*PLAIN.values()]).pvalue
    )


def test_diverged_and_undefined_seeds_are_named_and_left_out(found):
    assert found[2, 1].left_out == {
        3: 'diverged: loss is nan',
        4: 'the metric is undefined (NaN)',
    }
    assert 3 not in found[0, 1].values


def test_markdown_has_the_order_and_the_values_of_the_paper(table, found):
    lines = to_markdown(table, {'digits': found}, 3).splitlines()
    start = lines.index('## Digits') + 2
    assert lines[start : start + 5] == [
        '|  | plain | changed |',
        '| --- | ---: | ---: |',
        '| mAUC | 61.0 ± 1.0<br>paper 60.0 | '
        '66.4 ± 2.6 (↑ 5.4*)<br>paper 62.5 (↑ 2.5) |',
        '| Num 1 | 50.0 ± 0.0<br>paper 50.0 | – |',
        '| Num 7 | 61.0 ± 1.0<br>paper 70.0 | '
        '65.2 ± 1.3 (↑ 4.2*)<br>paper 69.0 (↓ 1.0) |',
    ]
    text = '\n'.join(lines)
    assert 'seed 3: diverged: loss is nan' in text
    assert 'seed 4, Num 7, changed: the metric is undefined (NaN)' in text


def test_csv_has_a_line_for_each_cell(table, found):
    lines = to_csv(table, {'digits': found}).splitlines()
    assert len(lines) == 6
    name = str(table.panels[0].recipes[0])
    assert lines[1] == (
        f'digits,mAUC,plain,"{name}",auc/mean,61,1,3,60.0,,,,,,,,'
        '0:60.0000 1:62.0000 2:61.0000,'
    )
    last = lines[5].split(',')
    assert last[-1] == '3 4'
    assert 'Num 7, plain' in lines[5]


def test_fewer_seeds_than_asked_for_are_marked(table):
    key = table.panels[0].recipes[0].key
    found = summarise(table.panels[0], {key: {0: result(0, 1.0, 2.0, 3.0)}})
    text = to_markdown(table, {'digits': found}, 2)
    assert '| mAUC | 1.0 [n = 1]<br>paper 60.0 | n/a<br>paper 62.5' in text


def test_the_figure_is_drawn_also_without_results(table, found, tmp_path):
    draw_table(table, {'digits': found}, tmp_path / 'full.png')
    empty = summarise(table.panels[0], {})
    draw_table(table, {'digits': empty}, tmp_path / 'empty.png')
    full, bare = (tmp_path / f'{n}.png' for n in ('full', 'empty'))
    assert full.read_bytes() != bare.read_bytes()
    assert full.with_suffix('.pdf').is_file()


def test_numbers_of_images_are_drawn_as_curves(tmp_path, monkeypatch):
    shown = []
    monkeypatch.setattr(
        'reproduction.figure.save_figure',
        lambda figure, _: shown.append(figure),
    )
    recipes = {name: Recipe(f'{name}.py') for name in ('plain', 'changed')}
    sizes = (30, 300)
    table = Table(
        'toy',
        'Toy',
        (
            compare_sizes('a', 'A', 'auc/mean', recipes, sizes),
            compare_sizes(
                'b', 'B', 'auc/1', dict(reversed(recipes.items())), sizes
            ),
        ),
    )
    results = {
        recipe.key: {0: result(0, recipe.num_samples / 10, 7.0)}
        for recipe in table.panels[0].recipes
    }
    found = {p.name: summarise(p, results) for p in table.panels}
    draw_table(table, found, tmp_path / 'curves.png')
    first, second = shown[0].axes
    assert [text.get_text() for text in first.get_xticklabels()] == [
        '30',
        '300',
    ]
    for axes, names, means in (
        (first, ['plain', 'changed'], [3.0, 30.0]),
        (second, ['changed', 'plain'], [7.0, 7.0]),
    ):
        curves, labels = axes.get_legend_handles_labels()
        assert labels == names
        for curve in curves:
            assert curve.lines[0].get_ydata().tolist() == means
    colors = [
        {
            label: curve.lines[0].get_color()
            for curve, label in zip(
                *axes.get_legend_handles_labels(), strict=True
            )
        }
        for axes in (first, second)
    ]
    assert colors[0] == colors[1]
    assert len(set(colors[0].values())) == 2


def test_classes_are_corrected_for_their_number_and_the_mean_is_not():
    recipes = {'a': Recipe('a.py'), 'b': Recipe('b.py')}
    metrics = {'mean': 'auc/mean', '1': 'auc/1', '7': 'auc/7'}
    panel = compare_columns('x', 'X', metrics, recipes, against=0)
    rng = np.random.default_rng(0)
    results = {
        recipe.key: {s: result(s, *rng.normal(60, 1, 3)) for s in range(4)}
        for recipe in recipes.values()
    }
    found = summarise(panel, results)
    tests = [found[row, 1].independent for row in range(3)]
    assert math.isnan(tests[0].p_holm)
    low, high = sorted(test.p for test in tests[1:])
    expected = [min(1, 2 * low), max(min(1, 2 * low), high)]
    assert sorted(t.p_holm for t in tests[1:]) == pytest.approx(expected)


def test_a_metric_that_the_test_does_not_give_is_an_error():
    with pytest.raises(ValueError, match='gives no auc/9: found auc/1'):
        value_of(worst_of('auc/', ['1', '9']), {'auc/1': 90.0})
    metrics = {'auc/1': 90.0, 'auc/9': 80.0}
    assert value_of(worst_of('auc/', ['1', '9']), metrics) == 80


def test_a_size_in_each_column_is_a_training_of_its_own():
    recipes = {'bce': Recipe('a.py'), 'full': Recipe('b.py')}
    panel = compare_sizes('m', 'M', 'auc/mean', recipes, (30, 100), 0)
    assert panel.columns == ('n = 30', 'n = 100')
    assert [str(recipe) for recipe in panel.recipes] == [
        'a num_samples=30',
        'a num_samples=100',
        'b num_samples=30',
        'b num_samples=100',
    ]
    assert panel.cells[1, 1].against == (0, 1)


def test_a_result_is_read_as_it_was_written(tmp_path):
    written = result(2, 60.5)
    written.metrics['auc/7'] = math.nan
    write_result(tmp_path, written)
    read = read_result(tmp_path)
    assert math.isnan(read.metrics.pop('auc/7'))
    del written.metrics['auc/7']
    assert read == written
    (tmp_path / 'result.json').write_text('{"seed": 1')
    with pytest.raises(ValueError, match='remove it to run again'):
        read_result(tmp_path)


def test_remaining_time_is_that_of_the_same_training():
    fast, slow = (
        Run(Recipe(f'{name}.py'), 0, '', '') for name in ('fast', 'slow')
    )
    clock = Clock()
    assert clock.remaining([(fast, 0.0)], 1) is None
    clock.add(fast, Result('', 0, {}, 10.0))
    clock.add(slow, Result('', 0, {}, 100.0))
    clock.add(slow, Result('', 0, {}, 1.0, diverged='nan'))
    assert clock.remaining([(fast, 0.0), (slow, 0.5)], 2) == 30
    other = Run(Recipe('other.py'), 0, '', '')
    assert clock.expect(other) == 55


def test_a_guess_stands_until_a_run_has_finished_and_is_then_scaled():
    fast, slow = (
        Run(Recipe(f'{name}.py'), 0, '', '') for name in ('fast', 'slow')
    )
    runs = [(fast, 0.0), (slow, 0.0)]
    clock = Clock({fast.recipe.key: 100.0, slow.recipe.key: 500.0})
    assert clock.tell(runs, 1) == (
        '10.0 min (estimate for two CPU cores: no run has finished)'
    )
    assert clock.tell([], 1) == '0 s'
    clock.add(fast, Result('', 0, {}, 10.0))
    assert clock.remaining(runs, 1) == 60
    assert clock.tell(runs, 1) == '60 s'


@pytest.mark.parametrize(
    ('config', 'seconds'),
    [
        ('table12/linear_small-cnn_500i_mnist-overlap', 500 * 16 / 320),
        ('table12/da-recipe_small-cnn_500i_mnist-overlap', 2 * 500 * 16 / 320),
        ('baselines/dodnet_small-cnn_3500i_mnist-overlap', 7 * 500 * 16 / 320),
        (
            'baselines/one-per-task_small-cnn_500i_mnist-overlap',
            7 * 500 * 16 / 320,
        ),
        ('table01/linear_densenet121_64e_dermamnist-7way', 64 * 7007 / 132),
        (
            'table02/da-bce_densenet121_64e_cifar10-disjoint-d0',
            64 * 25000 / 132,
        ),
        (
            'table03_04/da-recipe_densenet121_64e_chest7-overlap',
            2 * 64 * 2 * 7531 / 3.3,
        ),
        (
            'table05/da-bce_densenet121_64e_chest20-nodule18',
            64 * (75708 + 166739) / 3.3,
        ),
        ('cityscapes_bus_5way', None),
    ],
)
def test_the_guess_counts_images_views_and_networks(
    config, seconds, quick_configs
):
    cfg = load_recipe(Recipe(f'da/{config}.py'))
    assert guess_seconds(cfg) == pytest.approx(seconds)


@pytest.mark.slow
def test_each_value_of_a_table_is_in_the_test_of_its_config(quick_configs):
    # Else it would show after the training, which may take days.
    configs = {}
    for table in TABLES.values():
        for panel in table.panels:
            for cell in panel.cells.values():
                if cell.recipe is not None:
                    name = str(cell.recipe)
                    if name not in configs:
                        configs[name] = load_recipe(cell.recipe)
                    for key in cell.metric.keys:
                        assert is_tested(key, configs[name]), (name, key)


def is_tested(key, cfg):
    kind, *scope, name = key.split('/')
    evaluators = cfg.test_evaluator
    if not isinstance(evaluators, list):
        evaluators = [evaluators]
    of_type = {e['type']: e for e in evaluators}
    if kind == 'novel':
        return name == 'max' and 'NovelClassAUC' in of_type
    if kind == 'iou':
        return of_type['PartialLabelIoU'].class_of_interest == name
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


@pytest.mark.parametrize('table', TABLES.values(), ids=list(TABLES))
def test_each_table_compares_cells_of_one_metric(table: Table):
    for panel in table.panels:
        for place, cell in panel.cells.items():
            assert (
                max(place[0] - len(panel.rows), place[1] - len(panel.columns))
                < 0
            )
            if cell.against is None:
                continue
            base = panel.cells[cell.against]
            assert base.metric == cell.metric and base.against is None
            assert cell.paper is None or 40 < cell.paper < 100


def test_means_of_the_paper_are_those_of_its_classes():
    # A slip of the pen in a value would show.
    for name, rows in (('table03', 6), ('table04', 6), ('table12', 8)):
        panel = TABLES[name].panels[0]
        for column in range(len(panel.columns) - 1):  # the recipe is ours
            values = [
                panel.cells[row, column].paper
                for row in range(1, rows)
                if (row, column) in panel.cells
            ]
            mean = panel.cells[0, column].paper
            assert np.mean(values) == pytest.approx(mean, abs=0.11), column
    panel = TABLES['table09'].panels[0]
    for row in range(len(panel.rows) - 1):
        *values, mean = (panel.cells[row, c].paper for c in range(15))
        assert np.mean(values) == pytest.approx(mean, abs=0.11), row
