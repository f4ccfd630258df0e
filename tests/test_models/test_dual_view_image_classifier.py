import copy

import pytest
import torch
from mmengine.optim import OptimWrapper
from mmengine.runner.activation_checkpointing import (
    turn_on_activation_checkpointing,
)
from mmpretrain.models import ImageClassifier
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.checkpoint import checkpoint

from mmda.models.utils import frozen_running_stats

NAN = float('nan')
GAP = dict(type='GlobalAveragePooling')
BN_NECK = dict(
    type='LinearNeck',
    in_channels=32,
    out_channels=32,
    norm_cfg=dict(type='BN1d'),
    act_cfg=dict(type='ReLU'),
)


def make_model(kind='DualViewImageClassifier', neck=GAP, **backbone):
    torch.manual_seed(0)
    config = dict(
        type=kind,
        _scope_='mmpretrain',
        backbone=dict(
            type='ResNet_CIFAR',
            depth=18,
            stem_channels=4,
            base_channels=4,
            out_indices=(3,),
            **backbone,
        ),
        neck=neck,
        head=dict(type='DynamicAdapterHead', num_classes=3, in_channels=32),
        data_preprocessor=dict(
            type='DualViewDataPreprocessor',
            mean=[127.5] * 3,
            std=[60.0] * 3,
            strong_view=[dict(type='RandomHorizontalFlip', p=1.0)],
        ),
    )
    return MODELS.build(config).train()


def make_views(rows=6, seed=1):
    """Weak and strong images; the strong ones are plainly different."""
    generator = torch.Generator().manual_seed(seed)
    weak = torch.randn(rows, 3, 8, 8, generator=generator)
    strong = 3 * torch.randn(rows, 3, 8, 8, generator=generator) + 2
    return weak, strong


