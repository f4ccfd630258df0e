import numpy as np
import pytest
import torch
from kornia import augmentation
from mmengine.dataset import Compose, default_collate, pseudo_collate
from mmpretrain.models import ClsDataPreprocessor
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample

from mmda.apis.config import load_config
from mmda.models import DualViewDataPreprocessor
from mmda.models.data_preprocessors.strong_view import (
    _CHANNEL_BY_CHANNEL,
    StrongView,
)
from mmda.models.utils import frozen_running_stats

NAN = float('nan')
NORM = dict(mean=[120.0, 110.0, 100.0], std=[60.0, 50.0, 40.0], to_rgb=True)
STRONG = [
    dict(type='RandomAffine', degrees=20, p=1.0),
    dict(type='ColorJiggle', brightness=0.4, contrast=0.4, p=1.0),
]
FLIP = [dict(type='RandomHorizontalFlip', p=1.0)]


def make_images(rows=4, size=(8, 10), seed=0):
    generator = torch.Generator().manual_seed(seed)
    shape = (rows, 3, *size)
    return torch.randint(0, 256, shape, generator=generator, dtype=torch.uint8)


def make_samples(rows=4):
    scores = torch.tensor([[1.0, NAN], [NAN, 0.0]]).repeat(rows // 2, 1)
    return [DataSample().set_gt_score(score) for score in scores]


def make_batch(rows=4):
    return dict(inputs=make_images(rows), data_samples=make_samples(rows))


@pytest.mark.parametrize('settings', [{}, NORM, {**NORM, 'to_rgb': False}])
@pytest.mark.parametrize('collate', ['default', 'pseudo'])
@pytest.mark.parametrize('training', [True, False])
def test_without_a_strong_view_it_is_the_stock_preprocessor(
    settings, collate, training
):
    settings = {**settings, 'pad_size_divisor': 4, 'pad_value': 7}
    images = make_images()
    if collate == 'pseudo':
        images = list(images)
    ours, stock = (
        cls(**settings)(
            dict(inputs=images, data_samples=make_samples()), training
        )
        for cls in (DualViewDataPreprocessor, ClsDataPreprocessor)
    )
    assert torch.equal(ours['inputs'], stock['inputs'])
    for one, other in zip(
        ours['data_samples'], stock['data_samples'], strict=True
    ):
        assert torch.equal(one.gt_score.isnan(), other.gt_score.isnan())


@pytest.mark.parametrize('collate', ['default', 'pseudo'])
def test_training_gives_weak_and_strong_rows_and_evaluation_weak_ones(
    collate,
):
    preprocessor = DualViewDataPreprocessor(strong_view=STRONG, **NORM)
    stock = ClsDataPreprocessor(**NORM)
    batch = make_batch()
    if collate == 'pseudo':
        batch['inputs'] = list(batch['inputs'])
    weak = stock(batch)['inputs']
    trained = preprocessor(batch, training=True)
    assert trained['inputs'].shape == (8, 3, 8, 10)
    assert len(trained['data_samples']) == 4
    assert torch.equal(trained['inputs'][:4], weak)
    for sample, before in zip(
        trained['data_samples'], make_samples(), strict=True
    ):
        torch.testing.assert_close(
            sample.gt_score, before.gt_score, equal_nan=True
        )
    assert torch.equal(preprocessor(batch, training=False)['inputs'], weak)


def test_every_image_gets_a_strong_view_of_its_own():
    preprocessor = DualViewDataPreprocessor(strong_view=STRONG, **NORM)
    same = make_images(1).expand(4, -1, -1, -1)
    torch.manual_seed(0)
    inputs = preprocessor({'inputs': same}, training=True)['inputs']
    views = [*inputs[4:], inputs[0]]  # four strong ones and the weak one
    for i, one in enumerate(views):
        for other in views[:i]:
            assert (one - other).abs().mean() > 0.01


def test_the_strong_view_is_that_of_the_same_image_and_normalised_like_it():
    preprocessor = DualViewDataPreprocessor(strong_view=FLIP, **NORM)
    inputs = preprocessor(make_batch(), training=True)['inputs']
    torch.testing.assert_close(
        inputs[4:], inputs[:4].flip(-1), rtol=0, atol=1e-4
    )


def test_without_normalisation_strong_images_stay_in_0_to_255():
    preprocessor = DualViewDataPreprocessor(
        strong_view=[dict(type='ColorJiggle', brightness=(1.9, 2.0), p=1.0)]
    )
    strong = preprocessor(make_batch(), training=True)['inputs'][4:]
    assert strong.min() >= 0
    assert 200 < strong.max() <= 255


def test_the_strong_views_follow_torch_manual_seed():
    preprocessor = DualViewDataPreprocessor(strong_view=STRONG, **NORM)
    views = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        views.append(preprocessor(make_batch(), training=True)['inputs'])
    assert torch.equal(views[0], views[1])
    assert not torch.equal(views[0], views[2])


def test_the_batch_that_came_in_is_left_alone():
    preprocessor = DualViewDataPreprocessor(strong_view=STRONG, **NORM)
    batch = make_batch()
    before = batch['inputs'].clone()
    preprocessor(batch, training=True)
    assert torch.equal(batch['inputs'], before)
    assert set(batch) == {'inputs', 'data_samples'}


def multi_view_batch(collate, sizes=((8, 10),) * 4):
    """What a data loader gives after stock MultiView and PackInputs.

    The second view of an image is its horizontal mirror.
    """
    pipeline = Compose(
        [
            dict(
                type='mmpretrain.MultiView',
                num_views=[1, 1],
                transforms=[
                    [dict(type='mmpretrain.RandomFlip', prob=0.0)],
                    [dict(type='mmpretrain.RandomFlip', prob=1.0)],
                ],
            ),
            dict(type='mmpretrain.PackInputs'),
        ]
    )
    samples, generator = [], np.random.default_rng(0)
    for size in sizes:
        image = generator.integers(0, 256, (*size, 3), dtype=np.uint8)
        score = np.array([1, NAN], dtype=np.float32)
        samples.append(pipeline(dict(img=image, gt_score=score)))
    return collate(samples)


@pytest.mark.parametrize('collate', [default_collate, pseudo_collate])
@pytest.mark.parametrize('strong_view', [None, STRONG])
@pytest.mark.parametrize('rows', [1, 2, 4])
def test_two_views_of_the_pipeline_are_taken_as_they_are(
    collate, strong_view, rows
):
    sizes = ((8, 10),) * rows
    batch = multi_view_batch(collate, sizes)
    preprocessor = DualViewDataPreprocessor(strong_view=strong_view, **NORM)
    trained = preprocessor(batch, training=True)
    assert trained['inputs'].shape == (2 * rows, 3, 8, 10)
    assert len(trained['data_samples']) == rows
    weak, strong = trained['inputs'].chunk(2)
    assert torch.equal(strong, weak.flip(-1))
    image = torch.as_tensor(
        np.random.default_rng(0).integers(0, 256, (8, 10, 3), dtype=np.uint8)
    )
    expected = ClsDataPreprocessor(**NORM)(
        {'inputs': image.permute(2, 0, 1)[None]}
    )
    assert torch.equal(weak[:1], expected['inputs'])
    tested = preprocessor(multi_view_batch(collate, sizes), training=False)
    assert torch.equal(tested['inputs'], weak)


def test_two_views_of_images_of_different_sizes_are_padded():
    batch = multi_view_batch(pseudo_collate, ((8, 10), (6, 12)))
    inputs = DualViewDataPreprocessor(**NORM)(batch, training=True)['inputs']
    assert inputs.shape == (4, 3, 8, 12)
    assert torch.equal(inputs[2, :, :, :10], inputs[0, :, :, :10].flip(-1))
    assert not inputs[2, :, :, 10:].any()


@pytest.mark.parametrize('collate', [default_collate, pseudo_collate])
@pytest.mark.parametrize('training', [True, False])
def test_another_number_of_views_is_refused(collate, training):
    batch = multi_view_batch(collate)
    batch['inputs'] = [*batch['inputs'], batch['inputs'][0]]
    with pytest.raises(ValueError, match='3 views of an image; expected 2'):
        DualViewDataPreprocessor()(batch, training)


def test_two_images_in_a_list_are_two_images_not_two_views():
    images = list(make_images(2))
    inputs = DualViewDataPreprocessor()({'inputs': images}, True)['inputs']
    assert torch.equal(inputs, torch.stack(images).float())


def test_mixing_images_of_a_batch_works_with_one_view_alone():
    mixup = dict(augments=dict(type='Mixup', alpha=1.0), probs=1.0)
    mixed = DualViewDataPreprocessor(batch_augments=mixup)
    np.random.seed(0)
    out = mixed(make_batch(), training=True)['inputs']
    assert out.shape == (4, 3, 8, 10)
    assert not torch.equal(out, make_images().float())
    with pytest.raises(ValueError, match='batch_augments.*weak.*strong'):
        DualViewDataPreprocessor(strong_view=STRONG, batch_augments=mixup)
    with pytest.raises(ValueError, match='batch_augments.*weak.*strong'):
        mixed(multi_view_batch(default_collate), training=True)


def test_an_augmentation_that_kornia_lacks_is_named_with_the_nearest():
    with pytest.raises(ValueError, match=r"'RandomAfine'.*'RandomAffine'"):
        DualViewDataPreprocessor(strong_view=[dict(type='RandomAfine')])


def test_the_settings_of_the_strong_view_are_left_alone():
    settings = [dict(type='RandomHorizontalFlip', p=1.0)]
    DualViewDataPreprocessor(strong_view=settings)
    assert settings == [dict(type='RandomHorizontalFlip', p=1.0)]


def test_the_strong_view_adds_nothing_to_a_checkpoint():
    preprocessor = DualViewDataPreprocessor(strong_view=STRONG, **NORM)
    stock = ClsDataPreprocessor(**NORM)
    assert set(preprocessor.state_dict()) == set(stock.state_dict())


CHEST = [
    dict(type='RandomAffine', degrees=15, translate=(0.1, 0.1), p=0.8),
    dict(type='ColorJiggle', brightness=0.3, contrast=0.3, p=0.8),
    dict(type='RandomGaussianBlur', kernel_size=(3, 3), sigma=(0.1, 2.0)),
    dict(type='RandomErasing', scale=(0.1, 0.3), p=0.8),
]


def augmented_channels(preprocessor, inputs):
    """Both views of a batch, and the channels that kornia got."""
    seen = []
    handle = preprocessor.strong_view.augment[0].register_forward_pre_hook(
        lambda _, args: seen.append(args[0].shape[1])
    )
    torch.manual_seed(3)
    views = preprocessor(dict(inputs=inputs), training=True)['inputs']
    handle.remove()
    return views, seen


@pytest.mark.parametrize('collate', [torch.stack, list])
def test_grey_images_are_augmented_in_one_channel_to_the_same_views(collate):
    preprocessor = DualViewDataPreprocessor(strong_view=CHEST, **NORM)
    grey = make_images(8)[:, :1]
    found, channels = augmented_channels(preprocessor, collate([*grey]))
    three = collate([*grey.repeat(1, 3, 1, 1)])
    expected, of_three = augmented_channels(preprocessor, three)
    assert (channels, of_three) == ([1], [3])
    assert found.shape == (16, 3, 8, 10)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-5)
    assert not torch.allclose(found[:8], found[8:], atol=0.1)


