import copy
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.registry import DefaultScope
from mmseg.models.segmentors import SegTTAModel
from small_segmentors import (
    ASPP,
    FCN,
    NUM_CLASSES,
    OCR,
    SEGFORMER,
    SIZE,
    adapted,
    batch,
    build,
    model_config,
)

from mmda.engine.hooks.check_label_space_hook import check_label_space
from mmda.models import PartialLabelSegTTAModel
from mmda.models.decode_heads import DynamicAdapterHead

SEGMENTORS = {
    'FCN': model_config(adapted(dict(FCN, in_channels=64, in_index=3))),
    'ASPP with an auxiliary head': model_config(adapted(ASPP), adapted(FCN)),
    'Segformer': model_config(adapted(SEGFORMER)),
    'two auxiliary heads': model_config(
        adapted(SEGFORMER), [adapted(FCN), adapted(FCN)]
    ),
    'OCR in a cascade': model_config([adapted(FCN), adapted(OCR)]),
}


def last_head(model):
    head = model.decode_head
    return head[-1] if isinstance(head, torch.nn.ModuleList) else head


def head_of(config, **kwargs):
    with DefaultScope.overwrite_default_scope('mmseg'):
        return DynamicAdapterHead(copy.deepcopy(config), **kwargs)


@pytest.mark.parametrize('views', [1, 2])
@pytest.mark.parametrize('name', SEGMENTORS)
def test_every_parameter_gets_a_gradient(name, views):
    config = copy.deepcopy(SEGMENTORS[name])
    if views == 1:
        config['data_preprocessor'] = dict(
            config['data_preprocessor'], strong_view=None
        )
    model = build(config).train()
    annotated = np.array([1, 1, 0, 1, 0], dtype=bool)
    data = model.data_preprocessor(batch(annotated=annotated), training=True)
    assert len(data['inputs']) == 2 * views
    losses = model(**data, mode='loss')
    total, shown = model.parse_losses(losses)
    total.backward()
    without = [k for k, p in model.named_parameters() if p.grad is None]
    assert without == []
    encoding = last_head(model).adapter.task_encoding
    assert encoding.grad.abs().sum() > 0
    terms = [v for k, v in shown.items() if '.loss_' in k]
    assert total.item() == pytest.approx(sum(v.item() for v in terms))
    per_head = ('loss_bce', 'loss_pseudo', 'loss_consist')[
        : 1 if views == 1 else 3
    ]
    heads = {k.split('.')[0] for k in shown if '.' in k}
    assert {k for k in shown if '.loss_' in k} == {
        f'{head}.{term}' for head in heads for term in per_head
    }


@pytest.mark.parametrize('name', SEGMENTORS)
@pytest.mark.parametrize(
    'test_cfg',
    [
        dict(mode='whole'),
        dict(mode='slide', crop_size=(16, 16), stride=(8, 8)),
    ],
    ids=['whole', 'slide'],
)
def test_inference_gives_stock_samples(name, test_cfg):
    model = build(SEGMENTORS[name]).eval()
    model.test_cfg = ConfigDict(test_cfg)
    with torch.no_grad():
        first, second = model.test_step(batch())
    assert first.seg_logits.shape == (SIZE, SIZE)
    assert first.seg_logits.data.shape[0] == NUM_CLASSES
    expected = second.seg_logits.data.argmax(dim=0, keepdim=True)
    assert torch.equal(second.pred_sem_seg.data, expected)


@pytest.mark.parametrize('kind', [SegTTAModel, PartialLabelSegTTAModel])
def test_test_time_augmentation_merges_flipped_images(kind):
    model = kind(build(SEGMENTORS['FCN'])).eval()
    plain = batch(1)
    flipped = copy.deepcopy(plain)
    flipped['inputs'] = [image.flip(-1) for image in plain['inputs']]
    flipped['data_samples'][0].set_metainfo(
        dict(flip=True, flip_direction='horizontal')
    )
    for sample in (plain['data_samples'][0], flipped['data_samples'][0]):
        sample.set_metainfo(dict(img_path='a.png'))
    data = {k: [plain[k], flipped[k]] for k in plain}
    with torch.no_grad():
        alone = [
            model.module.test_step(copy.deepcopy(view))[0].seg_logits.data
            for view in (plain, flipped)
        ]
        (merged,) = model.test_step(data)
    stock = kind is SegTTAModel
    views = [v.softmax(0) if stock else v.sigmoid() for v in alone]
    answer = (views[0] + views[1]) / 2
    found = merged.pred_sem_seg.data.squeeze(0)
    assert torch.equal(found, answer.argmax(0))
    if not stock:
        torch.testing.assert_close(merged.seg_logits.data.sigmoid(), answer)
        assert merged.annotated_classes.all()


