import copy

import pytest
import torch
from mmengine.config import Config
from small_segmentors import (
    ASPP,
    FCN,
    NUM_CLASSES,
    OCR,
    PREPROCESSOR,
    adapted,
    batch,
    build,
    model_config,
)
from torch import nn

from mmda.apis.fold import (
    fold_decode_head,
    fold_segmentor_config,
    fold_segmentor_state,
    prediction_thr,
)
from mmda.apis.fold_checkpoint import fold_checkpoint

MODELS = {
    'with an auxiliary head': model_config(adapted(ASPP), adapted(FCN)),
    'cascade': model_config([adapted(FCN), adapted(OCR)]),
    'stock auxiliary head': model_config(adapted(ASPP), FCN),
    'no class below 0.5334': model_config(
        adapted(ASPP, thr=0.5334), adapted(FCN, thr=0.9)
    ),
    'cascade, no class below 0.6032': model_config(
        [adapted(FCN, thr=0.9), adapted(OCR, thr=0.6032)]
    ),
}


def trained(config):
    """A model whose questions are no identity any more."""
    model = build(config)
    generator = torch.Generator().manual_seed(3)
    for key, value in model.named_parameters():
        if 'task_encoding' in key or key.endswith('conv_seg.bias'):
            noise = torch.randn(value.shape, generator=generator)
            value.data += 0.3 * noise
    return model.eval()


@pytest.mark.parametrize('name', MODELS)
@torch.no_grad()
def test_the_stock_segmentor_gives_the_same_answers(name):
    model = trained(MODELS[name])
    stock = build(fold_segmentor_config(MODELS[name]), seed=9)
    thr = prediction_thr(MODELS[name])
    stock.load_state_dict(fold_segmentor_state(model.state_dict(), thr))
    stock.eval()
    for module in stock.modules():
        assert not type(module).__module__.startswith('mmda')
    data = batch()
    mine, theirs = (m.test_step(copy.deepcopy(data)) for m in (model, stock))
    for one, other in zip(mine, theirs, strict=True):
        gap = one.seg_logits.data - other.seg_logits.data
        assert gap.abs().max() <= 1e-5
        assert one.seg_logits.data.abs().max() > 0.1
        assert torch.equal(one.pred_sem_seg.data, other.pred_sem_seg.data)
        none = (one.pred_sem_seg.data == NUM_CLASSES).float().mean()
        assert 0.05 < none < 0.95 if thr else none == 0


def test_the_folded_conv_seg_is_a_plain_convolution():
    stock = build(fold_segmentor_config(MODELS['with an auxiliary head']))
    for head in (stock.decode_head, stock.auxiliary_head):
        assert type(head.conv_seg) is nn.Conv2d
        assert head.conv_seg.weight.shape[0] == NUM_CLASSES
    assert type(stock).__name__ == 'EncoderDecoder'
    assert type(stock.data_preprocessor).__name__ == 'SegDataPreProcessor'


def test_a_checkpoint_of_the_runner_becomes_config_and_weights_of_the_host():
    model = trained(MODELS['with an auxiliary head'])
    pipeline = [dict(type='LoadImageFromFile'), dict(type='PackSegInputs')]
    source = dict(type='CityscapesDataset', pipeline=pipeline)
    cfg = Config(
        dict(
            model=MODELS['with an auxiliary head'],
            test_dataloader=dict(
                dataset=dict(type='PartialLabelDataset', dataset=source)
            ),
        )
    )
    classes = ('a', 'b', 'c', 'd', 'e')
    meta = dict(classes=classes, palette=[[0, 0, 0]] * 5)
    checkpoint = dict(
        meta=dict(cfg=cfg.pretty_text, dataset_meta=meta),
        state_dict=model.state_dict(),
    )
    config, folded = fold_checkpoint(checkpoint)
    assert 'mmda' not in config.pretty_text
    assert 'PartialLabel' not in config.pretty_text
    assert config.default_scope == 'mmseg'
    assert config.test_pipeline == pipeline
    assert tuple(folded['meta']['dataset_meta']['classes']) == classes
    stock = build(config.model.to_dict())
    stock.load_state_dict(folded['state_dict'])


def test_a_model_without_an_adapter_is_an_error():
    with pytest.raises(ValueError, match='no adapter to fold'):
        fold_segmentor_config(
            model_config(FCN, data_preprocessor=PREPROCESSOR)
        )
    with pytest.raises(ValueError, match="the head is a 'FCNHead'"):
        fold_decode_head(FCN)
