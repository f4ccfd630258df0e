import copy

import pytest
import torch
from mmseg.models import SegDataPreProcessor
from small_segmentors import PREPROCESSOR, SIZE, batch

from mmda.models import SegDualViewDataPreprocessor

SETTINGS = {k: v for k, v in PREPROCESSOR.items() if k != 'type'}
STOCK = {k: v for k, v in SETTINGS.items() if k != 'strong_view'}


def test_the_weak_view_equals_the_stock_preprocessor():
    data = batch()
    mine = SegDualViewDataPreprocessor(**SETTINGS)(
        copy.deepcopy(data), training=True
    )
    stock = SegDataPreProcessor(**STOCK)(copy.deepcopy(data), training=True)
    assert mine['inputs'].shape == (4, 3, SIZE, SIZE)
    assert torch.equal(mine['inputs'][:2], stock['inputs'])
    assert len(mine['data_samples']) == 2
    for one, other in zip(
        mine['data_samples'], stock['data_samples'], strict=True
    ):
        assert torch.equal(one.gt_sem_seg.data, other.gt_sem_seg.data)


def test_outside_of_training_there_is_one_view():
    out = SegDualViewDataPreprocessor(**SETTINGS)(batch(), training=False)
    assert len(out['inputs']) == 2


def test_the_strong_views_differ_from_the_weak_ones_and_are_drawn_per_image():
    image = torch.full((3, SIZE, SIZE), 100, dtype=torch.uint8)
    data = batch()
    data['inputs'] = [image, image.clone()]
    inputs = SegDualViewDataPreprocessor(**SETTINGS)(data, True)['inputs']
    assert not torch.allclose(inputs[0], inputs[2], atol=1e-2)
    assert not torch.allclose(inputs[2], inputs[3], atol=1e-2)


def test_the_strong_view_leaves_every_pixel_in_its_place():
    data = batch()
    for image in data['inputs']:
        image.fill_(60)
        image[:, 4:9, 7:11] = 200
    inputs = SegDualViewDataPreprocessor(**SETTINGS)(data, True)['inputs']
    inside = torch.zeros(SIZE, SIZE, dtype=torch.bool)
    inside[4:9, 7:11] = True
    for strong in inputs[2:]:
        for channel in strong:
            assert channel[inside].max() - channel[inside].min() < 1e-3
            assert channel[~inside].max() - channel[~inside].min() < 1e-3


def test_padding_is_unknown_in_the_label_map():
    data = batch(1)
    data['inputs'][0] = data['inputs'][0][:, :20]
    sample = data['data_samples'][0]
    sample.gt_sem_seg = type(sample.gt_sem_seg)(
        data=sample.gt_sem_seg.data[:, :20]
    )
    out = SegDualViewDataPreprocessor(**SETTINGS)(data, training=True)
    label = out['data_samples'][0].gt_sem_seg.data
    assert label.shape == (1, SIZE, SIZE)
    assert (label[:, 20:] == 255).all()


def test_an_augmentation_that_moves_pixels_is_refused():
    with pytest.raises(ValueError, match='RandomAffine moves pixels'):
        SegDualViewDataPreprocessor(
            strong_view=[dict(type='RandomAffine', degrees=10)]
        )


def test_batch_augments_are_refused_beside_two_views():
    def mix(inputs, samples):
        return inputs, samples

    with pytest.raises(ValueError, match='batch_augments mixes images'):
        SegDualViewDataPreprocessor(**SETTINGS, batch_augments=mix)
    one_view = SegDualViewDataPreprocessor(**STOCK, batch_augments=mix)
    assert len(one_view(batch(), training=True)['inputs']) == 2


def test_grey_images_get_the_views_of_three_equal_channels():
    preprocessor = SegDualViewDataPreprocessor(**SETTINGS)
    views = []
    for channels in (1, 3):
        data = batch()
        data['inputs'] = [
            image[:1].repeat(channels, 1, 1) for image in data['inputs']
        ]
        torch.manual_seed(0)
        views.append(preprocessor(data, training=True)['inputs'])
    assert views[0].shape == (4, 3, SIZE, SIZE)
    torch.testing.assert_close(*views, rtol=0, atol=1e-5)


@pytest.mark.parametrize('training', [False, True])
def test_grey_images_and_images_in_colour_in_a_batch_are_an_error(training):
    data = batch()
    data['inputs'][0] = data['inputs'][0][:1]
    preprocessor = SegDualViewDataPreprocessor(**SETTINGS)
    with pytest.raises(ValueError, match=r'\[1, 3\] channels.*grayscale'):
        preprocessor(data, training)