def test_the_adapter_takes_the_place_of_conv_seg():
    head = head_of(FCN, num_classes=3, classes=['a', 'b', 'c'])
    assert head.head.conv_seg is head.adapter
    assert head.adapter.in_channels == FCN['channels']
    assert head.classes == ('a', 'b', 'c')
    assert (head.num_classes, head.out_channels) == (3, 3)
    assert not [k for k in head.state_dict() if 'conv_seg.weight' in k]


def test_the_number_of_classes_follows_from_their_names():
    head = head_of(dict(FCN, num_classes=19), classes=['a', 'b', 'c'])
    assert head.num_classes == head.head.num_classes == 3
    assert head.adapter.num_classes == 3
    assert head_of(dict(FCN, num_classes=4)).num_classes == 4
    with pytest.raises(ValueError, match=r'3 names.*num_classes=4'):
        head_of(FCN, num_classes=4, classes=['a', 'b', 'c'])


def test_the_hosts_initialisation_keeps_the_scale_of_a_linear_layer():
    head = head_of(dict(FCN, channels=64), num_classes=19)
    head.init_weights()
    # Uniform with the bound 1 / sqrt(64); Normal(0, 0.01) is far below.
    expected = 1 / np.sqrt(3 * 64)
    assert head.adapter.kernel.std().item() == pytest.approx(expected, rel=0.1)
    assert torch.equal(head.adapter.task_encoding, torch.eye(19))


def test_a_stock_loss_gets_the_weak_view_and_annotated_pixels_only():
    head = head_of(
        FCN,
        num_classes=NUM_CLASSES,
        loss_decode=dict(
            type='CrossEntropyLoss', use_sigmoid=True, avg_non_ignore=True
        ),
    )
    samples = batch(annotated=np.array([1, 1, 0, 1, 0], bool))['data_samples']
    logits = torch.randn(4, NUM_CLASSES, SIZE, SIZE)
    losses = head.loss_by_feat(logits, samples)
    label = torch.cat([s.gt_sem_seg.data for s in samples])
    known = label < NUM_CLASSES
    target = torch.nn.functional.one_hot(label[known], NUM_CLASSES).float()
    answers = logits[:2].movedim(1, -1)[known]
    expected = torch.nn.functional.binary_cross_entropy_with_logits(
        answers, target
    )
    assert losses['loss_ce'].item() == pytest.approx(expected.item(), rel=1e-5)


@pytest.mark.parametrize(
    ('loss', 'message'),
    [
        (dict(type='CrossEntropyLoss'), 'CrossEntropyLoss mixes classes'),
        (dict(type='DiceLoss', use_sigmoid=True), 'DiceLoss mixes classes'),
        (dict(type='mmpretrain.FocalLoss'), 'FocalLoss .*LossWrapper'),
    ],
)
def test_a_stock_loss_that_mixes_classes_or_pixels_is_refused(loss, message):
    mine = dict(type='PartialBCEPseudoConsistLoss')
    for losses in (loss, [mine, loss]):
        with pytest.raises(ValueError, match=message):
            head_of(FCN, num_classes=NUM_CLASSES, loss_decode=losses)


