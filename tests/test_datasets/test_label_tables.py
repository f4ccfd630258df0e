"""Label tables of every format, against the same table in CSV."""

import json
import sys

import numpy as np
import pandas as pd
import pytest

from mmda.apis.images import list_images
from mmda.datasets import CSVLabelDataset
from mmda.datasets.tables import csv_table, json_lines, parquet_table
from mmda.report.label_report import label_report
from mmda.report.source_labels import sources_of_datasets

NAN = np.nan
ROWS = [
    dict(path='a.png', Mass=1, Edema=0.25, who=7),
    dict(path='b,c;d.png', Mass=None, Edema=1, who=None),
    dict(path='\u00e4.png', Mass=0, Edema=-1, who=7),
]
SCORE = [[1, 0.25], [NAN, 1], [0, NAN]]


def write_table(folder, suffix, rows=ROWS, delimiter=','):
    path = folder / f'labels{suffix}'
    frame = pd.DataFrame(rows)
    if suffix == '.parquet':
        if 'who' in frame:
            frame['who'] = frame['who'].astype('Int64')
        frame.to_parquet(path)
    elif suffix == '.jsonl':
        whole = [
            {k: v for k, v in row.items() if v is not None} for row in rows
        ]
        path.write_text('\n'.join(map(json.dumps, whole)) + '\n\n')
    else:
        frame['who'] = frame['who'].astype('Int64')
        frame.to_csv(path, sep=delimiter, index=False)
    return str(path)


def read(path, **options):
    return CSVLabelDataset(path, check_first=False, **options)


@pytest.mark.parametrize(
    ('suffix', 'delimiter'),
    [
        ('.csv', ','),
        ('.csv', ';'),
        ('.tsv', '\t'),
        ('.txt', '|'),
        ('.csv', ' '),
        ('.jsonl', ''),
        ('.parquet', ''),
    ],
)
@pytest.mark.parametrize('chunk', [2, 100])
def test_all_formats_give_the_same_labels(
    tmp_path, monkeypatch, suffix, delimiter, chunk
):
    for module in (csv_table, json_lines, parquet_table):
        monkeypatch.setattr(module, 'CHUNK_ROWS', chunk)
    path = write_table(tmp_path, suffix, delimiter=delimiter)
    options = dict(delimiter=' ') if delimiter == ' ' else {}
    dataset = read(path, uncertain='ignore', patient_column='who', **options)
    assert dataset.metainfo['classes'] == ('Mass', 'Edema')
    np.testing.assert_array_equal(dataset.get_gt_labels(), SCORE)
    infos = [dataset.get_data_info(i) for i in range(3)]
    assert [i['img_path'] for i in infos] == [r['path'] for r in ROWS]
    assert [i['patient_id'] for i in infos] == ['7', None, '7']
    last = {'.jsonl': 'line 3', '.parquet': 'row 3'}.get(suffix, 'line 4')
    assert dataset.where(2) == f'{path}, {last}'


@pytest.mark.parametrize('suffix', ['.jsonl', '.parquet'])
def test_lists_of_json_and_parquet_are_lists_of_classes(tmp_path, suffix):
    rows = [
        dict(path='a', found=['Mass', 'Edema']),
        dict(path='b', found=[]),
        dict(path='c', found=[None, 'Mass']),
        dict(path='d', found=None),
    ]
    path = write_table(tmp_path, suffix, rows)
    dataset = read(path, label_column='found')
    assert dataset.metainfo['classes'] == ('Edema', 'Mass')
    found = dataset.get_gt_labels().tolist()
    assert found == [[1, 1], [0, 0], [0, 1], [0, 0]]
    path = write_table(tmp_path, suffix, [dict(path='a', found=['A|B'])] * 2)
    with pytest.raises(ValueError, match=r"'A\|B'.*the separator '\|'"):
        read(path, label_column='found')


@pytest.mark.parametrize(
    ('options', 'expected'),
    [
        (dict(uncertain='zeros'), [1, 0, NAN]),
        (dict(uncertain='ones', blank='negative'), [1, 1, 0]),
        (dict(uncertain='ignore', blank='negative'), [1, NAN, 0]),
        (dict(uncertain={'Mass': 'ones'}), [1, 1, NAN]),
        (
            dict(uncertain={'default': 'ones'}, blank={'Mass': 'negative'}),
            [1, 1, 0],
        ),
    ],
)
def test_the_policies_are_those_of_chexpert(read_csv, options, expected):
    text = 'path,Mass\na,1\nb,-1\nc,\n'
    dataset = read_csv(text, **options)
    np.testing.assert_array_equal(dataset.get_gt_labels()[:, 0], expected)
    report = label_report(sources_of_datasets({'train': dataset}))
    count = report['splits']['train']['sources']['CSVLabelDataset']
    assert count['classes']['Mass']['uncertain'] == 1


