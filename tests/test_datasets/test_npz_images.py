import numpy as np
import pytest

from mmda.datasets import NpzImages

IMAGES = np.arange(4 * 6, dtype=np.uint8).reshape(4, 2, 3)
INDEX = np.array([2, 0, 1, 2])
SCORES = np.array([[1, 0, np.nan], [0, 0, 1], [1, 1, 0], [0, 1, 0]])


@pytest.fixture
def read(tmp_path):
    def read(images=IMAGES, labels=INDEX, **arguments):
        arrays = dict(train_images=images, train_labels=labels)
        np.savez(tmp_path / 'toy.npz', **arrays)
        settings = dict(data_root=str(tmp_path), classes=('a', 'b', 'c'))
        return NpzImages('toy.npz', **{**settings, **arguments})

    return read


@pytest.mark.parametrize(
    ('labels', 'expected'), [(INDEX, np.eye(3)[INDEX]), (SCORES, SCORES)]
)
def test_labels_are_indices_or_scores_with_nan_where_unknown(
    read, labels, expected
):
    dataset = read(labels=labels)
    np.testing.assert_array_equal(dataset.get_gt_labels(), expected)
    info = dataset.get_data_info(1)
    np.testing.assert_array_equal(info['img'], IMAGES[1])
    assert info['img'].dtype == np.uint8
    assert dataset.metainfo['classes'] == ('a', 'b', 'c')


def test_usps_is_read_by_its_own_keys(shared_data):
    dataset = NpzImages(
        'usps.npz',
        tuple('0123456789'),
        str(shared_data / 'usps'),
        'test',
        image_key='{split}_image',
        label_key='{split}_label',
    )
    assert len(dataset) == 2007
    assert dataset.get_data_info(0)['img'].shape == (16, 16)


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (dict(split='val'), 'no val_images, val_labels: found train_images'),
        (dict(labels=INDEX + 1), 'labels from 1 to 3, expected 0 to 2'),
        (dict(labels=SCORES * 2), r'from 0.0 to 2.0, expected 0 to 1'),
        (dict(labels=SCORES[:, :2]), r'float64 \(4, 2\), expected .*\(N, 3\)'),
        (dict(labels=np.int64(1)), r'toy.npz is int64 \(\), expected'),
        (dict(labels=INDEX[:0]), r'toy.npz is int64 \(0,\), expected'),
        (
            dict(labels=INDEX[:3]),
            'found 4 images and 3 labels of the .* .train',
        ),
        (dict(images=IMAGES / 255), r'images of float64 \(4, 2, 3\), expect'),
        *(
            (dict(images=np.zeros((4, *shape), np.uint8)), 'expected uint8')
            for shape in ((3, 8, 8), (8, 8, 4), (8, 8, 2))
        ),
    ],
)
def test_arrays_that_do_not_fit_are_named(read, arguments, message):
    with pytest.raises(ValueError, match=message):
        read(**arguments)


def test_a_missing_or_broken_file_is_named(read, tmp_path):
    with pytest.raises(FileNotFoundError, match='no file .*no/toy.npz'):
        read(data_root=str(tmp_path / 'no'))
    (tmp_path / 'toy.npz').write_bytes(b'PK nothing')
    with pytest.raises(ValueError, match=r'toy.npz is broken'):
        NpzImages('toy.npz', ('a',), str(tmp_path))


def test_the_arrays_of_a_file_are_read_once_and_cannot_change(read, tmp_path):
    first = read()
    second = NpzImages('toy.npz', ('a', 'b', 'c'), str(tmp_path))
    assert first.data_list.img is second.data_list.img
    with pytest.raises(ValueError, match='read-only'):
        first.data_list.img[0] = 0
    first.get_data_info(0)['img'][:] = 9
    np.testing.assert_array_equal(second.get_data_info(0)['img'], IMAGES[0])