def test_a_stock_loss_refuses_classes_that_may_overlap():
    bce = dict(type='CrossEntropyLoss', use_sigmoid=True)
    samples = batch(annotated=np.array([1, 1, 0, 1, 0], bool))['data_samples']
    for sample in samples:
        sample.set_metainfo(dict(exclusive=False))
    logits = torch.randn(2, NUM_CLASSES, SIZE, SIZE)
    head = head_of(FCN, num_classes=NUM_CLASSES, loss_decode=bce)
    with pytest.raises(ValueError, match='exclusive=False'):
        head.loss_by_feat(logits, samples)
    wrapper = dict(type='PartialLabelLossWrapper', loss=bce)
    head = head_of(FCN, num_classes=NUM_CLASSES, loss_decode=wrapper)
    logits.requires_grad_()
    head.loss_by_feat(logits, samples)['loss_ce'].backward()
    assert logits.grad[:, [2, 4]].abs().max() == 0
    assert logits.grad[:, 0].abs().max() > 0


def test_accuracy_is_that_of_the_weak_view_on_annotated_pixels():
    head = head_of(FCN, num_classes=NUM_CLASSES)
    samples = batch()['data_samples']
    label = torch.cat([s.gt_sem_seg.data for s in samples])
    weak = torch.nn.functional.one_hot(
        label.clamp_max(NUM_CLASSES - 1), NUM_CLASSES
    ).permute(0, 3, 1, 2)
    logits = torch.cat([weak, -weak]).float()
    assert head.loss_by_feat(logits, samples)['acc_seg'].item() == 100


@pytest.mark.parametrize(
    ('config', 'message'),
    [
        (
            dict(
                type='STDCHead',
                in_channels=8,
                channels=8,
                num_convs=1,
                boundary_threshold=0.1,
            ),
            'a loss of its own',
        ),
        (
            dict(
                type='IterativeDecodeHead',
                num_stages=1,
                kernel_generate_head=FCN,
                kernel_update_head=[dict(type='KernelUpdateHead')],
            ),
            'IterativeDecodeHead cannot be wrapped: it computes a loss of its',
        ),
        (
            dict(type='MaskFormerHead', in_channels=[8, 16], feat_channels=8),
            'MaskFormerHead cannot be wrapped: it does not answer each class',
        ),
        (
            dict(type='Mask2FormerHead', in_channels=[8, 16]),
            'Mask2FormerHead cannot be wrapped: it does not answer',
        ),
        (
            dict(FCN, sampler=dict(type='OHEMPixelSampler', thresh=0.7)),
            'sampler',
        ),
        (dict(FCN, ignore_index=0), 'ignore_index=0; expected 255'),
        (
            dict(
                type='SegmenterMaskTransformerHead',
                in_channels=8,
                channels=8,
                num_layers=1,
                num_heads=1,
                embed_dims=8,
            ),
            'expected a 1x1 convolution',
        ),
    ],
)
def test_heads_that_cannot_be_wrapped_are_refused(config, message):
    with pytest.raises(ValueError, match=message):
        head_of(config, num_classes=NUM_CLASSES)


def test_knet_is_refused_by_name_in_its_stock_config_too():
    with pytest.raises(ValueError, match='IterativeDecodeHead cannot be wr'):
        head_of(dict(type='IterativeDecodeHead'))


def test_a_label_space_of_one_class_is_refused_with_a_way_out():
    with pytest.raises(ValueError, match='num_classes=1.*Add a class'):
        head_of(FCN, num_classes=1)


def test_another_label_space_than_the_datasets_is_an_error():
    head = head_of(FCN, num_classes=3)
    with pytest.raises(ValueError, match='5 classes.*num_classes=3'):
        head.loss_by_feat(torch.rand(2, 3, 4, 4), batch()['data_samples'])


@pytest.mark.parametrize('name', ['FCN', 'OCR in a cascade'])
def test_another_label_space_stops_a_run_before_it_starts(name):
    config = copy.deepcopy(SEGMENTORS[name])
    heads = config['decode_head']
    for head in heads if isinstance(heads, list) else [heads]:
        head['classes'] = list('abcde')
    model = build(config)
    for classes in ('abcde', 'abcdf'):
        dataset = SimpleNamespace(metainfo=dict(classes=tuple(classes)))
        loader = SimpleNamespace(dataset=dataset)
        if classes == 'abcde':
            check_label_space(model, loader, 'train')
            continue
        with pytest.raises(ValueError, match=r"decode_head.classes: \['e'\]"):
            check_label_space(model, loader, 'train')
