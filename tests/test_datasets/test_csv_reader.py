import numpy as np
import pandas as pd
import pytest
from test_partial_label_dataset import names_of

from mmda.datasets import CheXpert
from mmda.datasets.tables import csv_table
from mmda.datasets.tables.csv_table import find_lines, read_header
from mmda.datasets.tables.table_file import iter_table

NAN = np.nan


@pytest.mark.parametrize(
    'header', ['path,Mass,Mass', 'path,Mass, Mass', 'path,Mass,"Mass "']
)
def test_a_column_name_that_occurs_twice_is_an_error(read_csv, header):
    text = f'{header}\na,1,0\n'
    message = (
        r"labels\.csv, line 1: found 2 columns 'Mass', expected names that"
    )
    with pytest.raises(ValueError, match=message):
        read_csv(text)
    with pytest.raises(ValueError, match=message):
        read_csv(text, classes=['Mass'])


@pytest.mark.parametrize('quote', ['', '"'])
@pytest.mark.parametrize('end', ['\n', '\r\n', '\r'])
@pytest.mark.parametrize(
    'row, found',
    [('b,1', '2 cells'), ('b', '1 cell'), ('b,1,0,', '4 cells'), (' ', '1 c')],
)
@pytest.mark.parametrize('is_last', [False, True])
def test_a_row_of_another_length_is_an_error(
    read_csv, quote, end, row, found, is_last
):
    lines = ['path,Mass,Edema', f'{quote}a{quote},1,0', '', row, 'c,1,0']
    text = end.join(lines[:4] if is_last else lines)
    message = rf'labels\.csv, line 4: found {found}.*, expected 3 as in'
    with pytest.raises(ValueError, match=message):
        read_csv(text)


def test_a_row_of_another_length_is_found_in_every_way_to_read(
    write_csv, read_csv
):
    text = 'path,tags,who\na,Mass,1\nb,Mass\n'
    message = 'line 3: found 2 cells, expected 3'
    with pytest.raises(ValueError, match=message):
        list(iter_table(write_csv(text), ['path']))
    with pytest.raises(ValueError, match=message):
        read_csv(text, label_column='tags')
    with pytest.raises(ValueError, match=message):
        read_csv(text, label_column='tags', classes=['Mass'])


def test_a_partial_download_makes_no_negatives_in_chexpert(write_csv):
    columns = CheXpert.METAINFO['classes']
    header = ','.join(['Path', 'Frontal/Lateral', *columns])
    image = 'CheXpert-v1.0/train/patient{:05d}/study1/view1_frontal.jpg'
    rows = [f'{image.format(i)},Frontal' + ',1.0' * 13 for i in range(3)]
    whole = '\n'.join([header, *rows])
    arguments = dict(split='all', blank='negative', check_first=False)
    assert len(CheXpert(ann_file=write_csv(whole), **arguments)) == 3
    cut = write_csv(whole[: -len(',1.0') * 4])
    message = 'line 4: found 11 cells, expected 15'
    with pytest.raises(ValueError, match=message):
        CheXpert(ann_file=cut, **arguments)


@pytest.mark.parametrize('size', [1, 7, 64])
def test_lines_are_counted_beyond_the_first_block(
    write_csv, read_csv, monkeypatch, size
):
    monkeypatch.setattr(csv_table, '_BLOCK_BYTES', size)
    lines = ['path,Mass', *(f'{i},1' for i in range(40)), '', '']
    assert find_lines(write_csv('\n'.join(lines)), 2)[0] == 42
    assert len(read_csv('\r\n'.join(lines))) == 40
    lines[30] += ',0'
    with pytest.raises(ValueError, match='line 31: found 3 cells, expected 2'):
        read_csv('\n'.join(lines))
    lines[35] = '"b",1'
    with pytest.raises(ValueError, match='line 31: found 3 cells, expected 2'):
        read_csv('\n'.join(lines))


def test_commas_and_line_breaks_in_quotes_separate_no_cells(read_csv):
    text = 'path,"a,b",Mass\n"x,y","""1"",\n2",1\nz,5" c,0\n'
    dataset = read_csv(text, classes=['Mass'])
    assert names_of(dataset) == ['x,y', 'z']
    assert dataset.get_gt_labels().tolist() == [[1], [0]]
    # A line number of the file, although one record is on two lines.
    with pytest.raises(ValueError, match='line 4: found 2 cells, expected 3'):
        read_csv(text.replace(' c,0', ''), classes=['Mass'])


def test_a_cell_without_end_is_an_error(read_csv):
    text = 'path,Mass\n"a,1\n' + 'b,1\n' * 40_000
    with pytest.raises(ValueError, match='line 2: .*Is a quote not closed'):
        read_csv(text)


def test_lines_may_end_in_a_carriage_return(read_csv):
    dataset = read_csv('path,Mass\ra,1\rb,0\r')
    assert names_of(dataset) == ['a', 'b']
    assert dataset.get_gt_labels().tolist() == [[1], [0]]


