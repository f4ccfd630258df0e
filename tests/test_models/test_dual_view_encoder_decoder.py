import copy

import pytest
import torch
from small_segmentors import (
    ASPP,
    FCN,
    OCR,
    adapted,
    batch,
    build,
    model_config,
)
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from mmda.models.losses import PartialBCEPseudoConsistLoss

CONFIG = model_config(
    adapted(dict(ASPP, dropout_ratio=0)), adapted(dict(FCN, dropout_ratio=0))
)


def prepared(model):
    return model.data_preprocessor(copy.deepcopy(batch()), training=True)


def statistics(model):
    return {
        key: value.clone()
        for key, value in model.state_dict().items()
        if 'running_' in key or 'num_batches' in key
    }


def test_the_running_statistics_are_those_of_a_pass_with_weak_views_alone():
    model = build(CONFIG).train()
    other = copy.deepcopy(model)
    data = prepared(model)
    model.loss(**data)
    weak = {**data, 'inputs': data['inputs'][:2]}
    other.loss(**weak)
    found, expected = statistics(model), statistics(other)
    assert any('decode_head' in key for key in found)
    for key, value in expected.items():
        torch.testing.assert_close(found[key], value, rtol=0, atol=0)
    for module in model.modules():
        if isinstance(module, _BatchNorm):
            assert module.track_running_stats


def test_each_view_is_normalised_by_its_own_batch_in_backbone_and_head():
    model = build(CONFIG).train()
    data = prepared(model)
    seen = []
    layers = [
        model.backbone.layer1[0].bn1,
        model.decode_head.head.sep_bottleneck[-1].pointwise_conv.bn,
    ]
    for layer in layers:
        layer.register_forward_hook(
            lambda _, args, out: seen.append(len(args[0]))
        )
    model.loss(**data)
    assert seen == [2, 2, 2, 2]


def test_the_loss_sees_the_weak_and_the_strong_answers_in_order():
    model = build(CONFIG).train()
    data = prepared(model)
    seen = []

    class Spy(PartialBCEPseudoConsistLoss):
        def terms(self, cls_score, target):
            seen.append(cls_score)
            return super().terms(cls_score, target)

    model.decode_head.head.loss_decode = Spy()
    model.loss(**data)
    weak = copy.deepcopy(model).decode_head(
        model.extract_feat(data['inputs'][:2])
    )
    size = data['inputs'].shape[2:]
    expected = nn.functional.interpolate(weak, size, mode='bilinear')
    torch.testing.assert_close(seen[0][:2], expected)
    assert not torch.allclose(seen[0][2:], expected)


def test_dropout_acts_on_both_views():
    config = model_config(adapted(dict(FCN, dropout_ratio=0.5)))
    model = build(config).train()
    calls = []
    model.decode_head.head.dropout.register_forward_hook(
        lambda *args: calls.append(model.decode_head.head.dropout.training)
    )
    model.loss(**prepared(model))
    assert calls == [True, True]


CASCADE = model_config(
    [adapted(dict(FCN, dropout_ratio=0)), adapted(dict(OCR, dropout_ratio=0))]
)


def test_the_statistics_of_a_cascade_are_those_of_weak_views_alone():
    model = build(CASCADE).train()
    other = copy.deepcopy(model)
    data = prepared(model)
    losses = model.loss(**data)
    # The stock pass without a loss, once through all stages.
    other(data['inputs'][:2], mode='tensor')
    found, expected = statistics(model), statistics(other)
    for part in ('backbone', 'decode_head.0', 'decode_head.1'):
        assert any(key.startswith(part) for key in found)
    for key, value in expected.items():
        torch.testing.assert_close(found[key], value, rtol=0, atol=0)
    for stage in ('decode_0', 'decode_1'):
        assert f'{stage}.loss_consist' in losses


def test_a_stage_of_a_cascade_gets_the_answers_before_to_the_same_view():
    model = build(CASCADE).train()
    answers, before = [], []
    first, second = model.decode_head
    first.register_forward_hook(lambda *args: answers.append(args[-1]))
    second.register_forward_hook(lambda _, args, __: before.append(args[1]))
    model.loss(**prepared(model))
    assert len(answers) == len(before) == 2
    for one, other in zip(answers, before, strict=True):
        assert one is other


@pytest.mark.parametrize('config', [CONFIG, CASCADE])
def test_a_batch_of_one_view_equals_the_stock_segmentor(config):
    model = build(config).train()
    kind = config['type'].removeprefix('DualView')
    stock = build(dict(config, type=kind)).train()
    stock.load_state_dict(model.state_dict())
    data = prepared(model)
    data['inputs'] = data['inputs'][:2]
    one, other = model.loss(**data), stock.loss(**data)
    assert one.keys() == other.keys()
    for key, value in other.items():
        torch.testing.assert_close(one[key], value)


@pytest.mark.parametrize('config', [CONFIG, CASCADE])
def test_a_stock_segmentor_with_two_views_is_an_error(config):
    kind = config['type'].removeprefix('DualView')
    model = build(dict(config, type=kind)).train()
    with pytest.raises(ValueError, match='4 rows for 2 samples.*DualView'):
        model.loss(**prepared(model))


def test_two_views_and_a_stock_auxiliary_head_are_an_error():
    model = build(model_config(adapted(ASPP), FCN)).train()
    with pytest.raises(ValueError, match='aux: FCNHead takes one view'):
        model.loss(**prepared(model))
