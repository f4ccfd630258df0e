"""Columns of a table that say to which group an image belongs."""

import csv

import numpy as np
import pytest
from mmpretrain.datasets import PackInputs

from mmda.datasets import (
    ChestXray14,
    CSVLabelDataset,
    Digits,
    PartialLabelDataset,
)

AGE = dict(column='Age', bands=[0, 40, 60, 120])
TABLE = 'path,Sex,Age,Mass\na.png,F,39,1\nb.png, M ,40,0\nc.png,,,1\n'


def read(tmp_path, text=TABLE, groups=None, **options):
    (tmp_path / 'a.csv').write_text(text)
    groups = groups or dict(sex='Sex', age=AGE)
    return CSVLabelDataset(
        'a.csv', str(tmp_path), check_first=False, groups=groups, **options
    )


def test_an_image_is_in_the_groups_of_its_row(tmp_path):
    dataset = read(tmp_path)
    assert dataset.metainfo['classes'] == ('Mass',)
    found = [dataset.get_data_info(i)['groups'] for i in range(3)]
    assert found == [
        {'sex': 'F', 'age': '[0, 40)'},
        {'sex': 'M', 'age': '[40, 60)'},
        {},
    ]


def test_groups_reach_the_packed_sample_through_the_wrapper(tmp_path):
    def give_image(info):
        return dict(info, img=np.zeros((2, 2, 3), np.uint8))

    wrapped = PartialLabelDataset(
        read(tmp_path), ['Mass'], pipeline=[give_image, PackInputs()]
    )
    assert wrapped[1]['data_samples'].groups['sex'] == 'M'


def test_bands_of_long_numbers_such_as_dates_stay_apart(tmp_path):
    text = TABLE.replace(',39,', ',20200101,').replace(',40,', ',20200115,')
    bands = [20200101, 20200115, 20200201]
    groups = dict(day=dict(column='Age', bands=bands), sex='Sex')
    dataset = read(tmp_path, text, groups)
    found = [dataset.get_data_info(i)['groups']['day'] for i in range(2)]
    assert found == ['[20200101, 20200115)', '[20200115, 20200201)']


def test_a_number_outside_of_the_bands_is_in_no_group(tmp_path, mm_log):
    text = TABLE.replace(',39,', ',414,')
    dataset = read(tmp_path, text)
    assert dataset.get_data_info(0)['groups'] == {'sex': 'F'}
    assert "line 2, column 'Age': found 414" in mm_log.text
    assert 'in no group: 1 of 3' in mm_log.text


@pytest.mark.parametrize(
    ('groups', 'message'),
    [
        (dict(sex='Gender'), "no column 'Gender'"),
        ('Sex', "found 'Sex', expected a dict"),
        (dict(age=dict(column='Age', bands=40)), 'found bands=40, expected'),
        (dict(age=dict(AGE, bands=[0, 60, 40])), 'bands=.* rising order'),
        (dict(age=dict(AGE, bands=[0])), 'two or more numbers'),
        (dict(age=dict(column='Age')), 'expected the name of a column'),
        (dict(gap='Sex'), 'metrics use this name'),
        (dict(age=dict(AGE, column='Sex')), "line 2, column 'Sex': found 'F'"),
    ],
)
def test_bad_groups_are_errors_that_name_them(tmp_path, groups, message):
    with pytest.raises(ValueError, match=message):
        read(tmp_path, groups=groups, classes=['Mass'])


def test_a_column_of_numbers_without_bands_is_an_error(tmp_path):
    rows = ''.join(f'{i}.png,F,{i},1\n' for i in range(100, 130))
    with pytest.raises(ValueError, match='33 values.*give bands'):
        read(tmp_path, TABLE + rows, dict(age='Age'), classes=['Mass'])


def test_a_class_cannot_be_a_group(tmp_path):
    with pytest.raises(ValueError, match="'Mass' is a class and"):
        read(tmp_path, groups=dict(mass='Mass'), classes=['Mass'])


def test_a_dataset_without_a_table_refuses_groups():
    with pytest.raises(ValueError, match='groups of Digits: .*reads no table'):
        Digits(groups=dict(sex='Sex'))


def test_chestxray14_reads_any_column_of_its_table(tmp_path):
    (tmp_path / 'Data_Entry_2017_v2020.csv').write_text(
        'Image Index,Finding Labels,Patient ID,Patient Age,Patient Gender\n'
        '1.png,Mass,7,57,F\n'
    )
    dataset = ChestXray14(
        str(tmp_path),
        'all',
        check_first=False,
        groups=dict(
            sex='Patient Gender',
            age=dict(column='Patient Age', bands=[0, 60, 120]),
        ),
    )
    found = dataset.get_data_info(0)
    assert found['groups'] == {'sex': 'F', 'age': '[0, 60)'}
    assert found['patient_id'] == 7


def test_real_chest_xrays_have_the_groups_of_their_table(shared_data):
    root = shared_data / 'nih64'
    with open(root / 'Data_Entry_2017_v2020.csv', newline='') as file:
        rows = {row['Image Index']: row for row in csv.DictReader(file)}
    dataset = ChestXray14(
        str(root),
        'all',
        groups=dict(
            sex='Patient Gender',
            age=dict(column='Patient Age', bands=[0, 40, 60, 120]),
            view='View Position',
        ),
    )
    assert len(dataset) == len(rows) == 1000
    for index in range(1000):
        info = dataset.get_data_info(index)
        row = rows[info['img_path'].rpartition('/')[2]]
        age = int(row['Patient Age'])
        band = '[0, 40)' if age < 40 else '[40, 60)'
        assert info['groups'] == {
            'sex': row['Patient Gender'],
            'age': '[60, 120)' if age >= 60 else band,
            'view': row['View Position'],
        }
