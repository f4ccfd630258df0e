import copy
import logging

import pytest
import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from mmengine.runner import load_checkpoint
from torch import nn

from mmda.models import DynamicAdapter
from mmda.models.adapters import decode_names, encode_names

OLD = ('Atelectasis', 'Edema', 'Effusion', 'Mass')
PERMUTED = ('Mass', 'Atelectasis', 'Effusion', 'Edema')
LARGER = ('Nodule', 'Mass', 'Edema', 'Fracture', 'Effusion', 'Atelectasis')
SMALLER = ('Mass', 'Edema')
CHANNELS = 96


def trained(classes, channels=CHANNELS, seed=0, bias=True):
    """An adapter in which every parameter has left its start."""
    torch.manual_seed(seed)
    adapter = DynamicAdapter(len(classes), channels, classes, bias=bias)
    with torch.no_grad():
        for parameter in adapter.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))
    return adapter


def features(*trailing, seed=1, rows=7, channels=CHANNELS):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(rows, channels, *trailing, generator=generator)


@pytest.fixture(params=['torch', 'mmengine'])
def load(request, tmp_path):
    """Load one adapter's checkpoint into another, in one of both ways."""

    def with_torch(source, target):
        target.load_state_dict(source.state_dict())

    def with_mmengine(source, target):
        # Inside of a model, as the runner does it.
        path = str(tmp_path / 'checkpoint.pth')
        torch.save({'state_dict': _model(source).state_dict()}, path)
        load_checkpoint(_model(target), path, strict=True)

    return with_torch if request.param == 'torch' else with_mmengine


def _model(adapter):
    return nn.ModuleDict({'head': nn.ModuleDict({'adapter': adapter})})


def test_at_the_start_it_is_a_plain_linear_layer():
    adapter = DynamicAdapter(5, CHANNELS)
    feats = features()
    linear = F.linear(feats, adapter.kernel.flatten(1).T, adapter.bias)
    torch.testing.assert_close(adapter(feats), linear)
    assert torch.equal(adapter.task_encoding, torch.eye(5))


@pytest.mark.parametrize(('classes', 'channels'), [(200, 1024), (300, 32)])
def test_start_answers_have_the_scale_of_a_linear_layer(classes, channels):
    torch.manual_seed(0)
    feats = features(rows=64, channels=channels)
    adapter = DynamicAdapter(classes, channels)
    linear = nn.Linear(channels, classes)
    ratio = adapter(feats).std() / linear(feats).std()
    assert 0.85 < ratio < 1.15


def test_the_start_does_not_fall_into_the_fan_in_trap():
    # PyTorch initialises a convolution n -> m by its fan-in n. With 20
    # classes and 1024 channels the answers would start sqrt(1024 / 20) = 7
    # times too large.
    torch.manual_seed(0)
    trap = nn.Conv2d(20, 1024, 1)
    adapter = DynamicAdapter(20, 1024)
    ratio = trap.weight.std() / adapter.kernel.std()
    assert ratio.item() == pytest.approx((1024 / 20) ** 0.5, rel=0.05)
    assert adapter.kernel.abs().max() <= 1024**-0.5
    # The class bias: no shared one per channel, nothing at the start.
    assert adapter.bias.shape == (20,)
    assert not adapter.bias.any()


@pytest.mark.parametrize('layer', ['Linear', 'Conv2d', 'DynamicAdapter'])
def test_a_host_cannot_overwrite_the_start_by_its_init_cfg(layer):
    host = BaseModule(dict(type='Normal', layer=layer, std=0.01))
    host.adapter = DynamicAdapter(20, 256)
    before = copy.deepcopy(host.state_dict())
    host.init_weights()
    for key in ('adapter.kernel', 'adapter.task_encoding'):
        assert torch.equal(host.state_dict()[key], before[key])


@pytest.mark.parametrize('trailing', [(), (3, 2)])
def test_every_parameter_gets_a_gradient(trailing):
    adapter = DynamicAdapter(4, CHANNELS)
    feats = features(*trailing).requires_grad_()
    adapter(feats).square().sum().backward()
    assert {name for name, _ in adapter.named_parameters()} == {
        'task_encoding',
        'kernel',
        'bias',
    }
    for parameter in [*adapter.parameters(), feats]:
        assert parameter.grad.isfinite().all()
        assert parameter.grad.abs().sum() > 0
    # A question learns from the other classes' kernels too.
    off_diagonal = ~torch.eye(4, dtype=torch.bool)
    assert (adapter.task_encoding.grad[off_diagonal] != 0).all()


