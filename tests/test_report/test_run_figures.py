"""What the figures of a run draw, read from the axes."""

import numpy as np
import pytest
from test_metrics_table import METRICS

from mmda.report.run_figures import class_figure, group_figure, training_figure


def curves_of(axes):
    return {line.get_label(): line for line in axes.get_lines()}


@pytest.fixture
def figure():
    return training_figure(
        {
            'train/loss': [9.0, 9.0, 9.0],
            'train/loss_bce': [0.7, 0.5, 0.4],
            'train/loss_pseudo': [0.001, 0.002, 0.003],
            'train/loss_consist': [0.0, 0.0, 0.0],
            'train/decode.annotated_fraction': [0.5, 0.5, 0.5],
            'val/auc/mean': [80.0, 90.0],
        },
        'auc/mean',
    )


def test_no_curve_of_a_loss_hides_another_one_at_0(figure):
    axes = figure.axes[0]
    assert [*curves_of(axes)] == ['loss bce', 'loss pseudo']
    assert axes.get_title() == 'always 0: loss consist'
    # On a linear axis, the second curve would lie on the first tick.
    assert axes.get_yscale() == 'log'
    styles = {line.get_linestyle() for line in axes.get_lines()}
    assert len(styles) == 2


def test_an_axis_counts_whole_validations_and_has_a_title_in_words(figure):
    axes = figure.axes[2]
    figure.draw_without_rendering()
    assert axes.get_ylabel() == 'mean AUC in %'
    ticks = axes.get_xticks()
    assert np.all(ticks == ticks.round())
    assert axes.get_lines()[0].get_marker() == 'o'


def test_a_run_without_validation_has_no_empty_panel():
    found = training_figure({'train/loss_bce': [1.0]}, 'auc/mean')
    assert len(found.axes) == 1
    assert training_figure({}, 'auc/mean') is None


def test_a_loss_of_one_term_has_a_curve():
    found = training_figure({'train/loss': [3.0, 2.0]}, 'auc/mean')
    assert [*curves_of(found.axes[0])] == ['loss']
    both = {'train/loss': [3.0, 2.0], 'train/loss_bce': [2.0, 1.0]}
    found = training_figure(both, 'auc/mean')
    assert [*curves_of(found.axes[0])] == ['loss bce']


def test_no_mark_of_a_source_is_hidden_and_no_interval_passes_100():
    metrics = dict.fromkeys(['auc/a', 'auc/A/a', 'auc/B/a'], 100.0)
    metrics |= dict.fromkeys(['auc/mean', 'auc/A/mean', 'auc/B/mean'], 100.0)
    metrics |= {'auc/a/delong_low': 99.0, 'auc/a/delong_high': 100.0}
    axes = class_figure(metrics, 'auc').axes[0]
    marks = {k: curves_of(axes)[k] for k in ('all', 'A', 'B')}
    places = [float(mark.get_ydata()[0]) for mark in marks.values()]
    assert places == sorted(places) and min(np.diff(places)) > 0.1
    assert max(map(abs, places)) < 0.5  # inside of the row of the class
    assert len({mark.get_marker() for mark in marks.values()}) == 3
    assert axes.get_xlim()[1] < 101


def test_more_sources_than_colours_are_all_drawn():
    names = [f's{i}' for i in range(9)]
    metrics = {f'auc/{name}/a': 50.0 + i for i, name in enumerate(names)}
    metrics |= {f'auc/{name}/mean': 50.0 for name in names}
    metrics |= {'auc/a': 55.0, 'auc/mean': 55.0}
    assert set(names) < set(curves_of(class_figure(metrics, 'auc').axes[0]))


def test_a_class_has_its_interval_beside_its_value():
    axes = class_figure(METRICS, 'auc').axes[0]
    ends = [line.get_xdata() for line in axes.get_lines()]
    drawn = [tuple(map(float, x)) for x in ends if len(x) == 2]
    assert {(78.0, 86.0), (60.0, 80.0)} <= set(drawn)
    assert axes.get_xlabel() == 'AUC in %'


def test_group_figure_marks_each_group_and_no_group_that_is_too_small():
    metrics = {
        'auc/a': 50.0,
        'auc/sex/F/a': 70.0,
        'auc/sex/F/a/delong_low': 60.0,
        'auc/sex/F/a/delong_high': 80.0,
        'auc/sex/M/a': float('nan'),
        'auc/view/AP/a': 90.0,
    }
    axes = group_figure(metrics, 'auc', 'sex').axes[0]
    drawn = {
        line.get_label(): line.get_xdata()[0]
        for line in axes.lines
        if line.get_label() in 'FM'
    }
    assert drawn['F'] == 70.0
    assert np.isnan(drawn['M'])
    assert [60.0, 80.0] in [list(line.get_xdata()) for line in axes.lines]