def test_grey_images_give_a_model_the_loss_of_three_equal_channels():
    config = load_config('configs/da/real/da-recipe_small-cnn16_500i_nih64.py')
    model = MODELS.build(config.model).train()
    grey = make_images(4, (64, 64))[:, :1]
    losses = []
    for images in (grey, grey.repeat(1, 3, 1, 1)):
        torch.manual_seed(0)
        row = torch.tensor([1.0, 0.0] * 5 + [NAN] * 4)
        samples = [DataSample().set_gt_score(row) for _ in images]
        data = dict(inputs=images, data_samples=samples)
        with frozen_running_stats(model):
            out = model(**model.data_preprocessor(data, True), mode='loss')
        losses.append(model.parse_losses(out)[0])
    torch.testing.assert_close(*losses, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    'kind',
    [
        dict(type='ColorJiggle', brightness=0.3, saturation=0.4, hue=0.1),
        dict(type='RandomGaussianNoise'),
        dict(type='RandomChannelDropout'),
        dict(type='RandomJPEG'),
        # A pair of zeros removes all colours: it is no neutral value.
        dict(type='ColorJiggle', saturation=(0.0, 0.0)),
        dict(type='ColorJitter', saturation=torch.tensor([0.5, 1.5])),
        dict(
            type='RandomAffine',
            degrees=45,
            padding_mode='fill',
            fill_value=[0.1, 0.5, 0.9],
        ),
        dict(type='RandomCrop', size=(16, 16), padding=4, fill=[0.1, 0.5, 1]),
    ],
)
def test_an_augmentation_of_colours_gets_three_channels_of_grey_images(kind):
    preprocessor = DualViewDataPreprocessor(
        strong_view=[*CHEST, dict(kind, p=1.0)], **NORM
    )
    grey = make_images(4, (16, 16))[:, :1]
    found, channels = augmented_channels(preprocessor, grey)
    three = grey.repeat(1, 3, 1, 1)
    assert channels == [3]
    expected, _ = augmented_channels(preprocessor, three)
    assert torch.equal(found, expected)


