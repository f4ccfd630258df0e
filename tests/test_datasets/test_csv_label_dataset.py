import numpy as np
import pytest
from mmengine.registry import DATASETS
from test_partial_label_dataset import names_of

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
def read_lists(read_csv):
    def read(**arguments):
        columns = dict(image_column='id', label_column='findings')
        return read_csv(LISTS, **columns, **arguments)

    return read


def test_one_column_per_class_is_read_by_a_config_of_a_few_lines(
    tmp_path, write_csv
):
    write_csv(COLUMNS)
    config = dict(
        type='CSVLabelDataset',
        ann_file='labels.csv',
        data_root=str(tmp_path),
        data_prefix='images',
        check_first=False,
    )
    dataset = DATASETS.build(config)
    assert dataset.metainfo['classes'] == ('Mass', 'Edema', 'Nodule')
    np.testing.assert_array_equal(
        dataset.get_gt_labels(), [[1, 0, NAN], [NAN, 1, 1], [0, 0, 0]]
    )
    info = dataset.get_data_info(1)
    assert info['gt_score'].dtype == np.float32
    assert info['img_path'] == f'{tmp_path}/images/b/c.png'
    assert info['patient_id'] is None
    assert dataset.get_cat_ids(1) == [1, 2]


def test_one_column_of_lists_annotates_every_class(read_lists):
    dataset = read_lists(image_suffix='.jpg', patient_column='who')
    # In the order of the alphabet, whatever the order in the file.
    assert dataset.metainfo['classes'] == ('Edema', 'Mass', 'Nodule')
    rows = [[1, 1, 0], [0, 0, 0], [0, 0, 0], [0, 0, 1]]
    assert dataset.get_gt_labels().tolist() == rows
    infos = [dataset.get_data_info(i) for i in range(4)]
    assert [info['patient_id'] for info in infos] == ['p1', 'p1', 'p2', None]
    assert infos[3]['img_path'] == 'd.jpg'


def test_an_empty_list_is_unannotated_where_it_is_no_negative_name(read_lists):
    dataset = read_lists(negative_names=['No Finding'])
    assert dataset.metainfo['classes'] == ('Edema', 'Mass', 'Nodule')
    labels = dataset.get_gt_labels()
    assert labels[1].tolist() == [0, 0, 0]
    assert np.isnan(labels[2]).all()
    assert not np.isnan(labels[3]).any()


def test_given_classes_choose_columns_and_their_order(read_csv):
    dataset = read_csv(COLUMNS, classes=['Nodule', 'Mass'])
    np.testing.assert_array_equal(
        dataset.get_gt_labels(), [[NAN, 1], [1, NAN], [0, 0]]
    )


def test_given_classes_fix_the_order_of_lists(read_lists):
    dataset = read_lists(classes=['Nodule', 'Edema', 'Mass', 'Hernia'])
    assert dataset.get_gt_labels()[0].tolist() == [0, 1, 1, 0]


def test_another_separator_and_spaces_around_names(read_csv):
    text = 'path,tags\na.png,Mass; Edema \nb.png,Edema\n'
    dataset = read_csv(text, label_column='tags', separator=';')
    assert dataset.metainfo['classes'] == ('Edema', 'Mass')
    assert dataset.get_gt_labels().tolist() == [[1, 1], [1, 0]]


def test_a_trailing_separator_makes_no_class(read_csv):
    text = 'path,tags\na.png,Mass|\n'
    dataset = read_csv(text, label_column='tags')
    assert dataset.metainfo['classes'] == ('Mass',)
    with pytest.raises(ValueError, match="line 2, .* unknown class ''"):
        read_csv(text, label_column='tags', negative_names=[])


def test_an_unknown_name_in_a_list_is_answered_with_the_nearest(read_lists):
    message = (
        r"labels\.csv, line 5, column 'findings': unknown class 'Nodule'; "
        "nearest: 'Nodules'"
    )
    with pytest.raises(ValueError, match=message):
        read_lists(classes=['Nodules', 'Mass', 'Edema'])