def test_smoothed_labels_depend_on_seed_and_class_only(read_csv):
    text = 'path,Mass,Edema\n' + 'a,-1,-1\n' * 5
    options = dict(uncertain='lsr_ones')
    both = read_csv(text, **options).get_gt_labels()
    assert ((both >= 0.55) & (both <= 0.85)).all()
    alone = read_csv(text, classes=['Edema'], **options).get_gt_labels()
    np.testing.assert_array_equal(alone[:, 0], both[:, 1])
    other = read_csv(text, seed=1, **options).get_gt_labels()
    assert len({*both.ravel(), *other.ravel()}) == 20


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ({}, r"line 3, column 'Mass': found -1.*uncertain='ignore', 'zeros'"),
        (dict(uncertain='no'), "uncertain of 'default': found 'no', expected"),
        (dict(uncertain={'Mas': 'ones'}), "nearest: 'Mass'"),
        (dict(blank='zeros'), "blank of 'default': found 'zeros'"),
        (dict(uncertain={}), r"says nothing about \['Mass'\]"),
        (dict(uncertain='ones', label_column='Mass'), 'has no label -1'),
        (dict(blank='ignore', label_column='Mass'), 'no cell of a class'),
    ],
)
def test_a_wrong_policy_is_named(read_csv, options, message):
    with pytest.raises(ValueError, match=message):
        read_csv('path,Mass\na,1\nb,-1\n', **options)


@pytest.mark.parametrize('cell', ['57', 'M'])
def test_an_unexpected_column_suggests_the_classes(read_csv, cell):
    text = f'path;Mass;age;Edema\na;1;{cell};0.5\n'
    message = (
        rf"line 2, column 'age': found .*{cell}.*, expected a number .* "
        r"If 'age' is no class, name the classes: classes=\['Mass', 'Edema'\]"
    )
    with pytest.raises(ValueError, match=message):
        read_csv(text)
    dataset = read_csv(text, classes=['Mass', 'Edema'])
    assert dataset.get_gt_labels().tolist() == [[1, 0.5]]


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('{"path": "a", "Mass": 1}\n{"path"', 'line 2: expected a JSON obj'),
        ('[{"path": "a"}]\n', 'line 1: found list, expected a JSON object'),
        (
            '{"path": "a", "Mass": 1}\n\n{"Mass": 1}\n',
            "line 3, column 'path': found an empty cell",
        ),
        ('{"path": "a", "Mass": "x"}\n', "line 1, column 'Mass': found 'x'"),
        ('{"path": "a", "Mass": [1]}\n', "line 1, column 'Mass': found '.1."),
        (
            '{"path": "a", "Mass": 1' + 400 * '0' + '}',
            "line 1, column 'Mass': found '1000",
        ),
        ('{"path": "a", "Mass": 1, "Mass": 0}', "found 2 columns 'Mass'"),
        ('{"file": "a", "Mass": 1}', "no column 'path'; known"),
        ('\n', 'is empty: expected one JSON object'),
        ('\xe4', 'expected JSON lines in UTF-8'),
    ],
)
def test_a_wrong_line_of_json_is_named(tmp_path, text, message):
    path = tmp_path / 'a.jsonl'
    path.write_bytes(text.encode('latin-1'))
    with pytest.raises(ValueError, match=r'a\.jsonl.*' + message):
        read(str(path))


def test_a_wrong_parquet_file_is_named(tmp_path, monkeypatch):
    path = write_table(tmp_path, '.parquet', [dict(path='a', Mass=5)] * 2)
    with pytest.raises(ValueError, match="et, row 1, column 'Mass': found 5"):
        read(path)
    with pytest.raises(ValueError, match="no column 'file'; known: "):
        read(path, image_column='file')
    (tmp_path / 'b.parquet').write_bytes(b'path,Mass')
    with pytest.raises(ValueError, match='b.parquet: expected a Parquet file'):
        read(str(tmp_path / 'b.parquet'))
    monkeypatch.setitem(sys.modules, 'pyarrow', None)
    with pytest.raises(ImportError, match=r'pip install pyarrow'):
        read(path)


def test_images_to_predict_may_be_listed_in_any_table(tmp_path):
    (tmp_path / 'a.png').write_bytes(b'')
    for suffix in ('.parquet', '.jsonl'):
        path = write_table(tmp_path, suffix, [dict(path='a.png')])
        assert list_images(path) == [str(tmp_path / 'a.png')]
    (tmp_path / 'a.tsv').write_text('path\tage\na.png\t5\n')
    found = list_images(tmp_path / 'a.tsv')
    assert found == [str(tmp_path / 'a.png')]
