import numpy as np
import pytest
from mmengine.registry import DATASETS

from mmda.datasets import CSVLabelDataset
from mmda.datasets.tables import csv_table

COLUMNS = """path,Mass,Edema,Nodule
a.png,1,0,
b/c.png,,1,1
d.png,0,0,0
"""
LISTS = """id,who,findings,age
a,p1,Mass|Edema,50
b,p1,No Finding,50
c,p2,,61
d,,Nodule,38
"""
NAN = np.nan


@pytest.fixture
def write(tmp_path):
    def write_csv(text, name='labels.csv', encoding='utf-8'):
        (tmp_path / name).write_text(text, encoding=encoding)
        return dict(ann_file=name, data_root=str(tmp_path), check_first=False)

    return write_csv


def test_one_column_per_class_is_read_by_a_config_of_a_few_lines(write):
    dataset = DATASETS.build(
        dict(type='CSVLabelDataset', data_prefix='images', **write(COLUMNS))
    )
    assert dataset.metainfo['classes'] == ('Mass', 'Edema', 'Nodule')
    np.testing.assert_array_equal(
        dataset.get_gt_labels(), [[1, 0, NAN], [NAN, 1, 1], [0, 0, 0]]
    )
    info = dataset.get_data_info(1)
    assert info['gt_score'].dtype == np.float32
    assert info['img_path'] == f'{dataset.data_root}/images/b/c.png'
    assert info['patient_id'] is None
    assert dataset.get_cat_ids(1) == [1, 2]


def test_one_column_of_lists_annotates_every_class(write):
    dataset = CSVLabelDataset(
        image_column='id',
        image_suffix='.jpg',
        label_column='findings',
        patient_column='who',
        **write(LISTS),
    )
    # In the order of the alphabet, whatever the order in the file.
    assert dataset.metainfo['classes'] == ('Edema', 'Mass', 'Nodule')
    assert dataset.get_gt_labels().tolist() == [
        [1, 1, 0],
        [0, 0, 0],
        [0, 0, 0],
        [0, 0, 1],
    ]
    infos = [dataset.get_data_info(i) for i in range(4)]
    assert [info['patient_id'] for info in infos] == ['p1', 'p1', 'p2', None]
    assert infos[3]['img_path'] == f'{dataset.data_root}/d.jpg'


def test_an_empty_list_is_unannotated_where_it_is_no_negative_name(write):
    dataset = CSVLabelDataset(
        image_column='id',
        label_column='findings',
        negative_names=['No Finding'],
        **write(LISTS),
    )
    assert dataset.metainfo['classes'] == ('Edema', 'Mass', 'Nodule')
    labels = dataset.get_gt_labels()
    assert labels[1].tolist() == [0, 0, 0]
    assert np.isnan(labels[2]).all()
    assert not np.isnan(labels[3]).any()


def test_given_classes_choose_columns_and_their_order(write):
    dataset = CSVLabelDataset(classes=['Nodule', 'Mass'], **write(COLUMNS))
    np.testing.assert_array_equal(
        dataset.get_gt_labels(), [[NAN, 1], [1, NAN], [0, 0]]
    )


def test_given_classes_fix_the_order_of_lists(write):
    dataset = CSVLabelDataset(
        image_column='id',
        label_column='findings',
        classes=['Nodule', 'Edema', 'Mass', 'Hernia'],
        **write(LISTS),
    )
    assert dataset.get_gt_labels()[0].tolist() == [0, 1, 1, 0]


def test_another_separator_and_spaces_around_names(write):
    text = 'path,tags\na.png,Mass; Edema \nb.png,Edema\n'
    dataset = CSVLabelDataset(
        label_column='tags', separator=';', **write(text)
    )
    assert dataset.metainfo['classes'] == ('Edema', 'Mass')
    assert dataset.get_gt_labels().tolist() == [[1, 1], [1, 0]]


def test_a_trailing_separator_makes_no_class(write):
    source = write('path,tags\na.png,Mass|\n')
    dataset = CSVLabelDataset(label_column='tags', **source)
    assert dataset.metainfo['classes'] == ('Mass',)
    with pytest.raises(ValueError, match="line 2, .* unknown class ''"):
        CSVLabelDataset(label_column='tags', negative_names=[], **source)


def test_an_unknown_name_in_a_list_is_answered_with_the_nearest(write):
    with pytest.raises(
        ValueError,
        match=r"labels\.csv, line 5, column 'findings': unknown class "
        "'Nodule'; nearest: 'Nodules'",
    ):
        CSVLabelDataset(
            image_column='id',
            label_column='findings',
            classes=['Nodules', 'Mass', 'Edema'],
            **write(LISTS),
        )