@pytest.mark.parametrize('training', [True, False])
@pytest.mark.parametrize('bias', [True, False])
def test_vectors_and_maps_get_the_same_answers(training, bias):
    adapter = trained(OLD, bias=bias).train(training)
    maps = features(3, 2)
    answers = adapter(maps)
    assert answers.shape == (7, 4, 3, 2)
    for row, column in [(0, 0), (2, 1)]:
        torch.testing.assert_close(
            adapter(maps[..., row, column]), answers[..., row, column]
        )


def test_the_answer_is_the_inner_product_of_feature_and_questioned_weights():
    # Eq. (1) by hand: w(q)_ij = sum_k q_ik * kernel_jk
    adapter = trained(OLD)
    feats = features(rows=2)
    for i in range(4):
        for row in range(2):
            expected = adapter.bias[i].item() + sum(
                adapter.task_encoding[i, k].item()
                * (adapter.kernel[:, k, 0, 0] @ feats[row]).item()
                for k in range(4)
            )
            assert adapter(feats)[row, i].item() == pytest.approx(
                expected, rel=1e-5, abs=1e-5
            )


def test_training_and_evaluation_compute_alike():
    adapter = trained(OLD)
    for feats in (features(), features(3, 2)):
        assert torch.equal(adapter.train()(feats), adapter.eval()(feats))


def test_evaluation_runs_in_mixed_precision():
    adapter = trained(OLD).eval()
    feats = features()
    with torch.autocast('cpu', torch.bfloat16):
        answers = adapter(feats.bfloat16())
    torch.testing.assert_close(
        answers.float(), adapter(feats), rtol=0.05, atol=0.1
    )


@pytest.mark.parametrize('bias', [True, False])
def test_folded_it_is_a_linear_layer_with_equal_answers(bias):
    adapter = trained(OLD, bias=bias).eval()
    linear = nn.Linear(CHANNELS, 4)
    weight, offset = adapter.fold()
    linear.load_state_dict({'weight': weight, 'bias': offset})
    feats = features()
    scale = adapter(feats).abs().max().item()
    gap = (linear(feats) - adapter(feats)).abs().max().item()
    assert gap <= 1e-6 * scale


def test_folding_shares_nothing_with_the_adapter():
    adapter = trained(OLD)
    before = copy.deepcopy(adapter.state_dict())
    for tensor in adapter.fold():
        assert not tensor.requires_grad
        tensor.zero_()
    for key, value in adapter.state_dict().items():
        assert torch.equal(value, before[key])


def test_a_state_dict_makes_the_round_trip(load):
    source, target = trained(OLD), DynamicAdapter(4, CHANNELS, OLD)
    load(source, target)
    for key, value in source.state_dict().items():
        assert torch.equal(target.state_dict()[key], value)
    assert decode_names(target.class_names) == OLD


@pytest.mark.parametrize('space', [PERMUTED, LARGER])
@pytest.mark.parametrize('trailing', [(), (3, 2)])
def test_old_classes_keep_their_answers(load, space, trailing):
    source = trained(OLD).eval()
    target = trained(space, seed=5).eval()
    load(source, target)
    feats = features(*trailing)
    with torch.no_grad():
        before, after = source(feats), target(feats)
    scale = before.abs().max()
    for name in OLD:
        torch.testing.assert_close(
            after[:, space.index(name)] / scale,
            before[:, OLD.index(name)] / scale,
            rtol=0,
            atol=1e-6,
        )


def test_old_classes_keep_their_answers_in_a_space_of_realistic_size(load):
    old = tuple(f'class {i}' for i in range(14))
    larger = tuple(f'class {i}' for i in reversed(range(20)))
    source = trained(old, channels=1024).eval()
    target = DynamicAdapter(20, 1024, larger).eval()
    load(source, target)
    feats = features(rows=33, channels=1024)
    columns = [larger.index(name) for name in old]
    with torch.no_grad():
        before, after = source(feats), target(feats)[:, columns]
    assert (after - before).abs().max() <= 1e-6 * before.abs().max()


def test_new_classes_start_afresh_and_the_log_says_so(load, mm_log):
    source, target = trained(OLD), DynamicAdapter(6, CHANNELS, LARGER)
    start = copy.deepcopy(target.state_dict())
    mm_log.set_level(logging.INFO)
    load(source, target)
    new = [LARGER.index('Nodule'), LARGER.index('Fracture')]
    old = [LARGER.index(name) for name in OLD]
    assert torch.equal(target.kernel[:, new], start['kernel'][:, new])
    assert torch.equal(target.task_encoding[new], torch.eye(6)[new])
    assert not target.task_encoding[old][:, new].any()
    assert not target.bias[new].any()
    assert decode_names(target.class_names) == LARGER
    (said,) = (
        m for m in mm_log.messages if "anew: ['Nodule', 'Fracture']" in m
    )
    assert 'not in this label space: []' in said


