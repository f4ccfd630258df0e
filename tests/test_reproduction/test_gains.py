"""Gains of added classes against their similarities."""

import json

import numpy as np
import pandas as pd
import pytest
from matplotlib.image import imread
from reproduction.gain_vs_similarity import main as gains
from reproduction.gains import class_distribution, correlate
from scipy.stats import pearsonr

NAN = float('nan')
# Table 5 of the paper: class added to 'Nodule', similarity, AUC in %.
TABLE_5 = """\
class,similarity,auc
Thickening,0.13,69.8
Emphysema,0.14,69.5
Hernia,0.14,70.8
Cardiomegaly,0.15,71.0
Infiltration,0.22,70.9
Pneumothorax,0.26,71.6
Edema,0.28,70.8
Mass,0.29,71.7
Pneumonia,0.39,70.4
Consolidation,0.58,71.1
Fibrosis,0.59,72.8
Atelectasis,0.67,73.9
Effusion,0.70,74.7
"""


def test_the_papers_correlations_come_out(tmp_path):
    (tmp_path / 'gains.csv').write_text(TABLE_5)
    out = ['--out-dir', str(tmp_path / 'out')]
    gains([str(tmp_path / 'gains.csv'), '--baseline', '69.1', *out])
    found = json.loads((tmp_path / 'out/correlation.json').read_text())
    assert round(found['r'], 2) == 0.83
    assert found['p'] == pytest.approx(4.93e-4, abs=0.005e-4)
    table = pd.read_csv(tmp_path / 'out/gain_vs_similarity.csv')
    assert table['gain'].round(1).tolist()[-1] == 5.6
    assert imread(tmp_path / 'out/gain_vs_similarity.png').std() > 0.01
    # Table 13: r = 0.768, p = 7.43e-2, from rounded similarities.
    similarity = np.array([0.02, 0.05, 0.05, 0.17, 0.30, 0.61])
    auc = np.array([86.3, 85.2, 85.5, 86.3, 86.9, 87.0])
    found = correlate(similarity, auc - 85.9)
    assert found.r == pytest.approx(0.768, abs=5e-4)
    assert found.p == pytest.approx(7.43e-2, abs=2e-4)


def test_correlation_leaves_out_what_is_missing():
    generator = np.random.default_rng(0)
    x, y = generator.normal(size=(2, 12))
    x[3], y[7] = NAN, NAN
    rows = [i for i in range(12) if i not in (3, 7)]
    expected = pearsonr(x[rows], y[rows])
    found = correlate(x, y)
    assert found.r == pytest.approx(expected.statistic)
    assert found.p == pytest.approx(expected.pvalue)
    assert found.num == 10


def test_a_correlation_that_is_undefined_says_why():
    few = correlate(np.array([0.1, 0.2, NAN]), np.array([1.0, 2, 3]))
    assert np.isnan(few.r) and '2 classes, expected three' in few.note
    flat = correlate(np.ones(4), np.arange(4.0))
    assert np.isnan(flat.p) and flat.note == 'all values are equal'


def test_gains_are_joined_with_the_matrix_of_class_relations(tmp_path):
    matrix = pd.DataFrame(
        [[1, 0.2, 0.5, 0.7], [0.2, 1, 0, 0], [0.5, 0, 1, 0], [0.7, 0, 0, 1]],
        index=list('NABC'),
        columns=list('NABC'),
    )
    matrix.to_csv(tmp_path / 's.csv', index_label='class')
    (tmp_path / 'g.csv').write_text('class,gain\nA,1\nB,2\nC,4\n')
    options = ['--similarity', str(tmp_path / 's.csv'), '--of', 'N']
    gains([str(tmp_path / 'g.csv'), *options, '--out-dir', str(tmp_path)])
    table = pd.read_csv(tmp_path / 'gain_vs_similarity.csv')
    assert table['similarity'].tolist() == [0.2, 0.5, 0.7]


@pytest.mark.parametrize(
    ('content', 'options', 'message'),
    [
        ('class,auc\nA,1\n', [], 'expected the AUC without any added class'),
        ('name,gain\nA,1\n', [], "no column 'class'"),
        ('class,gain\nA,1\n', [], "no column 'similarity'"),
        ('class,gain,similarity\nA,1,x\n', [], "line 2, column 'similarity'"),
        ('', [], 'is empty'),
        ('class,gain\nA,1\nB,"2\n', [], 'g.csv: '),
    ],
)
def test_bad_tables_are_named(tmp_path, capsys, content, options, message):
    path = tmp_path / 'g.csv'
    path.write_text(content)
    with pytest.raises(SystemExit):
        gains([str(path), *options, '--out-dir', str(tmp_path)])
    assert message in capsys.readouterr().err


def test_class_distribution_joins_positives_and_gains(tmp_path):
    def source(**positives):
        return dict(
            classes={k: dict(positives=v) for k, v in positives.items()}
        )

    sources = dict(A=source(a=5, b=1, c=0), B=source(a=2, b=30, c=0))
    report = dict(
        classes=list('abc'), splits=dict(train=dict(sources=sources))
    )
    rows = [
        dict(name='a', gain=1.5, significant=True),
        dict(name='b', gain=-0.5, significant=False),
        dict(name='c', gain=None, significant=False),
        dict(name='mean', gain=0.5, significant=False),
    ]
    table = class_distribution(report, dict(rows=rows))
    assert table['class'].tolist() == ['b', 'a', 'c']
    assert table['positives'].tolist() == [31, 7, 0]
    assert table['gain'].tolist()[:2] == [-0.5, 1.5]
    assert np.isnan(table['gain'][2])
    for name, content in (('l', report), ('c', dict(rows=rows))):
        (tmp_path / f'{name}.json').write_text(json.dumps(content))
    options = ['--labels', str(tmp_path / 'l.json')]
    options += ['--comparison', str(tmp_path / 'c.json')]
    gains([*options, '--out-dir', str(tmp_path)])
    assert imread(tmp_path / 'class_distribution.png').std() > 0.01
    with pytest.raises(ValueError, match='none in common'):
        class_distribution(report, dict(rows=[rows[3]]))
    other = dict(name='Mass', gain=1.0, significant=False)
    with pytest.raises(ValueError, match=r"report: \['Mass'\]; it has"):
        class_distribution(report, dict(rows=[*rows, other]))
    with pytest.raises(ValueError, match='indices.*--config or --classes'):
        class_distribution(report, dict(rows=rows, named=False))
    fewer = class_distribution(report, dict(rows=rows[1:2]))
    assert fewer['class'].tolist() == ['b', 'a', 'c']
    assert np.isnan(fewer['gain'][1:]).all()
    with pytest.raises(ValueError, match="found no 'rows'"):
        class_distribution(report, {})
