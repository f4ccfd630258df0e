import pytest
from mmengine.config import Config

import mmda  # noqa: F401  (registers the components)
from mmda.apis.config import load_config
from mmda.apis.config_names import registered_name, use_names

LAZY = """
import torch
from mmengine.config import read_base
from mmengine.dataset import ConcatDataset, DefaultSampler
from mmengine.runner import EpochBasedTrainLoop
from mmpretrain.datasets.transforms import PackInputs
from mmpretrain.models import GlobalAveragePooling, ResNet_CIFAR
from torch.optim import SGD

from mmda.datasets import Digits, PartialLabelDataset
from mmda.models import (
    DualViewDataPreprocessor,
    DualViewImageClassifier,
    DynamicAdapterHead,
    PartialBCEPseudoConsistLoss,
)

default_scope = 'mmpretrain'
classes = ('1', '2', '3')
model = dict(
    type=DualViewImageClassifier,
    data_preprocessor=dict(type=DualViewDataPreprocessor),
    backbone=dict(
        type=ResNet_CIFAR, depth=18, base_channels=4, stem_channels=4
    ),
    neck=dict(type=GlobalAveragePooling),
    head=dict(
        type=DynamicAdapterHead,
        classes=classes,
        in_channels=32,
        loss=dict(type=PartialBCEPseudoConsistLoss),
    ),
)
source = dict(
    type=PartialLabelDataset,
    name='D0',
    classes=classes,
    labeled_classes=['1'],
    num_samples=8,
    dataset=dict(
        type=Digits, digits=(1, 2, 3), pipeline=[dict(type=PackInputs)]
    ),
)
train_dataloader = dict(
    batch_size=4,
    num_workers=0,
    dataset=dict(type=ConcatDataset, datasets=[source]),
    sampler=dict(type=DefaultSampler, shuffle=True),
)
train_cfg = dict(type=EpochBasedTrainLoop, max_epochs=1)
optim_wrapper = dict(optimizer=dict(type=SGD, lr=0.1))
"""


@pytest.fixture
def lazy(tmp_path):
    path = tmp_path / 'lazy.py'
    path.write_text(LAZY)
    return str(path)


def test_a_pure_python_config_is_read_as_names(lazy):
    cfg = load_config(lazy, {'train_dataloader.batch_size': 2})
    model = cfg.model
    assert model.type == 'DualViewImageClassifier'
    assert model.backbone.type == 'ResNet_CIFAR'
    assert model.head.loss.type == 'PartialBCEPseudoConsistLoss'
    (source,) = cfg.train_dataloader.dataset.datasets
    assert cfg.train_dataloader.dataset.type == 'ConcatDataset'
    assert source.type == 'PartialLabelDataset'
    assert source.dataset.pipeline[0].type == 'PackInputs'
    assert cfg.optim_wrapper.optimizer.type == 'SGD'
    assert 'SGD' not in cfg and 'torch' not in cfg
    # The checks of a text config apply.
    again = Config.fromstring(cfg.pretty_text, '.py')
    assert again.to_dict() == cfg.to_dict()


def test_the_label_spaces_of_a_pure_python_config_are_compared(lazy, tmp_path):
    path = tmp_path / 'wrong.py'
    path.write_text(
        LAZY + 'val_dataloader = dict(dataset=dict(type=PartialLabelDataset,'
        "name='D1', classes=('1', '9'), dataset=dict(type=Digits)))\n"
    )
    with pytest.raises(ValueError, match='two sources have different label'):
        load_config(str(path))


def test_a_value_that_is_no_type_is_built(tmp_path):
    path = tmp_path / 'lazy.py'
    path.write_text('import math\nfrom mmda.models import DynamicAdapter\n')
    path.write_text(path.read_text() + 'scale = [dict(by=math.pi)]\n')
    assert load_config(str(path)).scale[0]['by'] == pytest.approx(3.14159265)


@pytest.mark.parametrize(
    ('path', 'name'),
    [
        ('mmpretrain.models.classifiers.ImageClassifier', 'ImageClassifier'),
        ('mmseg.models.EncoderDecoder', 'mmseg.EncoderDecoder'),
        ('mmseg.models.ResNet', 'mmseg.ResNet'),
        ('mmcv.transforms.LoadImageFromFile', 'LoadImageFromFile'),
        ('mmengine.dataset.utils.default_collate', 'default_collate'),
        ('mmda.models.decode_heads.DynamicAdapterHead', 'DynamicAdapterHead'),
        (
            'mmda.models.SegDualViewDataPreprocessor',
            'DualViewDataPreprocessor',
        ),
        ('mmda.DynamicAdapterHead', 'DynamicAdapterHead'),
        ('mmpretrain.ResNet', 'ResNet'),
        ('torch.nn.GELU', 'GELU'),
        # not registered, so it stays what it is
        ('mmpretrain.registry.os.system', 'mmpretrain.registry.os.system'),
        ('mine.models.MyBackbone', 'mine.models.MyBackbone'),
    ],
)
def test_a_path_becomes_the_name_of_a_registered_component(path, name):
    assert registered_name(path, 'mmpretrain') == name


def test_nothing_is_imported_that_a_type_names(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / 'evil_module.py').write_text('raise SystemExit(3)\n')
    cfg = Config(dict(model=dict(type='evil_module.Evil', _scope_='mmda')))
    assert use_names(cfg).model == dict(type='evil_module.Evil')