def test_the_index_that_pandas_writes_is_no_class(write_csv, read_csv):
    columns = {'path': ['a', 'b'], 'Mass': [1, 0], 'Edema': [NAN, 1]}
    text = pd.DataFrame(columns).to_csv()
    assert read_header(write_csv(text)) == ['', 'path', 'Mass', 'Edema']
    dataset = read_csv(text)
    assert dataset.metainfo['classes'] == ('Mass', 'Edema')
    np.testing.assert_array_equal(dataset.get_gt_labels(), [[1, NAN], [0, 1]])


@pytest.mark.parametrize(
    'header, row, place',
    [('path,Mass,', 'a,1,1', '3 of 3'), (',path, ,Mass', '1,a,1,1', '3 of 4')],
)
def test_another_column_without_a_name_is_no_class_but_an_error(
    read_csv, header, row, place
):
    text = f'{header}\n{row}\n'
    message = rf'labels\.csv, line 1: column {place} has no name'
    with pytest.raises(ValueError, match=message):
        read_csv(text)
    # Some releases of ChestX-ray14 have one: harmless where it is not read.
    dataset = read_csv(text, classes=['Mass'])
    assert names_of(dataset) == ['a']
    assert dataset.get_gt_labels().tolist() == [[1]]


@pytest.mark.parametrize('text', ['\npath,Mass\na,1\n', ',,\na,1,0\n'])
def test_a_header_without_names_is_an_error(read_csv, text):
    with pytest.raises(ValueError, match='line 1: found no column name'):
        read_csv(text)


def test_spaces_around_column_names_are_dropped(read_csv):
    text = '\ufeff path, Mass ,Edema \na,1,0\n'
    assert read_csv(text).metainfo['classes'] == ('Mass', 'Edema')
    dataset = read_csv(text, classes=['Edema', 'Mass'])
    assert dataset.get_gt_labels().tolist() == [[0, 1]]


def test_cells_go_to_the_column_of_their_name_in_any_order(write_csv):
    path = write_csv('Mass,note,path,Edema,who\n1,x,a,0,p\n,y,b,1,q\n')
    (frame,) = iter_table(path, ['path', 'who'], ['Edema', 'Mass'])
    assert frame.index.tolist() == [2, 3]
    assert frame['path'].tolist() == ['a', 'b']
    assert frame['who'].tolist() == ['p', 'q']
    assert frame['Edema'].tolist() == [0, 1]
    np.testing.assert_array_equal(frame['Mass'], [1, NAN])


def test_a_row_after_a_cell_with_line_breaks_is_never_dropped(read_csv):
    # The rows without a path once counted as empty lines here, and their
    # labels were lost.
    text = 'path,note,Mass\na,"1\n\n2",1\n,x,1\n\nb,"\n",0\n'
    message = r"labels\.csv, line 5, column 'path': found an empty cell"
    with pytest.raises(ValueError, match=message):
        read_csv(text, classes=['Mass'])
    dataset = read_csv(text.replace(',x', 'c,x'), classes=['Mass'])
    assert names_of(dataset) == ['a', 'c', 'b']
    assert dataset.get_gt_labels().tolist() == [[1], [1], [0]]
    lines = [dataset.where(index).rpartition(' ')[2] for index in range(3)]
    assert lines == ['2', '5', '7']


def test_a_message_names_the_line_behind_cells_with_line_breaks(read_csv):
    text = 'path,"no\nte",Mass\n"a\n",x,1\n\nb,"\n\n",5\n'
    with pytest.raises(ValueError, match="line 6, column 'Mass': found 5"):
        read_csv(text, classes=['Mass'])


def test_an_empty_line_in_a_table_of_one_column_is_no_image(write_csv):
    path = write_csv('path\na\n\nb\n\n')
    (frame,) = iter_table(path, ['path'])
    assert frame['path'].to_dict() == {2: 'a', 4: 'b'}
    with pytest.raises(ValueError, match='line 3, .*found an empty cell'):
        list(iter_table(write_csv('path\na\n""\nb\n'), ['path']))


@pytest.mark.parametrize('name', ['NA', 'nan', 'None', 'null', '1', '1.0'])
def test_a_file_may_have_any_name(read_csv, name):
    dataset = read_csv(f'path,Mass\n{name},1\n')
    assert names_of(dataset) == [name]


@pytest.mark.parametrize('name', ['a\0b', '"a\0b"'])
def test_a_zero_byte_is_an_error_and_cuts_no_path(read_csv, name):
    with pytest.raises(ValueError, match='line 3: found a zero byte'):
        read_csv(f'path,Mass\nx,1\n{name},1\n')


@pytest.mark.parametrize('label', ['-1e-12', '1.00000001', 'inf'])
def test_a_label_just_outside_of_0_and_1_is_an_error(read_csv, label):
    with pytest.raises(ValueError, match="line 2, column 'Mass': found"):
        read_csv(f'path,Mass\na,{label}\nb,0\n')
