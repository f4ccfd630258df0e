import copy
import gc
import weakref

import pytest
import torch
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample

from mmda.engine.hooks.check_label_space_hook import head_classes
from mmda.models import MultiNetworkClassifier

NAN = float('nan')
CLASSES = ('a', 'b', 'c')
# a: images 0 to 2, b: image 3, c: nobody
TARGET = torch.tensor(
    [[1.0, NAN, NAN], [0.0, NAN, NAN], [1.0, NAN, NAN], [NAN, 1.0, NAN]]
)
BACKBONE = dict(
    type='ResNet_CIFAR',
    depth=18,
    in_channels=1,
    stem_channels=2,
    base_channels=2,
    num_stages=2,
    strides=(2, 2),
    dilations=(1, 1),
    out_indices=(1,),
    style='pytorch',
)


def make_config(classes=CLASSES, **head):
    return dict(
        type='MultiNetworkClassifier',
        _scope_='mmpretrain',
        data_preprocessor=dict(type='DualViewDataPreprocessor'),
        backbone=BACKBONE,
        neck=dict(type='GlobalAveragePooling'),
        head=dict(
            type='PartialLabelLinearHead',
            num_classes=len(classes),
            in_channels=4,
            classes=classes,
            **head,
        ),
    )


def make_model(classes=CLASSES, **head):
    torch.manual_seed(0)
    return MODELS.build(make_config(classes, **head))


def make_images(rows=4, seed=1):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(rows, 1, 8, 8, generator=generator)


def make_samples(target=TARGET):
    return [DataSample().set_gt_score(score) for score in target]


def gradients(module):
    return {k: p.grad for k, p in module.named_parameters()}


def test_each_network_learns_what_it_learns_from_its_images_alone():
    model, images = make_model(), make_images()
    alone = copy.deepcopy(model.networks[0])
    losses = model.loss(images, make_samples())
    assert set(losses) == {'loss_bce', 'annotated_fraction'}
    assert losses['annotated_fraction'].item() == pytest.approx(4 / 12)
    losses['loss_bce'].backward()

    own = [DataSample().set_gt_score(TARGET[i, :1]) for i in range(3)]
    expected = alone.loss(images[:3], own)['loss_bce']
    expected.backward()
    for key, value in gradients(alone).items():
        torch.testing.assert_close(
            gradients(model.networks[0])[key], value, msg=key
        )
    for key, value in alone.named_buffers():
        torch.testing.assert_close(
            dict(model.networks[0].named_buffers())[key], value, msg=key
        )


def test_the_loss_is_the_sum_over_the_networks_and_scales_as_usual():
    model, images = make_model(), make_images()
    parts = [
        copy.deepcopy(net).loss(images[rows], samples)['loss_bce'].item()
        for net, rows, samples in (
            (
                model.networks[0],
                slice(0, 3),
                [DataSample().set_gt_score(t[:1]) for t in TARGET[:3]],
            ),
            (
                model.networks[1].eval(),
                slice(3, 4),
                [DataSample().set_gt_score(TARGET[3, 1:2])],
            ),
        )
    ]
    model.train()
    twin = copy.deepcopy(model)
    loss = model.loss(images, make_samples())['loss_bce']
    assert loss.item() == pytest.approx(sum(parts), rel=1e-5)
    # A loss scale or an accumulation reaches the gradients.
    loss.backward()
    (2 * twin.loss(images, make_samples())['loss_bce']).backward()
    once = gradients(model)['networks.0.head.classifier.weight']
    twice = gradients(twin)['networks.0.head.classifier.weight']
    torch.testing.assert_close(twice, 2 * once)


def test_one_image_trains_by_the_running_statistics_and_none_not_at_all():
    model = make_model()
    before = copy.deepcopy(model.state_dict())
    model.loss(make_images(), make_samples())['loss_bce'].backward()
    assert (
        gradients(model.networks[1])['head.classifier.weight'].abs().sum() > 0
    )
    for key, value in model.state_dict().items():
        if not key.startswith('networks.0'):
            assert torch.equal(value, before[key]), key
    for key, value in gradients(model.networks[2]).items():
        assert value.abs().sum() == 0, key  # 0, not None, for all ranks
    assert all(network.training for network in model.networks)


def test_a_single_image_does_not_fail_where_maps_have_one_pixel():
    model = make_model()
    losses = model.loss(make_images()[:, :, :2, :2], make_samples())
    assert losses['loss_bce'].isfinite()


