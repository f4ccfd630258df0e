"""What the figures of a table draw."""

import pytest
from reproduction import figure
from reproduction.summary import summarise
from reproduction.table import read_table
from small_table import make_result

CURVES = """
title: Toy
panels:
  a:
    title: A
    sizes: [30, 300]
    metrics: {mean: auc/mean}
    trainings: {plain: plain.py, changed: changed.py}
  b:
    title: B
    sizes: [30, 300]
    metrics: {one: auc/1}
    trainings: {changed: changed.py, plain: plain.py}
"""


def lines_of(axes):
    """The values that each entry of the legend stands for."""
    handles, labels = axes.get_legend_handles_labels()
    return {
        label: getattr(handle, 'lines', [handle])[0]
        for handle, label in zip(handles, labels, strict=True)
    }


@pytest.fixture
def shown(monkeypatch):
    figures = []
    monkeypatch.setattr(
        figure, 'save_figure', lambda drawn, _: figures.append(drawn)
    )
    return figures


def test_our_means_and_the_papers_values_are_drawn(table, found, shown):
    figure.draw_table(table, {'digits': found}, None)
    mean, one, _ = shown[0].axes
    drawn = lines_of(mean)
    assert drawn['paper'].get_ydata().tolist() == [60.0, 62.5]
    ours = drawn['ours, mean ± sd'].get_ydata()
    assert ours.tolist() == [found[0, 0].mean, found[0, 1].mean]
    # The paper has one value of the class, and so have we.
    assert lines_of(one)['paper'].get_ydata().tolist() == [50.0]


def test_a_figure_without_results_is_written(table, tmp_path):
    empty = summarise(table.panels[0], {})
    figure.draw_table(table, {'digits': empty}, tmp_path / 'empty.png')
    assert (tmp_path / 'empty.png').stat().st_size > 5000
    assert (tmp_path / 'empty.pdf').is_file()


def test_numbers_of_images_are_drawn_as_curves(tmp_path, shown):
    (tmp_path / 'toy.yml').write_text(CURVES)
    table = read_table(tmp_path / 'toy.yml')
    results = {
        recipe.key: {0: make_result(0, recipe.num_samples / 10, 7.0)}
        for recipe in table.panels[0].recipes
    }
    found = {p.name: summarise(p, results) for p in table.panels}
    figure.draw_table(table, found, None)
    first, second = shown[0].axes
    ticks = [text.get_text() for text in first.get_xticklabels()]
    assert ticks == ['30', '300']
    curves = lines_of(first), lines_of(second)
    for drawn, means in zip(curves, ([3.0, 30.0], [7.0, 7.0]), strict=True):
        for curve in drawn.values():
            assert curve.get_ydata().tolist() == means
    assert [*curves[0]] == ['plain', 'changed']
    assert [*curves[1]] == ['changed', 'plain']
    colors = [{k: c.get_color() for k, c in d.items()} for d in curves]
    assert colors[0] == colors[1]
    assert len(set(colors[0].values())) == 2


def test_each_of_many_curves_has_a_style_of_its_own(tmp_path, shown):
    names = [f'training {number}' for number in range(10)]
    trainings = ', '.join(f'{name}: {name[-1]}.py' for name in names)
    path = tmp_path / 'toy.yml'
    path.write_text(
        'title: Toy\n'
        'panels:\n'
        '  a:\n'
        '    title: A\n'
        '    sizes: [30, 300]\n'
        '    metrics: {mean: auc/mean}\n'
        f'    trainings: {{{trainings}}}\n'
    )
    table = read_table(path)
    cells = {'a': summarise(table.panels[0], {})}
    figure.draw_table(table, cells, None)
    curves = lines_of(shown[0].axes[0]).values()
    styles = {(curve.get_color(), curve.get_linestyle()) for curve in curves}
    assert len(styles) == 10


def test_a_dash_of_the_paper_is_a_hole_in_a_curve(tmp_path, shown):
    dash = 'plain: {config: plain.py, paper: [~, 80]}'
    (tmp_path / 'curves.yml').write_text(
        CURVES.replace('plain: plain.py', dash)
    )
    table = read_table(tmp_path / 'curves.yml')
    found = {panel.name: summarise(panel, {}) for panel in table.panels}
    figure.draw_table(table, found, None)
    assert len(lines_of(shown[0].axes[0])['plain'].get_ydata()) == 2


def test_no_spread_passes_100_percent(tmp_path, shown):
    (tmp_path / 'toy.yml').write_text(CURVES)
    table = read_table(tmp_path / 'toy.yml')
    results = {
        recipe.key: {
            seed: make_result(seed, mean, 50.0)
            for seed, mean in enumerate((96.0, 100.0))
        }
        for recipe in table.panels[0].recipes
    }
    found = {p.name: summarise(p, results) for p in table.panels}
    figure.draw_table(table, found, None)
    for container in shown[0].axes[0].containers:
        ends = [
            end
            for bar in container.lines[2]
            for path in bar.get_paths()
            for _, end in path.vertices
        ]
        assert max(ends) <= 100 and min(ends) < 96
