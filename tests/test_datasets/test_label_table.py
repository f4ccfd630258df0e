import pickle

import numpy as np
import pytest

from mmda.datasets.tables.label_table import LabelTable, encode_text


def make_table():
    return LabelTable(
        gt_score=np.arange(8, dtype=np.float32).reshape(4, 2) / 10,
        img_path=encode_text(['a.png', 'b.png', 'ä/日.png', 'd.png']),
        patient_id=np.array([5, 5, 6, 7], dtype=np.int32),
        row=np.array([2, 3, 4, 5], dtype=np.int32),
    )


def test_one_image_is_a_dict_of_plain_values():
    sample = make_table()[2]
    np.testing.assert_array_equal(
        sample.pop('gt_score'), np.array([0.4, 0.5], dtype=np.float32)
    )
    assert sample == {'img_path': 'ä/日.png', 'patient_id': 6}
    assert type(sample['patient_id']) is int


def test_changing_a_sample_leaves_the_table_alone():
    table = make_table()
    table[1]['gt_score'][:] = 9
    assert table.gt_score[1].tolist() == pytest.approx([0.2, 0.3])


def test_images_in_memory_are_copied_out():
    images = np.zeros((2, 3, 3, 3), dtype=np.uint8)
    table = LabelTable(np.zeros((2, 1), np.float32), img=images)
    table[0]['img'][:] = 255
    assert images.max() == 0


@pytest.mark.parametrize(
    'index, rows',
    [
        (slice(1, 3), [3, 4]),
        (slice(-2, None), [4, 5]),
        ([3, 0, 0], [5, 2, 2]),
        (np.array([False, True, False, True]), [3, 5]),
        ([], []),
        (range(2), [2, 3]),
    ],
)
def test_a_selection_is_a_table_with_all_columns(index, rows):
    table = make_table()
    part = table[index]
    assert part.row.tolist() == rows
    assert len(part) == len(rows)
    expected = [table[row - 2]['img_path'] for row in rows]
    assert [sample['img_path'] for sample in part] == expected
    assert part.patient_id.tolist() == [
        table[row - 2]['patient_id'] for row in rows
    ]


@pytest.mark.parametrize('index', [slice(0, 2), [0, 1]])
def test_a_selection_shares_no_memory_with_the_table(index):
    table = make_table()
    # A view as column, as the CSV reader leaves it.
    table.gt_score = np.zeros((9, 2), dtype=np.float32)[:4]
    part = table[index]
    assert not np.shares_memory(part.gt_score, table.gt_score)


def test_a_position_outside_of_the_table_is_an_index_error():
    with pytest.raises(IndexError):
        make_table()[4]
    with pytest.raises(IndexError):
        make_table()[[0, 4]]


def test_text_patients_are_strings_and_an_empty_one_is_none():
    table = LabelTable(
        np.zeros((2, 1), np.float32), patient_id=encode_text(['p-1', ''])
    )
    assert [sample['patient_id'] for sample in table] == ['p-1', None]


def test_columns_of_different_length_are_refused():
    with pytest.raises(ValueError, match='column row has 1 rows, expected 2'):
        LabelTable(np.zeros((2, 1), np.float32), row=np.array([2]))


def test_pickling_keeps_every_column():
    table = pickle.loads(pickle.dumps(make_table()))
    assert table[2]['img_path'] == 'ä/日.png'
    assert table.row.tolist() == [2, 3, 4, 5]


def test_a_row_of_fourteen_labels_needs_some_hundred_bytes():
    table = LabelTable(
        gt_score=np.zeros((1000, 14), dtype=np.float32),
        img_path=encode_text(['images/00000001_000.png'] * 1000),
        patient_id=np.zeros(1000, dtype=np.int32),
        row=np.zeros(1000, dtype=np.int32),
    )
    # 14 * 4 bytes of labels, 23 of path, 4 of patient, 4 of row.
    nbytes = sum(column.nbytes for column in table.columns().values())
    assert nbytes == 1000 * (56 + 23 + 4 + 4)