@pytest.mark.parametrize(
    'cell, found',
    [('2', '2'), ('-1', '-1'), ('-0.5', '-0.5'), ('yes', "'yes'")],
)
def test_a_label_outside_the_known_ones_is_an_error(read_csv, cell, found):
    text = COLUMNS.replace('d.png,0,0,0', f'd.png,0,{cell},0')
    message = f"line 4, column 'Edema': found {found}.*, expected a number "
    with pytest.raises(ValueError, match=message + 'from 0 to 1 or an empty'):
        read_csv(text)


def test_the_line_is_right_beyond_the_first_chunk(read_csv, monkeypatch):
    monkeypatch.setattr(csv_table, 'CHUNK_ROWS', 2)
    rows = [f'{i}{"x" * i}.png,{i % 2}' for i in range(7)]
    text = '\n'.join(['path,Mass', *rows]) + '\n'
    dataset = read_csv(text)
    assert [dataset.where(i)[-6:] for i in (0, 6)] == ['line 2', 'line 8']
    # Paths get longer from chunk to chunk: the column is widened.
    assert names_of(dataset) == [f'{i}{"x" * i}.png' for i in range(7)]
    assert dataset.get_gt_labels()[:, 0].tolist() == [0, 1, 0, 1, 0, 1, 0]
    with pytest.raises(ValueError, match="line 7, column 'Mass': found 'x'"):
        read_csv(text.replace('xxxxx.png,1', 'xxxxx.png,x'))


def test_blank_lines_are_skipped_and_do_not_shift_line_numbers(read_csv):
    text = COLUMNS.replace('d.png', '\nd.png') + '\n\n'
    dataset = read_csv(text)
    assert dataset.data_list.row.tolist() == [2, 3, 5]


def test_a_row_without_image_is_an_error(read_csv):
    message = "line 3, column 'path': found an empty cell"
    with pytest.raises(ValueError, match=message):
        read_csv(COLUMNS.replace('b/c.png', ''))


def test_what_spreadsheets_write_is_read(read_csv):
    text = COLUMNS.replace('1,0,', '1.0,0.0,nan').replace('\n', '\r\n')
    dataset = read_csv(text, encoding='utf-8-sig')
    assert len(dataset) == 3
    np.testing.assert_array_equal(dataset.get_gt_labels()[0], [1, 0, NAN])


def test_names_that_pandas_takes_for_missing_are_kept(read_csv):
    text = 'path,tags\nNA,None\nnull,NA|None\n'
    dataset = read_csv(text, label_column='tags')
    assert dataset.metainfo['classes'] == ('NA', 'None')
    assert names_of(dataset) == ['NA', 'null']
    assert dataset.get_gt_labels().tolist() == [[0, 1], [1, 1]]


def test_an_absolute_path_is_left_alone(read_csv):
    dataset = read_csv(
        'path,Mass\n/data/a.png,1\n', data_prefix='b', allow_outside=True
    )
    assert dataset.full_paths().tolist() == [b'/data/a.png']
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
def test_a_missing_column_is_named(read_csv, arguments, message):
    with pytest.raises(ValueError, match=f'labels.csv, line 1: {message}'):
        read_csv(COLUMNS, **arguments)


@pytest.mark.parametrize(
    'text, message',
    [
        ('', r'labels\.csv is empty'),
        ('path,Mass\n', 'has a header but no rows'),
        ('path\na.png\n', r'labels\.csv: found no class in the header'),
        ('path,Mass\n"a.png,1\n', r'labels\.csv, line 2: .*quote not closed'),
        ('path,Mass\na.png,"1\n', r'labels\.csv, line 2: .*quote not closed'),
        ('path,"Mass\na.png,1\n', r'labels\.csv: .*unexpected end of data'),
    ],
)
def test_a_file_that_is_no_table_is_an_error(read_csv, text, message):
    with pytest.raises(ValueError, match=message):
        read_csv(text)


@pytest.mark.parametrize('text', ['p\xe4th,Mass\n', 'path,Mass\n\xe4.png,1\n'])
def test_a_file_in_another_encoding_is_an_error(read_csv, text):
    with pytest.raises(ValueError, match=r'labels\.csv: .*utf-8'):
        read_csv(text, encoding='latin-1')


def test_a_missing_file_says_what_is_expected(tmp_path):
    with pytest.raises(FileNotFoundError) as caught:
        CSVLabelDataset('labels.csv', data_root=str(tmp_path))
    assert f'no file {tmp_path}/labels.csv' in str(caught.value)
    assert 'one line per image' in str(caught.value)


