import json
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmpretrain.registry import MODELS
from reproduction import model_cost
from reproduction.complexity import cost_table, epoch_ratios, main
from reproduction.model_cost import (
    Cost,
    TrainingStep,
    count,
    image_shape,
    random_batch,
    time_in_turns,
)
from torch import nn

from mmda.apis.fold import can_fold, fold_model_config
from mmda.commands.common import open_config

DA = Path(__file__).resolve().parents[2] / 'configs' / 'da'
CHEST = DA / 'chestxray_chexpert.py'
SMALL = """
model = dict(
    type='DualViewImageClassifier',
    data_preprocessor=dict(type='DualViewDataPreprocessor', mean=[127.5],
        std=[127.5], strong_view=[dict(type='RandomHorizontalFlip')]),
    backbone=dict(type='ResNet_CIFAR', depth=18, in_channels=1,
        stem_channels=2, base_channels=2, num_stages=1, strides=(2, ),
        dilations=(1, ), out_indices=(0, ), style='pytorch'),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(type='HEAD', num_classes=3, in_channels=2,
        classes=('a', 'b', 'c')))
optim_wrapper = dict(optimizer=dict(type='SGD', lr=0.1))
train_dataloader = dict(batch_size=4, dataset=dict(
    pipeline=[dict(type='RandomCrop', crop_size=8)]))
default_scope = 'mmpretrain'
custom_imports = dict(imports=['mmda'])
"""


@pytest.fixture
def small(tmp_path):
    """Write a small config with a head of this type."""

    def write(head):
        path = tmp_path / f'{head}.py'
        path.write_text(SMALL.replace("'HEAD'", repr(head)))
        return str(path)

    return write


def build(path):
    return MODELS.build(open_config(str(path)).model)


@pytest.mark.slow
def test_the_papers_parameters_come_out():
    """8.02 M with DoDNet's controller, 6.98 M with the paper's adapter."""
    dodnet = count(
        'dodnet',
        build(DA / 'baselines/dodnet_densenet121_1280e_chest20.py'),
        (3, 32, 32),
    )
    assert dodnet.parameters == 8_024_981
    assert dodnet.passes == 20
    model = build(CHEST)
    ours = count('adapter', model, (3, 32, 32))
    backbone = sum(p.numel() for p in model.backbone.parameters())
    # Algorithm 1: a 20 x 20 encoding, and a convolution with its own bias.
    convolution = nn.Conv2d(20, 1024, kernel_size=1)
    papers = (
        backbone + 20 * 20 + sum(p.numel() for p in convolution.parameters())
    )
    assert round(papers / 1e6, 2) == 6.98
    # One bias per class (20) in place of one per feature (1,024).
    assert ours.parameters == papers - 1024 + 20 == 6_974_756
    assert ours.passes == 1


@pytest.mark.slow
def test_folding_leaves_the_backbone_and_a_linear_layer():
    cfg = open_config(str(CHEST))
    folded = count('', MODELS.build(fold_model_config(cfg.model)), (3, 32, 32))
    assert folded.parameters == 6_953_856 + 20 * 1024 + 20
    several = open_config(
        str(DA / 'baselines/one-per-task_small-cnn_500i_mnist-overlap.py')
    ).model
    assert not can_fold(several)
    with pytest.raises(ValueError, match='of a MultiNetworkClassifier'):
        fold_model_config(several)


def test_multiply_adds_equal_a_count_by_hand(small):
    model = build(small('PartialLabelLinearHead')).eval()
    found = []

    def add(layer, inputs, output):
        if isinstance(layer, nn.Conv2d):
            per_value = layer.weight[0].numel()
        elif isinstance(layer, nn.BatchNorm2d):
            per_value = 2
        elif isinstance(layer, nn.Linear):
            per_value = layer.in_features
        else:  # global pooling adds the values that it takes
            per_value = inputs[0].shape[-2:].numel()
        found.append(output.numel() * per_value)

    counted = (nn.Conv2d, nn.BatchNorm2d, nn.Linear, nn.AdaptiveAvgPool2d)
    for layer in model.modules():
        if isinstance(layer, counted):
            layer.register_forward_hook(add)
    with torch.no_grad():
        model(torch.zeros(1, 1, 8, 8))
    by_hand = sum(found)
    assert len(found) > 5
    assert count('', model, (1, 8, 8)).multiply_adds == by_hand


def test_the_adapter_costs_its_encoding_more_until_it_is_folded(small):
    linear = count('', build(small('PartialLabelLinearHead')), (1, 8, 8))
    adapter = count('', build(small('DynamicAdapterHead')), (1, 8, 8))
    # w(q): 3 x 3 encoding times 3 x 2 kernel.
    assert adapter.multiply_adds - linear.multiply_adds == 3 * 3 * 2
    assert adapter.parameters - linear.parameters == 3 * 3


