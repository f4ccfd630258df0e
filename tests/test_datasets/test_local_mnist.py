import gzip

import numpy as np
import pytest
from mmengine.registry import DATASETS
from mmpretrain.datasets import MNIST
from toy_images import write_mnist

from mmda.datasets import LocalMNIST, PartialLabelDataset


def unpack(folder):
    """Put the unpacked files in the place of the packed ones."""
    for path in list(folder.glob('*.gz')):
        path.with_suffix('').write_bytes(gzip.decompress(path.read_bytes()))
        path.unlink()


@pytest.fixture
def root(tmp_path):
    write_mnist(tmp_path / 'mnist', num=30)
    return tmp_path / 'mnist'


@pytest.mark.parametrize('packed', [True, False])
def test_packed_and_unpacked_files_give_the_images_of_the_stock_class(
    root, packed
):
    ours = LocalMNIST(str(root)) if packed else None
    unpack(root)
    stock = MNIST(str(root), split='train', download=False)
    ours = ours or LocalMNIST(str(root))

    assert len(ours) == len(stock) == 30
    for index in (0, 7, 29):
        theirs, info = stock.get_data_info(index), ours.get_data_info(index)
        np.testing.assert_array_equal(info['img'], theirs['img'])
        assert info['img'].dtype == np.uint8
        assert info['gt_score'].tolist() == np.eye(10)[index % 10].tolist()
        assert theirs['gt_label'] == index % 10


def test_a_validation_part_comes_from_the_training_images(root):
    train, part, test = (
        LocalMNIST(str(root), split, test_mode=test_mode).get_data_info(3)
        for split, test_mode in (
            ('train', False),
            ('train', True),
            ('test', True),
        )
    )
    assert (part['img'] == train['img']).all()
    assert not (test['img'] == train['img']).all()


def test_a_missing_file_says_what_from_where_and_how_large(root):
    (root / 't10k-labels-idx1-ubyte.gz').unlink()
    LocalMNIST(str(root), 'train')
    message = r't10k-labels-idx1-ubyte\.gz .*11\.6 MB.* https://'
    with pytest.raises(FileNotFoundError, match=message):
        LocalMNIST(str(root), 'test')


def test_what_is_no_mnist_is_refused(root):
    with pytest.raises(ValueError, match="split .* 'val', expected one of"):
        LocalMNIST(str(root), 'val')
    labels = root / 'train-labels-idx1-ubyte.gz'
    labels.write_bytes(labels.read_bytes()[:20])
    with pytest.raises(ValueError, match='train-labels.* is broken'):
        LocalMNIST(str(root))
    images = root / 'train-images-idx3-ubyte.gz'
    images.rename(labels)
    write_mnist(root / 'other', num=20)
    (root / 'other' / images.name).rename(images)
    with pytest.raises(ValueError, match=r'expected \(N, 28, 28\) and \(N,\)'):
        LocalMNIST(str(root))


def test_the_stock_class_is_a_source_too(root):
    unpack(root)
    names = MNIST.METAINFO['classes']
    dataset = PartialLabelDataset(
        dict(
            type='mmpretrain.MNIST',
            data_root=str(root),
            split='train',
            download=False,
        ),
        classes=tuple('0123456789'),
        aliases={name: name[0] for name in names},
        labeled_classes=('0', '1'),
        part=(1, 3),
    )
    digits = [int(index) % 10 for index in dataset.selected]
    scores = [dataset.get_data_info(i)['gt_score'] for i in range(10)]
    assert [row[:2].tolist() for row in scores] == [
        [float(digit == 0), float(digit == 1)] for digit in digits
    ]
    assert np.isnan(scores)[:, 2:].all()


def test_the_real_files_are_read(shared_data):
    folder = shared_data / 'mnist'
    if not folder.is_dir():
        pytest.skip(f'no MNIST in {folder}')
    config = dict(type='LocalMNIST', data_root=str(folder), split='test')
    dataset = DATASETS.build(config)
    # Known of the official files: the number of images of each digit
    assert dataset.get_gt_labels().sum(axis=0).tolist() == [
        980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009,
    ]  # fmt: skip
    assert len(LocalMNIST(str(folder), 'train')) == 60000