def test_white_space_makes_no_second_patient(read_csv):
    text = 'path,Mass,who\na,1,p1\nb,1, p1 \nc,1, \n'
    dataset = read_csv(text, patient_column='who')
    infos = [dataset.get_data_info(i) for i in range(3)]
    assert [info['patient_id'] for info in infos] == ['p1', 'p1', None]


def test_a_patient_is_the_same_where_pandas_has_written_its_number(read_csv):
    text = 'path,Mass,who\na,1,7.0\nb,1,nan\nc,1,07\nd,1,7.5\n'
    dataset = read_csv(text, patient_column='who')
    infos = [dataset.get_data_info(i) for i in range(4)]
    found = [info['patient_id'] for info in infos]
    assert found == ['7', None, '07', '7.5']


def test_a_missing_list_is_no_class(read_csv):
    text = 'path,findings\na,Mass\nb,nan\n'
    dataset = read_csv(text, label_column='findings')
    assert dataset.metainfo['classes'] == ('Mass',)


OUTSIDE = ['../a.png', '/etc/passwd', 'b/../../a.png', 'http://host/a.png']


@pytest.mark.parametrize('prefix', ['', 'images', 's3://bucket/images'])
@pytest.mark.parametrize('path', OUTSIDE)
def test_an_image_outside_of_the_folder_is_an_error(read_csv, prefix, path):
    text = f'path,Mass\na.png,1\n{path},1\n'
    message = f"line 3: found the image '{path}', expected a path inside of "
    with pytest.raises(ValueError, match=message):
        read_csv(text, data_prefix=prefix)
    dataset = read_csv(text, data_prefix=prefix, allow_outside=True)
    assert len(dataset) == 2


@pytest.mark.parametrize(
    'root, prefix, path',
    [
        ('/data', 'images', '../masks/a.png'),
        ('/data', 'images', '/data/other/a.png'),
        ('data', '', './b/../a..png'),
        ('', '/data', '/data/a.png'),
        ('', 's3://bucket/images', 'b/../a.png'),
        ('', 's3://bucket/images', 's3://bucket/images/a.png'),
    ],
)
def test_an_image_may_lie_anywhere_below_the_folders_of_the_config(
    read_csv, root, prefix, path
):
    text = f'path,Mass\n{path},1\n'
    assert len(read_csv(text, data_root=root, data_prefix=prefix)) == 1


@pytest.mark.parametrize(
    'path', ['s3://bucket/b/a.png', '/images/a.png', '..']
)
def test_an_address_of_the_config_opens_no_other_address(read_csv, path):
    with pytest.raises(ValueError, match='inside of s3://bucket/images'):
        read_csv(f'path,Mass\n{path},1\n', data_prefix='s3://bucket/images')


@pytest.mark.parametrize(
    'classes, message',
    [
        (['Mass', 'Mass '], "found 'Mass ', expected a name without white"),
        ([], 'a label space needs at least one class'),
        ([1], 'should be a non-empty string, found 1'),
        (['Mass', 'Mass'], 'classes twice in the label space'),
    ],
)
def test_classes_that_are_no_names_are_an_error(read_csv, classes, message):
    text = 'path,tags\na,Mass\n'
    message = f'classes of CSVLabelDataset: .*{message}'
    with pytest.raises(ValueError, match=message):
        read_csv(text, label_column='tags', classes=classes)


def test_labels_of_half_precision_are_exact(read_csv, monkeypatch):
    monkeypatch.setattr(csv_table, 'CHUNK_ROWS', 2)
    rows = 'a.png,1,-1\nb.png,0,\nc.png,1,0\n'
    dataset = read_csv('path,Mass,Edema\n' + rows, uncertain='ignore')
    assert dataset.data_list.gt_score.dtype == np.float16
    soft = read_csv(f'path,Mass,Edema\n{rows}d.png,0.7,0\n', uncertain='ones')
    drawn = read_csv('path,Mass,Edema\n' + rows, uncertain='lsr_ones')
    for other in (soft, drawn):
        assert other.data_list.gt_score.dtype == np.float32
    column = np.array([1, 0, 1, 0.7], dtype=np.float32)
    np.testing.assert_array_equal(soft.get_gt_labels()[:, 0], column)
