"""The closed part of a gap, and the file that holds it."""

import csv
import math

import numpy as np
import pytest
from reproduction.gap import closed_gaps, closed_part, gaps_to_csv
from reproduction.report import to_markdown
from reproduction.summary import summarise
from reproduction.table import read_table
from scipy.stats import ttest_rel
from small_table import make_result

TABLE = """
title: Toy
panels:
  toy:
    title: Toy
    COLUMNS
    metrics: {mAUC: auc/mean, Num 1: auc/1}
    gaps: {one view: [ours, partial, full]}
    trainings: {partial: a.py, ours: b.py, full: c.py}
"""
VALUES = {
    'a': [80.0, 84.0, 82.0, 81.0],
    'b': [83.0, 86.0, 84.5, 84.0],
    'c': [85.0, 86.5, 87.0, 85.5],
}


def read(folder, columns='columns: metrics', **changes):
    text = TABLE.replace('COLUMNS', columns)
    for old, new in changes.items():
        text = text.replace(old, new)
    (folder / 'toy.yml').write_text(text)
    return read_table(folder / 'toy.yml')


def results(table, seeds=None):
    return {
        recipe.key: {
            seed: make_result(seed, value, value)
            for seed, value in enumerate(VALUES[str(recipe)[0]])
            if seeds is None or seed in seeds.get(str(recipe), seeds['all'])
        }
        for recipe in table.panels[0].recipes
    }


@pytest.mark.parametrize('columns', ['metrics', 'trainings'])
def test_a_gap_is_that_of_the_means_and_its_interval_that_of_paired_tests(
    columns, tmp_path
):
    table = read(tmp_path, f'columns: {columns}')
    (panel,) = table.panels
    cells = summarise(panel, results(table))
    (gap,) = closed_gaps(panel, cells)
    partial, ours, full = (np.array(v) for v in VALUES.values())
    assert gap.gap == pytest.approx((full - partial).mean())
    assert gap.closed == pytest.approx(
        100 * (ours - partial).sum() / (full - partial).sum()
    )
    assert gap.p == pytest.approx(ttest_rel(ours, partial).pvalue)
    assert gap.low < gap.closed < gap.high
    for part in (gap.low, gap.high):
        between = partial + part / 100 * (full - partial)
        assert ttest_rel(ours, between).pvalue == pytest.approx(0.05)
    text = to_markdown(table, {'toy': cells}, 4)
    assert f'| one view, mAUC | {gap.closed:.0f} % | [' in text
    (line,) = csv.DictReader(gaps_to_csv([gap]).splitlines())
    assert float(line['closed']) == gap.closed and line['part'] == 'toy'


def test_a_gap_counts_the_seeds_that_all_three_trainings_have(tmp_path):
    table = read(tmp_path)
    (panel,) = table.panels
    found = results(table, {'all': range(4), 'b': [1], 'c': [0, 1]})
    (gap,) = closed_gaps(panel, summarise(panel, found))
    assert (gap.seeds, gap.closed) == (1, 80.0)
    assert math.isnan(gap.low) and math.isnan(gap.p)
    found = results(table, {'all': range(4), 'b': []})
    assert closed_gaps(panel, summarise(panel, found)) == []


def test_a_dash_of_the_paper_has_no_gap(tmp_path):
    dash = 'partial: {config: a.py, paper: [~, 50]}'
    table = read(tmp_path, **{'partial: a.py': dash})
    (panel,) = table.panels
    assert closed_gaps(panel, summarise(panel, results(table))) == []


def test_where_the_gap_is_not_significant_no_part_of_it_is_told():
    # Two positive gaps are no evidence: the paired p is 0.3.
    for upper in ([0.9, 1.3], [1.1, 1.3], [0.9, 0.9]):
        assert np.isnan(closed_part([2.0, 2.0], [1.0, 1.0], upper)).all()
    assert np.isnan(closed_part([2.0], [1.0], [1.0])).all()
    assert closed_part([2.0, 2.0], [1.0, 1.0], [1.21, 1.22])[0] > 100
    assert closed_part([0.0, 0.1], [1.0, 1.0], [2.0, 2.0])[2] < 0


def test_a_gap_of_an_unknown_training_is_an_error(tmp_path):
    with pytest.raises(ValueError, match=r'gaps: one view: found .*other'):
        read(tmp_path, **{'[ours,': '[other,'})
