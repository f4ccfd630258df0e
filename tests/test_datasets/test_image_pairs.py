import numpy as np
import pytest
from test_partial_label_dataset import rows_of, write_source
from toy_images import write_mnist

from mmda.datasets import ImagePairs, LocalMNIST, PartialLabelDataset


@pytest.fixture
def source(tmp_path):
    write_mnist(tmp_path / 'mnist', num=30)
    return LocalMNIST(str(tmp_path / 'mnist'))


def test_a_pair_is_both_images_at_half_their_width_with_both_labels(source):
    pairs = ImagePairs(source, num_pairs=50, seed=3)
    assert len(pairs) == 50
    for index in range(50):
        info = pairs.get_data_info(index)
        left, right = pairs.data_list[index].tolist()
        for part, image in ((slice(0, 14), left), (slice(14, 28), right)):
            pixels = source.get_data_info(image)['img']
            # Twice as narrow: the mean of two neighbours
            expected = pixels.reshape(28, 14, 2).mean(axis=-1)
            assert np.abs(info['img'][:, part] - expected).max() <= 0.5
        assert info['img'].shape == (28, 28)
        assert np.flatnonzero(info['gt_score']).tolist() == sorted(
            {left % 10, right % 10}
        )
        assert left != right


def test_pairs_follow_the_seed(source):
    one, same, other = (
        ImagePairs(source, num_pairs=20, seed=seed).data_list
        for seed in (1, 1, 2)
    )
    assert (one == same).all()
    assert not (one == other).all()
    every = ImagePairs(source, num_pairs=3000).data_list
    assert set(every.ravel()) == set(range(30))


def test_a_class_is_unannotated_unless_one_image_has_it(source):
    partial = PartialLabelDataset(
        source, classes=tuple('012'), labeled_classes=('0', '1')
    )
    infos = [ImagePairs(partial, 40).get_data_info(i) for i in range(40)]
    assert np.isnan([info['gt_score'][2] for info in infos]).all()
    # Image i is a digit i % 10: images of a 5 lose their label for 0.
    source.data_list.gt_score[5::10, 0] = np.nan
    pairs = ImagePairs(source, 60)
    for index in range(60):
        left, right = pairs.data_list[index] % 10
        score = pairs.get_data_info(index)['gt_score'][0]
        if 0 in (left, right):
            assert score == 1
        else:  # images of 5 do not say whether they have a 0
            assert np.isnan(score) == (5 in (left, right))


def test_a_partial_label_dataset_goes_around_it(source):
    dataset = PartialLabelDataset(
        dict(type='ImagePairs', dataset=source, num_pairs=9),
        classes=('3', '4'),
        pipeline=[dict(type='mmpretrain.PackInputs')],
    )
    assert len(dataset) == 9
    assert dataset[0]['inputs'].shape == (1, 28, 28)
    digits = dataset.dataset.data_list % 10
    expected = [[3 in pair, 4 in pair] for pair in digits]
    assert rows_of(dataset).tolist() == np.float32(expected).tolist()


def test_what_cannot_be_paired_is_refused(source, tmp_path):
    with pytest.raises(ValueError, match='num_pairs .* found 0'):
        ImagePairs(source, num_pairs=0)
    with pytest.raises(ValueError, match='found one image, expected two'):
        ImagePairs(source.get_subset([0]), num_pairs=1)
    files = write_source(tmp_path / 'files')
    with pytest.raises(ValueError, match='expected the images in memory'):
        ImagePairs(files, num_pairs=1).get_data_info(0)


def test_the_first_pairs_are_pairs_too(source):
    whole = ImagePairs(source, num_pairs=9)
    first = ImagePairs(source, num_pairs=9, indices=2)
    assert len(first) == 2
    for index in range(2):
        one, other = (d.get_data_info(index)['img'] for d in (whole, first))
        np.testing.assert_array_equal(one, other)
    assert first.where(1) == source.where(int(whole.data_list[1, 0]))
