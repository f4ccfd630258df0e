"""Checkpoints of version 0.1 load into today's heads, with their answers.

The files were written with version 0.1, before its heads became one. For
each config below, with ``num_classes`` stated::

    torch.manual_seed(0)
    model = MODELS.build(config).eval()
    for parameter in model.parameters():
        parameter.data.normal_(0, 0.5)
    for name, buffer in model.named_buffers():  # running statistics
        if buffer.is_floating_point():
            buffer.uniform_(0.5, 1.5)
    inputs = torch.randn(shape)
    outputs = model([inputs])  # model(inputs) for the classifier
    state = {f'state/{k}': v.numpy() for k, v in model.state_dict().items()
             if 'num_batches' not in k}
    np.savez_compressed(path, inputs=inputs, outputs=outputs.detach(), **state)

``shape`` is (2, 8) for heads, (2, 1, 8, 8) for the classifier, (1, 8, 4, 4)
for the decode head.
"""

from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.registry import MODELS
from mmengine.runner.checkpoint import load_state_dict

from mmda.engine.checkpoint import load_checkpoint
from mmda.engine.hooks.check_weights_hook import load_weights

FOLDER = Path(__file__).parent / 'checkpoints'
CLASSES = ('cat', 'dog', 'owl')
HEAD = dict(in_channels=8, classes=CLASSES)
BACKBONE = dict(
    type='ResNet_CIFAR',
    depth=18,
    in_channels=1,
    stem_channels=2,
    base_channels=2,
    num_stages=1,
    strides=(2,),
    dilations=(1,),
    out_indices=(0,),
    style='pytorch',
)
CONFIGS = {
    'dynamic_adapter_head': dict(
        HEAD, _scope_='mmpretrain', type='DynamicAdapterHead'
    ),
    'partial_label_linear_head': dict(
        HEAD, _scope_='mmpretrain', type='PartialLabelLinearHead'
    ),
    'dodnet_head': dict(HEAD, _scope_='mmpretrain', type='DoDNetHead'),
    'multi_network_classifier': dict(
        _scope_='mmpretrain',
        type='MultiNetworkClassifier',
        backbone=BACKBONE,
        neck=dict(type='GlobalAveragePooling'),
        head=dict(
            type='PartialLabelLinearHead',
            in_channels=2,
            classes=CLASSES[:2],
        ),
    ),
    'seg_dynamic_adapter_head': dict(
        _scope_='mmseg',
        type='DynamicAdapterHead',
        head=dict(type='FCNHead', in_channels=8, channels=4, num_convs=1),
        classes=CLASSES,
    ),
}


def load_old(name):
    """Return inputs and outputs of an old model, and its weights."""
    with np.load(FOLDER / f'{name}.npz') as arrays:
        found = {key: torch.tensor(value) for key, value in arrays.items()}
    inputs, outputs = found.pop('inputs'), found.pop('outputs')
    state = {key.removeprefix('state/'): v for key, v in found.items()}
    return inputs, outputs, state


def build(name, classes=None):
    """Build today's model, with other classes on demand."""
    config = CONFIGS[name]
    if classes is not None and 'backbone' in config:
        config = dict(config, head=dict(config['head'], classes=classes))
    elif classes is not None:
        config = dict(config, classes=classes)
    scope = config['_scope_']
    with MODELS.switch_scope_and_registry(scope) as registry:
        return registry.build(config).eval()


@torch.no_grad()
def answer(name, model, inputs):
    return model(inputs if 'backbone' in CONFIGS[name] else [inputs])


@pytest.mark.parametrize('load', ['torch', 'mmengine', 'file'])
@pytest.mark.parametrize('name', CONFIGS)
def test_an_old_checkpoint_gives_its_old_answers(name, load, tmp_path):
    inputs, outputs, state = load_old(name)
    model = build(name)
    if load == 'torch':
        model.load_state_dict(state)
    elif load == 'file':
        path = str(tmp_path / 'old.pth')
        torch.save(dict(meta={}, state_dict=state), path)
        assert load_weights(model, load_checkpoint(path), path) == ()
    else:
        load_state_dict(model, state, strict=True)
    torch.testing.assert_close(
        answer(name, model, inputs), outputs, rtol=1e-6, atol=1e-6
    )


@pytest.mark.parametrize('name', CONFIGS)
def test_an_old_checkpoint_is_matched_by_name_in_another_label_space(name):
    inputs, outputs, state = load_old(name)
    old = CONFIGS[name].get('classes') or CONFIGS[name]['head']['classes']
    new = ('emu', *old[::-1])
    model = build(name, new)
    model.load_state_dict(state)
    found = answer(name, model, inputs)[:, [new.index(c) for c in old]]
    torch.testing.assert_close(found, outputs, rtol=1e-6, atol=1e-6)