def test_a_smaller_space_keeps_the_answers_and_says_what_is_gone(load, mm_log):
    source, target = trained(OLD).eval(), trained(SMALLER, seed=5).eval()
    mm_log.set_level(logging.INFO)
    load(source, target)
    feats = features()
    columns = [OLD.index(name) for name in SMALLER]
    torch.testing.assert_close(
        target(feats), source(feats)[:, columns], rtol=0, atol=1e-5
    )
    assert "space: ['Atelectasis', 'Effusion']" in mm_log.text


def test_a_space_without_a_common_class_starts_afresh_with_a_warning(
    load, mm_log
):
    source, target = trained(OLD), DynamicAdapter(2, CHANNELS, ('x', 'y'))
    start = copy.deepcopy(target.state_dict())
    load(source, target)
    for key, value in target.state_dict().items():
        assert torch.equal(value, start[key])
    assert "anew: ['x', 'y']" in mm_log.text


def test_loading_leaves_the_checkpoint_alone():
    state = trained(OLD).state_dict()
    before = copy.deepcopy(state)
    DynamicAdapter(6, CHANNELS, LARGER).load_state_dict(state)
    assert list(state) == list(before)
    for key, value in before.items():
        assert torch.equal(state[key], value)


def test_without_names_classes_are_matched_by_position():
    nameless = DynamicAdapter(4, CHANNELS)
    named = DynamicAdapter(4, CHANNELS, PERMUTED)
    named.load_state_dict(nameless.state_dict())
    assert torch.equal(named.kernel, nameless.kernel)
    assert decode_names(named.class_names) == PERMUTED
    with pytest.raises(RuntimeError, match='size mismatch'):
        DynamicAdapter(5, CHANNELS).load_state_dict(nameless.state_dict())


def test_an_adapter_without_names_takes_those_of_its_checkpoint(load):
    source, target = trained(OLD), DynamicAdapter(4, CHANNELS)
    load(source, target)
    assert torch.equal(target.kernel, source.kernel)
    assert target.classes == OLD
    # So its own checkpoint is matched by name again.
    permuted = DynamicAdapter(4, CHANNELS, PERMUTED)
    permuted.load_state_dict(target.state_dict())
    answers = permuted.eval()(features())
    columns = [PERMUTED.index(name) for name in OLD]
    torch.testing.assert_close(
        answers[:, columns], source.eval()(features()), rtol=0, atol=1e-5
    )


def test_names_survive_as_a_tensor():
    names = ('Ödem', '肺', 'a "quoted", name', 'Edema (CheXpert)')
    tensor = encode_names(names)
    assert tensor.dtype == torch.uint8
    assert decode_names(tensor) == names
    assert decode_names(encode_names(None)) == ()


def test_another_number_of_names_than_classes_is_refused():
    with pytest.raises(ValueError, match=r'2 names.*num_classes=3'):
        DynamicAdapter(3, 8, classes=('a', 'b'))


def test_an_evaluation_computes_the_class_weights_once(monkeypatch):
    adapter = DynamicAdapter(num_classes=3, in_channels=4).eval()
    feats = torch.rand(2, 4)

    def by_hand():
        weights = adapter.task_encoding @ adapter.kernel.flatten(1).T
        return feats @ weights.T + adapter.bias

    with torch.no_grad():
        first = adapter.class_weights()
        assert adapter.class_weights() is first
        # Whatever changes the parameters, the answers follow.
        adapter.kernel.add_(1)
        torch.testing.assert_close(adapter(feats), by_hand())
        adapter.load_state_dict(
            DynamicAdapter(num_classes=3, in_channels=4).state_dict()
        )
        torch.testing.assert_close(adapter(feats), by_hand())
        adapter.task_encoding.data.mul_(2)  # as a moving average does
        adapter.eval()
        torch.testing.assert_close(adapter(feats), by_hand())
        given = {k: 2 * v for k, v in adapter.state_dict().items()}
        given['class_names'] = adapter.class_names
        torch.func.functional_call(adapter, given, (feats,))
        torch.testing.assert_close(adapter(feats), by_hand())
        adapter.load_state_dict(given, assign=True)
        torch.testing.assert_close(adapter(feats), by_hand())
        adapter.kernel.data.mul_(2)  # and no mode is set
        weights, bias = adapter.fold()
        torch.testing.assert_close(feats @ weights.T + bias, by_hand())
        adapter.eval()
        feats = feats.double()
        adapter.double()
        with torch.autocast('cpu', torch.bfloat16):
            adapter.eval()
            adapter.class_weights()
        torch.testing.assert_close(adapter(feats), by_hand())
    adapter(feats).sum().backward()
    assert adapter.kernel.grad.abs().sum() > 0
