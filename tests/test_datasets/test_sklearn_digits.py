import numpy as np
import pytest
from sklearn.datasets import load_digits

from mmda.datasets import Digits


def keys(dataset):
    """What tells the images of scikit-learn apart (all 1,797 differ)."""
    return {
        dataset.get_data_info(i)['img'].tobytes() for i in range(len(dataset))
    }


def test_the_splits_are_disjoint_stratified_and_hold_everything():
    splits = [Digits(name) for name in ('train', 'val', 'test')]
    assert [len(split) for split in splits] == [1200, 200, 397]
    assert splits[0].get_gt_labels().sum(0).tolist() == [120] * 10
    assert splits[1].get_gt_labels().sum(0).tolist() == [20] * 10
    assert splits[2].get_gt_labels().sum(0).min() == 34
    assert len(set.union(*map(keys, splits))) == 1797


def test_two_parts_give_two_sources_of_300_images_without_a_common_one():
    first = Digits('train', digits=range(1, 6), part=(0, 2))
    second = Digits('train', digits=range(3, 8), part=(1, 2))
    assert len(first) == len(second) == 300
    assert first.metainfo['classes'] == ('1', '2', '3', '4', '5')
    assert second.metainfo['classes'] == ('3', '4', '5', '6', '7')
    assert not keys(first) & keys(second)


def test_an_image_and_its_label_belong_together():
    source = load_digits()
    label_of = {
        np.rint(image * 255 / 16).astype(np.uint8).tobytes(): target
        for image, target in zip(source.images, source.target, strict=True)
    }
    dataset = Digits('val', digits=(7, 2))
    assert len(dataset) == 40
    for i in range(len(dataset)):
        info = dataset.get_data_info(i)
        assert info['img'].shape == (8, 8, 3)
        assert info['img'].dtype == np.uint8
        target = label_of[info['img'][..., 1].tobytes()]
        assert info['gt_score'].tolist() == [target == 7, target == 2]
        assert info['sample_idx'] == i
        assert info['patient_id'] is None
        assert 'img_path' not in info


@pytest.mark.parametrize(
    'arguments, message',
    [
        (dict(split='dev'), "found 'dev', expected one of"),
        (dict(part=(2, 2)), r'found \(2, 2\), expected \(k, n\)'),
        (dict(digits=(1, 12)), "unknown class '12'"),
        (dict(digits=(1, 1)), "'1' is given twice"),
    ],
)
def test_a_wrong_argument_is_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        Digits(**arguments)


def test_the_place_of_an_image_is_said():
    assert Digits('val').where(3) == 'Digits, image 3'