@pytest.mark.parametrize(
    'pipeline, expected',
    [
        ([dict(type='Resize', scale=(48, 32))], (3, 32, 48)),
        ([dict(scale=64), dict(crop_size=28), dict(type='Pack')], (3, 28, 28)),
    ],
)
def test_the_last_size_of_the_pipeline_counts(pipeline, expected):
    cfg = Config(
        dict(model={}, train_dataloader=dict(dataset=dict(pipeline=pipeline)))
    )
    assert image_shape(cfg) == expected
    assert image_shape(cfg, side=16) == (3, 16, 16)


def test_a_pipeline_without_a_size_is_refused():
    cfg = Config(dict(model={}, train_dataloader=dict(dataset={})))
    with pytest.raises(ValueError, match='size of the images with --size'):
        image_shape(cfg)


def test_random_labels_are_annotated_as_asked():
    batch = random_batch(20, (1, 4, 4), 200, annotated=0.25)
    target = torch.stack([s.gt_score for s in batch['data_samples']])
    # Binomial(4000, 0.25): 1000 with a standard deviation of 27.
    assert abs((~target.isnan()).sum().item() - 1000) < 140
    assert set(target[~target.isnan()].tolist()) == {0.0, 1.0}
    assert batch['inputs'].shape == (200, 1, 4, 4)
    everything = random_batch(20, (1, 4, 4), 200, annotated=1.0)
    assert not any(
        s.gt_score.isnan().any() for s in everything['data_samples']
    )


def test_a_timed_step_trains_all_weights_on_both_views(small, monkeypatch):
    cfg = open_config(small('DynamicAdapterHead'))
    step = TrainingStep(cfg, random_batch(3, (1, 8, 8), 4))
    assert step.views == 2
    before = {k: v.clone() for k, v in step.model.named_parameters()}
    clock = iter([10.0, 10.5])
    monkeypatch.setattr(model_cost.time, 'perf_counter', lambda: next(clock))
    assert step() == 0.5
    for key, value in step.model.named_parameters():
        assert not torch.equal(value, before[key]), key


def test_steps_run_in_turns_and_the_first_round_warms_up():
    order = []

    def step(name, times):
        times = iter(times)
        return lambda: order.append(name) or next(times)

    medians = time_in_turns(
        [step('a', [99, 1, 5, 2]), step('b', [99, 4, 4, 7])], rounds=3
    )
    assert medians == [2, 4]
    assert ''.join(order) == 'abababab'


def test_an_epoch_asks_each_question_once():
    costs = [
        Cost('assemble', 10, 2_000, 2, step_seconds=0.5),
        Cost('assemble, folded', 9, 1_000),
        Cost('dodnet', 12_345_678, 3, 1, step_seconds=0.25, passes=20),
    ]
    rows = cost_table(costs).splitlines()
    assert rows[2] == (
        '| assemble | 10 (10) | 2.000 k | 2 | 0.500 s | 1 | 1.00 |'
    )
    assert rows[3] == '| assemble, folded | 9 (9) | 1.000 k | 1 | - | 1 | - |'
    assert rows[4] == (
        '| dodnet | 12.35 M (12,345,678) | 3 | 1 | 0.250 s | 20 | 10.00 |'
    )
    assert epoch_ratios(costs) == [1.0, None, 10.0]


def test_the_command_writes_a_row_for_each_model(small, tmp_path):
    heads = ['DynamicAdapterHead', 'DoDNetHead']
    options = ['--rounds', '1', '--out-dir', str(tmp_path / 'out')]
    main([*map(small, heads), *options])
    content = json.loads((tmp_path / 'out/complexity.json').read_text())
    assert [m['name'] for m in content['models']] == [
        'DynamicAdapterHead',
        'DynamicAdapterHead, folded',
        'DoDNetHead',
    ]
    assert [m['passes'] for m in content['models']] == [1, 1, 3]
    assert content['models'][2]['epoch_ratio'] > 0
    assert content['setting']['batch_size'] == 4
    text = (tmp_path / 'out/complexity.md').read_text()
    assert '| DoDNetHead |' in text


def test_counting_alone_trains_nothing(small, tmp_path):
    argv = [small('DoDNetHead'), '--rounds', '0', '--out-dir', str(tmp_path)]
    main(argv)
    content = json.loads((tmp_path / 'complexity.json').read_text())
    assert content['models'][0]['step_seconds'] is None


@pytest.mark.parametrize(
    'options, message',
    [
        (['--rounds', '-1'], '--rounds: found'),
        (['--annotated', '0'], '--annotated: found'),
        (['--batch-size', '0'], '--batch-size: found'),
        (['--size', '0'], '--size: found'),
    ],
)
def test_options_outside_their_range_end_in_one_line(
    options, message, small, capsys
):
    with pytest.raises(SystemExit):
        main([small('DoDNetHead'), *options])
    assert message in capsys.readouterr().err


def test_a_config_without_a_classifier_is_refused(capsys):
    with pytest.raises(SystemExit):
        main([str(DA / 'cityscapes_bus_5way_light.py')])
    assert 'no model.head, expected a classifier' in capsys.readouterr().err
