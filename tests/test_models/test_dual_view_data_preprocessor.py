import numpy as np
import pytest
import torch
from mmengine.dataset import Compose, default_collate, pseudo_collate
from mmpretrain.models import ClsDataPreprocessor
from mmpretrain.structures import DataSample

from mmda.models import DualViewDataPreprocessor

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
