import pickle

import numpy as np
import pytest
from mmpretrain.datasets import CIFAR10
from toy_images import NUM, write_cifar10

from mmda.datasets import LocalCIFAR10


@pytest.mark.parametrize(
    ('split', 'number'), [('train', 5 * NUM), ('test', NUM)]
)
def test_images_and_labels_are_those_of_the_stock_class(
    tmp_path, monkeypatch, split, number
):
    write_cifar10(tmp_path)
    monkeypatch.setattr(CIFAR10, '_check_integrity', lambda self: True)
    stock = CIFAR10(str(tmp_path), split, download=False)
    ours = LocalCIFAR10(str(tmp_path), split)
    assert len(ours) == len(stock) == number
    assert ours.metainfo['classes'] == stock.metainfo['classes']
    for index in range(number):
        theirs, info = stock.get_data_info(index), ours.get_data_info(index)
        np.testing.assert_array_equal(info['img'], theirs['img'])
        assert np.flatnonzero(info['gt_score']) == [theirs['gt_label']]


def test_a_validation_part_comes_from_the_training_images(tmp_path):
    write_cifar10(tmp_path)
    assert len(LocalCIFAR10(str(tmp_path), 'train', test_mode=True)) == 5 * NUM


def test_two_sources_share_the_images_until_a_file_changes(tmp_path):
    write_cifar10(tmp_path)
    one, two = (LocalCIFAR10(str(tmp_path), 'test') for _ in range(2))
    assert one.data_list.img is two.data_list.img
    # A sample is a copy: no pipeline changes the images of another training.
    one[0]['img'][:] = 0
    with pytest.raises(ValueError, match='read-only'):
        one.data_list.img[0] = 0
    train = LocalCIFAR10(str(tmp_path), 'train')
    batches = tmp_path / CIFAR10.base_folder
    (batches / 'data_batch_1').rename(batches / 'test_batch')
    changed = LocalCIFAR10(str(tmp_path), 'test').data_list.img
    np.testing.assert_array_equal(changed, train.data_list.img[:NUM])
    assert not np.array_equal(changed, two.data_list.img)


def test_a_missing_or_broken_file_is_named(tmp_path):
    write_cifar10(tmp_path)
    folder = tmp_path / CIFAR10.base_folder
    (folder / 'data_batch_3').unlink()
    message = r'data_batch_3 .*cifar-10-python.tar.gz \(170 MB\)'
    with pytest.raises(FileNotFoundError, match=message):
        LocalCIFAR10(str(tmp_path))
    batch = pickle.loads((folder / 'data_batch_2').read_bytes())
    (folder / 'data_batch_3').write_bytes(
        pickle.dumps({**batch, 'labels': batch['labels'][:-1]})
    )
    with pytest.raises(ValueError, match='data_batch_3 is broken .*40 images'):
        LocalCIFAR10(str(tmp_path))
    (folder / 'test_batch').write_bytes(b'nothing')
    with pytest.raises(ValueError, match='test_batch is broken'):
        LocalCIFAR10(str(tmp_path), 'test')
    (folder / 'test_batch').write_bytes(b'cos\nmkdir\n(V/tmp/x\ntR.')
    with pytest.raises(ValueError, match=r'broken.*found os\.mkdir'):
        LocalCIFAR10(str(tmp_path), 'test')
    with pytest.raises(ValueError, match="split .* 'val', expected"):
        LocalCIFAR10(str(tmp_path), 'val')
