"""A segmentor with adapters starts from a checkpoint of the stock one."""

import copy

import pytest
import torch
from mmengine.runner import load_checkpoint
from small_segmentors import (
    ASPP,
    FCN,
    SIZE,
    adapted,
    batch,
    build,
    model_config,
)

CONFIG = model_config(adapted(ASPP), adapted(FCN))
STOCK = model_config(
    ASPP,
    FCN,
    type='EncoderDecoder',
    data_preprocessor=dict(type='SegDataPreProcessor'),
)


@pytest.mark.parametrize('strict', [True, False])
@torch.no_grad()
def test_a_stock_checkpoint_gives_the_answers_of_the_stock_model(
    strict, tmp_path, mm_log
):
    stock = build(STOCK, seed=3).eval()
    for module in (stock.decode_head, stock.auxiliary_head):
        torch.nn.init.normal_(module.conv_seg.weight)
        torch.nn.init.normal_(module.conv_seg.bias)
    path = tmp_path / 'stock.pth'
    torch.save(dict(state_dict=stock.state_dict()), path)
    model = build(CONFIG).eval()
    load_checkpoint(model, str(path), strict=strict)
    assert 'decode_head.head.conv_seg' in mm_log.text
    assert 'taken by position' in mm_log.text
    feats = stock.extract_feat(torch.rand(1, 3, SIZE, SIZE))
    for key in ('decode_head', 'auxiliary_head'):
        torch.testing.assert_close(
            getattr(model, key)(feats), getattr(stock, key)(feats)
        )


@torch.no_grad()
def test_a_stock_checkpoint_of_other_classes_leaves_the_adapter_at_its_start(
    mm_log,
):
    stock = build(STOCK, seed=3)
    config = copy.deepcopy(CONFIG)
    for key in ('decode_head', 'auxiliary_head'):
        config[key]['num_classes'] = 3
    model = build(config)
    start = copy.deepcopy(model.state_dict())
    model.load_state_dict(stock.state_dict())
    assert 'expected (3, 16), so the adapter starts anew' in mm_log.text
    for key, value in model.state_dict().items():
        if 'conv_seg' in key:
            assert torch.equal(value, start[key]), key
        elif 'head.' in key:
            plain = key.replace('head.head.', 'head.')
            assert torch.equal(value, stock.state_dict()[plain]), key


def test_a_model_that_started_from_a_stock_one_trains_all_its_parameters():
    model = build(CONFIG).train()
    model.load_state_dict(build(STOCK, seed=3).state_dict())
    losses = model.loss(**model.data_preprocessor(batch(), training=True))
    model.parse_losses(losses)[0].backward()
    assert all(p.grad is not None for p in model.parameters())