@pytest.mark.parametrize('other', ['of colour', 'of another size'])
def test_a_batch_that_is_not_all_grey_or_padded_gets_three_channels(other):
    preprocessor = DualViewDataPreprocessor(strong_view=CHEST, **NORM)
    images = make_images()
    batch = [image[:1] for image in images]
    batch[2] = images[2] if other == 'of colour' else batch[2][:, 1:]
    found, channels = augmented_channels(preprocessor, batch)
    assert channels == [3]
    expected, _ = augmented_channels(
        preprocessor, [image.expand(3, -1, -1) for image in batch]
    )
    assert torch.equal(found, expected)


@pytest.mark.parametrize('name', _CHANNEL_BY_CHANNEL)
def test_what_is_said_to_treat_channels_alike_does(name):
    arguments = {
        'ColorJiggle': dict(brightness=0.3, contrast=0.3),
        'ColorJitter': dict(brightness=0.3, contrast=0.3),
        'RandomGaussianBlur': dict(kernel_size=3, sigma=(0.1, 2.0)),
        'RandomMotionBlur': dict(kernel_size=3, angle=20.0, direction=0.5),
    }.get(name, {})
    layer = getattr(augmentation, name)(**arguments, p=1.0)
    grey = torch.rand(6, 1, 12, 12, generator=torch.manual_seed(0))
    torch.manual_seed(0)
    one = layer(grey)
    torch.manual_seed(0)
    three = layer(grey.repeat(1, 3, 1, 1))
    torch.testing.assert_close(three, one.expand_as(three))


def test_the_strong_view_draws_what_kornias_container_draws():
    view = StrongView(CHEST)
    stock = augmentation.AugmentationSequential(
        *view.augment, data_keys=['input'], same_on_batch=False
    )
    images = make_images().float()
    torch.manual_seed(0)
    found = view(images)
    torch.manual_seed(0)
    expected = stock(images / 255).clamp(0, 1) * 255
    assert torch.equal(found, expected)
