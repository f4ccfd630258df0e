"""The files of a table against what they must hold."""

import csv

from reproduction.report import to_csv, to_markdown
from reproduction.summary import summarise
from reproduction.table import read_table
from small_table import make_result, write_table


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
    tests = [line for line in lines if line.startswith('| Num 7, changed |')]
    assert [line.split(' | ')[1:3] for line in tests] == [
        ['Num 7, plain', '+4.17']
    ]
    assert tests[0].endswith(' | -1.0 |')
    text = '\n'.join(lines)
    # A training that diverged is named once for all of its cells.
    assert text.count('seed 3: diverged: loss is nan') == 1
    assert 'seed 4, Num 7, changed: the metric is undefined (NaN)' in text


def test_a_table_without_values_of_the_paper_does_not_name_them(tmp_path):
    path = write_table(tmp_path)
    lines = path.read_text().splitlines(keepends=True)
    path.write_text(''.join(x for x in lines if 'paper: [' not in x))
    table = read_table(path)
    values = {0: (60.0, 50.0, 70.0), 1: (62.0, 51.0, 69.0)}
    results = {
        recipe.key: {seed: make_result(seed, *v) for seed, v in values.items()}
        for recipe in table.panels[0].recipes
    }
    found = summarise(table.panels[0], results)
    text = to_markdown(table, {'digits': found}, 2)
    head = next(x for x in text.splitlines() if x.startswith('| cell |'))
    assert head.endswith('| paired p (Holm) |')
    assert text.count('paper') == 1  # the t-test


def test_csv_has_a_line_for_each_cell(table, found):
    lines = to_csv(table, {'digits': found}).splitlines()
    assert lines[0] == (
        'part,row,column,training,metric,mean,sd,seeds,paper,against,gain,'
        'paper_gain,p,p_holm,p_paired,p_paired_holm,values,left_out'
    )
    name = str(table.panels[0].recipes[0])
    assert lines[1] == (
        f'digits,mAUC,plain,"{name}",auc/mean,61,1,3,60.0,,,,,,,,'
        '0:60.0000 1:62.0000 2:61.0000,'
    )
    *_, last = rows = list(csv.DictReader(lines))
    assert len(rows) == 5
    assert (last['against'], last['left_out']) == ('Num 7, plain', '3 4')
    assert last['p'] == f'{found[2, 1].independent.p:.6g}'
    assert last['p_paired'] == f'{found[2, 1].paired.p:.6g}'


def test_fewer_seeds_than_asked_for_are_marked(table):
    key = table.panels[0].recipes[0].key
    results = {key: {0: make_result(0, 1.0, 2.0, 3.0)}}
    found = summarise(table.panels[0], results)
    text = to_markdown(table, {'digits': found}, 2)
    assert '| mAUC | 1.0 [n = 1]<br>paper 60.0 | n/a<br>paper 62.5' in text