def make_samples(rows=6):
    scores = torch.tensor([[1.0, NAN, 0.0], [NAN, 0.0, NAN]])
    return [
        DataSample().set_gt_score(score)
        for score in scores.repeat(rows // 2, 1)
    ]


def total(losses):
    return sum(value for key, value in losses.items() if 'loss' in key)


def statistics(model):
    """Running means, variances and counts of all normalisation layers."""
    found = {
        key: value.clone()
        for key, value in model.state_dict().items()
        if 'running' in key or 'num_batches' in key
    }
    assert found
    return found


def assert_equal_states(one, other):
    assert one.keys() == other.keys()
    for key, value in one.items():
        assert torch.equal(value, other[key]), key


@pytest.mark.parametrize('neck', [GAP, BN_NECK], ids=['pool', 'linear'])
def test_running_statistics_are_those_of_a_weak_pass_alone(neck):
    model = make_model(neck=neck)
    before = statistics(model)
    weak_only, stock = copy.deepcopy(model), copy.deepcopy(model)
    weak, strong = make_views()
    both = torch.cat([weak, strong])
    total(model.loss(both, make_samples())).backward()
    weak_only.extract_feat(weak)
    assert_equal_states(statistics(model), statistics(weak_only))
    # The comparison can fail: something moved, and one batch of both views
    # moves it elsewhere.
    stock.extract_feat(both)
    for other in (before, statistics(stock)):
        assert any(
            not torch.equal(value, other[key])
            for key, value in statistics(model).items()
        )


def test_the_strong_views_are_normalised_by_their_own_batch():
    model = make_model()
    weak, strong = make_views()
    losses = model.loss(torch.cat([weak, strong]), make_samples())
    twin = make_model()
    feats = torch.cat(
        [twin.extract_feat(weak)[-1], twin.extract_feat(strong)[-1]]
    )
    torch.testing.assert_close(
        losses, twin.head.loss((feats,), make_samples())
    )


def test_the_strong_pass_leaves_the_layers_ready_for_the_next_step():
    model = make_model()
    weak, strong = make_views()
    for _ in range(2):
        model.loss(torch.cat([weak, strong]), make_samples())
    layers = [m for m in model.modules() if isinstance(m, _BatchNorm)]
    assert all(layer.track_running_stats for layer in layers)
    assert all(layer.num_batches_tracked == 2 for layer in layers)


def test_frozen_layers_stay_frozen():
    model = make_model(norm_eval=True)
    before = statistics(model)
    weak, strong = make_views()
    model.loss(torch.cat([weak, strong]), make_samples())
    assert_equal_states(statistics(model), before)


def test_activation_checkpoints_change_neither_statistics_nor_gradients():
    # Such a backbone runs its forward once more in the backward pass, when
    # nothing tells a strong view from a weak one.
    plain, saving, host = make_model(), make_model(with_cp=True), make_model()
    # `activation_checkpointing` of a config, which leaves no flag.
    turn_on_activation_checkpointing(host, ['backbone.layer1'])
    for seed in (1, 2):
        both = torch.cat(make_views(seed=seed))
        for model in (plain, saving, host):
            model.zero_grad()
            total(model.loss(both, make_samples())).backward()
    for model in (saving, host):
        assert_equal_states(statistics(model), statistics(plain))
        for one, other in zip(
            model.parameters(), plain.parameters(), strict=True
        ):
            assert torch.equal(one.grad, other.grad)
    # The comparison can fail: the stock class counts a batch twice.
    stock = make_model('ImageClassifier', with_cp=True)
    total(stock.loss(make_views()[0], make_samples())).backward()
    counts = {
        int(value)
        for key, value in statistics(stock).items()
        if 'num_batches' in key
    }
    assert counts == {1, 2}


@pytest.mark.parametrize('use_reentrant', [True, False])
@pytest.mark.parametrize('momentum', [0.1, None])
def test_both_kinds_of_activation_checkpoints_keep_the_statistics(
    use_reentrant, momentum
):
    states = []
    for saves in (False, True):
        torch.manual_seed(0)
        layers = torch.nn.Sequential(
            torch.nn.Linear(3, 3),
            torch.nn.BatchNorm1d(3, momentum=momentum),
            torch.nn.ReLU(),
        )
        layers.with_cp = saves

        def run(x, layers=layers, saves=saves):
            if saves:
                return checkpoint(layers, x, use_reentrant=use_reentrant)
            return layers(x)

        for _ in range(2):
            weak = torch.rand(4, 3, requires_grad=True)
            strong = 5 * torch.rand(4, 3) + weak
            answer = run(weak)
            with frozen_running_stats(layers):
                answer = answer + run(strong)
            answer.square().sum().backward()
        gradients = [v.grad for v in layers.parameters()]
        states.append((statistics(layers), gradients, weak.grad))
    # The order of a sum differs, so the last bit of a gradient may.
    torch.testing.assert_close(*states)
    assert states[1][0]['1.num_batches_tracked'] == 2


def test_a_failed_strong_pass_leaves_the_layers_as_they_were():
    layer = torch.nn.BatchNorm1d(2)
    with pytest.raises(RuntimeError), frozen_running_stats(layer):
        raise RuntimeError
    layer(torch.rand(4, 2) + 5)
    assert layer.running_mean.min() > 0


def test_both_views_send_gradients():
    model = make_model()
    weak, strong = (view.requires_grad_() for view in make_views())
    total(model.loss(torch.cat([weak, strong]), make_samples())).backward()
    for view in (weak, strong):
        assert view.grad.isfinite().all()
        assert view.grad.abs().sum() > 0
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name


def test_a_batch_of_one_view_is_treated_as_by_the_stock_classifier():
    ours, stock = make_model(), make_model('ImageClassifier')
    assert type(stock) is ImageClassifier
    weak, _ = make_views()
    results = []
    for model in (ours, stock):
        losses = model.loss(weak, make_samples())
        total(losses).backward()
        gradients = {
            name: parameter.grad
            for name, parameter in model.named_parameters()
        }
        results.append((losses, statistics(model), gradients))
    for one, other in zip(*results, strict=True):
        assert_equal_states(one, other)
    assert 'loss_consist' not in results[0][0]


def test_predictions_equal_those_of_the_stock_classifier():
    ours = make_model().eval()
    stock = make_model('ImageClassifier').eval()
    weak, _ = make_views()
    assert torch.equal(ours(weak), stock(weak))
    for one, other in zip(
        ours(weak, make_samples(), mode='predict'),
        stock(weak, make_samples(), mode='predict'),
        strict=True,
    ):
        assert torch.equal(one.pred_score, other.pred_score)


def test_the_order_of_the_batch_does_not_matter():
    weak, strong = make_views()
    order = torch.tensor([4, 1, 0, 5, 2, 3])
    samples = make_samples()
    losses = make_model().loss(torch.cat([weak, strong]), samples)
    shuffled = make_model().loss(
        torch.cat([weak[order], strong[order]]),
        [samples[i] for i in order],
    )
    torch.testing.assert_close(losses, shuffled, rtol=1e-4, atol=1e-6)


def test_a_step_learns_and_logs_terms_and_diagnostics():
    model = make_model()
    generator = torch.Generator().manual_seed(0)
    shape = (6, 3, 8, 8)
    images = torch.randint(0, 256, shape, generator=generator)
    batch = dict(inputs=images.byte(), data_samples=make_samples())
    optimizer = OptimWrapper(torch.optim.Adam(model.parameters(), 1e-2))
    before = copy.deepcopy(dict(model.named_parameters()))
    logs = [model.train_step(batch, optimizer) for _ in range(8)]
    assert set(logs[0]) == {
        'loss',
        'loss_bce',
        'loss_pseudo',
        'loss_consist',
        'annotated_fraction',
        'unannotated_answer',
        'above_tau_fraction',
    }
    terms = ('loss_bce', 'loss_pseudo', 'loss_consist')
    assert logs[0]['loss'].item() == pytest.approx(
        sum(logs[0][key].item() for key in terms)
    )
    assert logs[-1]['loss_bce'] < 0.5 * logs[0]['loss_bce']
    for name, parameter in model.named_parameters():
        assert not torch.equal(parameter, before[name]), name


def test_a_state_dict_makes_the_round_trip_into_the_stock_classifier():
    ours = make_model()
    weak, strong = make_views()
    ours.loss(torch.cat([weak, strong]), make_samples())
    stock = make_model('ImageClassifier')
    stock.load_state_dict(ours.state_dict())
    assert torch.equal(stock.eval()(weak), ours.eval()(weak))
