"""Each baseline's config makes a training step and answers all questions."""

import fnmatch

import pytest
import torch
from mmengine.registry import init_default_scope
from mmpretrain.structures import DataSample
from reproduction.model_cost import TrainingStep
from shipped_configs import PATHS, load

from mmda.engine.hooks.check_label_space_hook import head_classes
from mmda.models import (
    DoDNetHead,
    MultiNetworkClassifier,
    UnannotatedAsNegativeLoss,
)

NAN = float('nan')
NAMES = [n for n, path in PATHS.items() if path.parent.name == 'baselines']


def open_baseline(name, data='*'):
    (name,) = fnmatch.filter(NAMES, f'{name}_*_{data}')
    return load(name)


def make_batch(cfg):
    """Four images: two without the last class, two without the first."""
    num_classes = len(cfg.model.head.classes)
    channels = len(cfg.model.data_preprocessor.mean)
    generator = torch.Generator().manual_seed(0)
    target = torch.rand(4, num_classes, generator=generator).round()
    target[:2, -1:], target[2:, :1] = NAN, NAN
    shape = (4, channels, 32, 32)
    images = torch.randint(0, 256, shape, generator=generator)
    samples = [DataSample().set_gt_score(row) for row in target]
    return dict(inputs=images.to(torch.uint8), data_samples=samples)


def shorten(cfg):
    """Three networks are enough where each is a DenseNet121."""
    if cfg.model.type == 'MultiNetworkClassifier':
        head = cfg.model.head
        head.classes = [*head.classes[:2], head.classes[-1]]
        head.pop('num_classes', None)


@pytest.mark.parametrize('name', NAMES)
def test_a_step_trains_and_a_prediction_answers_all_questions(name):
    torch.manual_seed(0)
    cfg = load(name)
    init_default_scope(cfg.default_scope)
    shorten(cfg)
    step = TrainingStep(cfg, make_batch(cfg))
    before = {k: v.clone() for k, v in step.model.named_parameters()}
    step()
    still = [
        key
        for key, value in step.model.named_parameters()
        if torch.equal(value, before[key])
    ]
    assert not still
    classes = tuple(cfg.model.head.classes)
    assert head_classes(step.model) == ('head', classes)
    found = step.model.eval().test_step(step.batch)
    assert len(found) == 4
    for sample in found:
        assert sample.pred_score.shape == (len(classes),)
        assert sample.pred_score.isfinite().all()


@pytest.mark.parametrize('data', ['mnist-overlap', 'chest20'])
def test_each_config_is_the_baseline_that_its_name_says(data):
    fixmatch = open_baseline('fixmatch', data).model
    assert fixmatch.head.type == 'PartialLabelLinearHead'
    assert fixmatch.data_preprocessor.strong_view
    loss = fixmatch.head.loss
    assert (loss.temperature, loss.confidence) == (1.0, 0.95)
    assert (loss.pseudo_weight, loss.ramp_up) == (0.0, 0.0)
    assert loss.get('consist_weight', 1.0) == 1.0
    assert loss.get('strong_bce_weight', 0.0) == 0.0
    for name in ('unannotated-as-negative', 'one-per-task', 'dodnet'):
        model = open_baseline(name, data).model
        assert model.data_preprocessor.strong_view is None, name
    negative = open_baseline('unannotated-as-negative', data).model
    assert negative.head.type == 'PartialLabelLinearHead'
    assert negative.head.loss.type == UnannotatedAsNegativeLoss.__name__
    networks = open_baseline('one-per-task', data).model
    assert networks.type == MultiNetworkClassifier.__name__
    assert networks.head.type == 'PartialLabelLinearHead'


def test_dodnet_has_a_pass_for_each_question_of_the_others():
    short = open_baseline('dodnet', 'mnist-overlap')
    chest = open_baseline('dodnet', 'chest20')
    assert short.model.head.type == chest.model.head.type
    assert short.model.head.type == DoDNetHead.__name__
    base = load('linear_small-cnn_500i_mnist-overlap')
    long = 7 * base.train_cfg.max_iters
    assert short.train_cfg.max_iters == short.train_cfg.val_interval == long
    assert short.param_scheduler.T_max == 7 * base.param_scheduler.T_max
    assert short.default_hooks.checkpoint.interval == long
    assert chest.train_cfg.max_epochs == 20 * 64
    assert chest.train_cfg.val_interval == 20