@pytest.mark.parametrize(
    'cell, found', [('2', '2'), ('-1', '-1'), ('0.5', '0.5'), ('yes', "'yes'")]
)
def test_a_label_outside_the_known_ones_is_an_error(write, cell, found):
    text = COLUMNS.replace('d.png,0,0,0', f'd.png,0,{cell},0')
    with pytest.raises(
        ValueError,
        match=f"line 4, column 'Edema': found {found}.*, expected 1, 0 or an "
        'empty cell',
    ):
        CSVLabelDataset(**write(text))


def test_the_line_is_right_beyond_the_first_chunk(write, monkeypatch):
    monkeypatch.setattr(csv_table, 'CHUNK_ROWS', 2)
    rows = [f'{i}{"x" * i}.png,{i % 2}' for i in range(7)]
    text = '\n'.join(['path,Mass', *rows]) + '\n'
    dataset = CSVLabelDataset(**write(text))
    assert [dataset.where(i)[-6:] for i in (0, 6)] == ['line 2', 'line 8']
    # Paths get longer from chunk to chunk: the column is widened.
    paths = [dataset.get_data_info(i)['img_path'] for i in range(7)]
    assert [p.rsplit('/', 1)[1] for p in paths] == [
        f'{i}{"x" * i}.png' for i in range(7)
    ]
    assert dataset.get_gt_labels()[:, 0].tolist() == [0, 1, 0, 1, 0, 1, 0]
    with pytest.raises(ValueError, match="line 7, column 'Mass': found 'x'"):
        CSVLabelDataset(**write(text.replace('xxxxx.png,1', 'xxxxx.png,x')))


def test_blank_lines_are_skipped_and_do_not_shift_line_numbers(write):
    text = COLUMNS.replace('d.png', '\nd.png') + '\n\n'
    dataset = CSVLabelDataset(**write(text))
    assert dataset.data_list.row.tolist() == [2, 3, 5]


def test_a_row_without_image_is_an_error(write):
    with pytest.raises(
        ValueError, match="line 3, column 'path': found an empty cell"
    ):
        CSVLabelDataset(**write(COLUMNS.replace('b/c.png', '')))


def test_what_spreadsheets_write_is_read(write):
    text = COLUMNS.replace('1,0,', '1.0,0.0,nan').replace('\n', '\r\n')
    dataset = CSVLabelDataset(**write(text, encoding='utf-8-sig'))
    assert len(dataset) == 3
    np.testing.assert_array_equal(dataset.get_gt_labels()[0], [1, 0, NAN])


def test_names_that_pandas_takes_for_missing_are_kept(write):
    text = 'path,tags\nNA,None\nnull,NA|None\n'
    dataset = CSVLabelDataset(label_column='tags', **write(text))
    assert dataset.metainfo['classes'] == ('NA', 'None')
    assert dataset.get_data_info(0)['img_path'].endswith('/NA')
    assert dataset.get_gt_labels().tolist() == [[0, 1], [1, 1]]


def test_an_absolute_path_is_left_alone(write):
    dataset = CSVLabelDataset(**write('path,Mass\n/data/a.png,1\n'))
    assert dataset.get_data_info(0)['img_path'] == '/data/a.png'


@pytest.mark.parametrize(
    'arguments, message',
    [
        (dict(image_column='file'), "no column 'file'; known: "),
        (dict(classes=['Mas']), "no column 'Mas'; nearest: 'Mass'"),
        (dict(patient_column='Patient'), "no column 'Patient'"),
        (dict(label_column='labels'), "no column 'labels'"),
    ],
)
def test_a_missing_column_is_named(write, arguments, message):
    with pytest.raises(ValueError, match=f'labels.csv, line 1: {message}'):
        CSVLabelDataset(**arguments, **write(COLUMNS))


@pytest.mark.parametrize(
    'text, message',
    [
        ('', r'labels\.csv is empty'),
        ('path,Mass\n', 'has a header but no rows'),
        (
            'path,Mass\n"a.png,1\n',
            r'labels\.csv, line 2: .*a quote not closed',
        ),
        ('path,Mass\na.png,"1\n', r'labels\.csv: .*EOF inside string'),
        ('path,"Mass\na.png,1\n', r'labels\.csv: .*unexpected end of data'),
    ],
)
def test_a_file_that_is_no_table_is_an_error(write, text, message):
    with pytest.raises(ValueError, match=message):
        CSVLabelDataset(**write(text))


@pytest.mark.parametrize('text', ['p\xe4th,Mass\n', 'path,Mass\n\xe4.png,1\n'])
def test_a_file_in_another_encoding_is_an_error(write, text):
    with pytest.raises(ValueError, match=r'labels\.csv: .*utf-8'):
        CSVLabelDataset(**write(text, encoding='latin-1'))


def test_a_missing_file_says_what_is_expected(tmp_path):
    with pytest.raises(FileNotFoundError) as caught:
        CSVLabelDataset('labels.csv', data_root=str(tmp_path))
    assert f'no file {tmp_path}/labels.csv' in str(caught.value)
    assert 'one line per image' in str(caught.value)