def test_a_step_keeps_the_activations_of_no_network():
    class Saved:
        def __init__(self, tensor):
            self.tensor = tensor

    saved = []

    def pack(tensor):
        box = Saved(tensor)
        saved.append((tensor.numel(), weakref.ref(box)))
        return box

    model = make_model()
    images = make_images()[..., :1].repeat(1, 1, 8, 64)  # 64 x 64
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda b: b.tensor):
        losses = model.loss(images, make_samples())
    gc.collect()
    weights = sum(p.numel() for p in model.parameters())
    kept = sum(numel for numel, box in saved if box() is not None)
    assert sum(numel for numel, _ in saved) > 50 * weights
    # A gradient and the weight it belongs to, nothing that has pixels.
    assert 0 < kept <= 3 * weights
    losses['loss_bce'].backward()


def test_two_views_are_those_of_the_networks():
    model, images = make_model(), make_images(8)
    alone = copy.deepcopy(model.networks[0])
    losses = model.loss(images, make_samples())
    own = [DataSample().set_gt_score(TARGET[i, :1]) for i in range(3)]
    rows = torch.tensor([0, 1, 2, 4, 5, 6])
    alone.loss(images[rows], own)
    assert {'loss_pseudo', 'loss_consist'} <= set(losses)
    assert losses['loss_pseudo'].item() == 0
    for key, value in alone.named_buffers():
        torch.testing.assert_close(
            dict(model.networks[0].named_buffers())[key], value, msg=key
        )


def test_a_prediction_joins_the_answers_of_the_networks():
    model = make_model(thr=0.4).eval()
    images = make_images()
    expected = torch.cat([net(images) for net in model.networks], dim=1)
    assert torch.equal(model(images), expected)
    found = model(images, make_samples(), mode='predict')
    for row, sample in enumerate(found):
        scores = expected[row].sigmoid()
        torch.testing.assert_close(sample.pred_score, scores)
        above = (scores >= 0.4).nonzero().flatten()
        assert sample.pred_label.tolist() == above.tolist()
    assert head_classes(model) == ('head', CLASSES)


def test_another_label_space_is_matched_by_name():
    source, target = make_model().eval(), make_model(('c', 'z', 'a')).eval()
    fresh = target(make_images())[:, 1]
    target.load_state_dict(source.state_dict())
    answers = target(make_images())
    assert torch.equal(answers[:, [0, 2]], source(make_images())[:, [2, 0]])
    assert torch.equal(answers[:, 1], fresh)


def test_the_networks_start_from_weights_of_their_own():
    model = make_model()
    weights = [net.head.classifier.weight for net in model.networks]
    assert not torch.equal(weights[0], weights[1])
    assert len(model.networks) == 3


def test_a_head_without_names_is_refused():
    config = make_config()
    config['head']['classes'] = None
    with pytest.raises(ValueError, match=r'model\.head\.classes is missing'):
        MODELS.build(config)


def test_what_the_networks_cannot_train_with_is_refused():
    config = make_config()
    config['backbone'] = dict(BACKBONE, with_cp=True)
    with pytest.raises(ValueError, match='backbone.with_cp=True'):
        MODELS.build(config)
    model = torch.nn.SyncBatchNorm.convert_sync_batchnorm(make_model())
    model.eval()
    with pytest.raises(ValueError, match='expected no sync_bn'):
        model.train()


def test_an_unknown_mode_is_refused():
    with pytest.raises(RuntimeError, match='Invalid mode "answer"'):
        make_model()(make_images(), mode='answer')
    assert isinstance(make_model(), MultiNetworkClassifier)


def test_rules_hold_between_the_answers_of_the_networks():
    rules = dict(implies={'b': ['a']})
    model = make_model(rules=rules).eval()
    assert all(net.head.rules is None for net in model.networks)
    plain = make_model().eval()
    plain.load_state_dict(model.state_dict())
    images = make_images(64)
    samples = [DataSample() for _ in images]
    found = model.predict(images, copy.deepcopy(samples))
    answers = torch.stack([s.pred_score for s in found])
    free = plain.predict(images, copy.deepcopy(samples))
    free = torch.stack([s.pred_score for s in free])
    expected = torch.stack(
        [free[:, 0], torch.minimum(free[:, 0], free[:, 1]), free[:, 2]], dim=1
    )
    assert (free[:, 1] > free[:, 0]).any()
    torch.testing.assert_close(answers, expected)
    assert answers.dtype == torch.float32
