"""Small segmentors and batches for the tests."""

import copy

import numpy as np
import torch
from mmengine.config import ConfigDict
from mmengine.registry import DefaultScope
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample

import mmda  # noqa: F401  registers the components

NORM = dict(type='BN', requires_grad=True)
SIZE = 32
NUM_CLASSES = 5
BACKBONE = dict(
    type='ResNetV1c',
    depth=18,
    num_stages=4,
    base_channels=8,
    stem_channels=8,
    out_indices=(0, 1, 2, 3),
    dilations=(1, 1, 2, 4),
    strides=(1, 2, 1, 1),
    contract_dilation=True,
    style='pytorch',
    norm_cfg=NORM,
)


def _decode_head(name, in_channels, in_index, **kwargs):
    return dict(
        type=name,
        in_channels=in_channels,
        in_index=in_index,
        channels=16,
        num_classes=NUM_CLASSES,
        norm_cfg=NORM,
        **kwargs,
    )


FCN = _decode_head('FCNHead', 32, 2, num_convs=1)
ASPP = _decode_head(
    *('DepthwiseSeparableASPPHead', 64, 3),
    **dict(dilations=(1, 2), c1_in_channels=8, c1_channels=4),
)
SEGFORMER = _decode_head('SegformerHead', [8, 16, 32, 64], [0, 1, 2, 3])
OCR = _decode_head('OCRHead', 64, 3, ocr_channels=8)
PREPROCESSOR = dict(
    type='DualViewDataPreprocessor',
    mean=[123.675, 116.28, 103.53],
    std=[58.395, 57.12, 57.375],
    bgr_to_rgb=True,
    size=(SIZE, SIZE),
    strong_view=[
        dict(type='ColorJiggle', brightness=0.4, contrast=0.4, p=1.0)
    ],
)


def adapted(head, **kwargs):
    return dict(type='DynamicAdapterHead', head=head, **kwargs)


def model_config(decode_head, auxiliary_head=None, **kwargs):
    config = dict(
        type='DualViewEncoderDecoder',
        data_preprocessor=PREPROCESSOR,
        backbone=BACKBONE,
        decode_head=decode_head,
        train_cfg=dict(),
        test_cfg=dict(mode='whole'),
    )
    if auxiliary_head is not None:
        config['auxiliary_head'] = auxiliary_head
    if isinstance(decode_head, list):
        config.update(
            type='DualViewCascadeEncoderDecoder',
            num_stages=len(decode_head),
        )
    return {**config, **kwargs}


def build(config, seed=0):
    """Build a model in mmseg's scope, with weights as training has them."""
    with DefaultScope.overwrite_default_scope('mmseg'):
        torch.manual_seed(seed)
        return MODELS.build(ConfigDict(copy.deepcopy(config)))


def batch(num=2, annotated=None, seed=0):
    generator = torch.Generator().manual_seed(seed)
    if annotated is None:
        annotated = np.ones(NUM_CLASSES, dtype=bool)
    codes = torch.tensor([*np.flatnonzero(annotated), 254, 255])
    inputs, samples = [], []
    for _ in range(num):
        image = torch.rand(3, SIZE, SIZE, generator=generator) * 255
        inputs.append(image.to(torch.uint8))
        drawn = torch.randint(len(codes), (1, SIZE, SIZE), generator=generator)
        sample = SegDataSample(gt_sem_seg=PixelData(data=codes[drawn]))
        sample.set_metainfo(
            dict(
                img_shape=(SIZE, SIZE),
                ori_shape=(SIZE, SIZE),
                annotated_classes=annotated,
                exclusive=True,
            )
        )
        samples.append(sample)
    return dict(inputs=inputs, data_samples=samples)
