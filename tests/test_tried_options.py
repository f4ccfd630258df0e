"""Each option of ``benchmarks/tried_options.py`` builds and learns."""

import importlib.util
from pathlib import Path

import pytest
import torch
from mmengine.registry import init_default_scope
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from reproduction.recipe_config import load_recipe

FILE = Path(__file__).parents[1] / 'benchmarks' / 'tried_options.py'
NAN = float('nan')


@pytest.fixture(scope='module')
def tried():
    spec = importlib.util.spec_from_file_location('tried_options', FILE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def losses(tried, name, steps=2):
    cfg = load_recipe(tried.OPTIONS[name])
    torch.manual_seed(0)
    init_default_scope('mmpretrain')
    model = MODELS.build(cfg.model).train()
    batch = dict(
        inputs=list(torch.randint(0, 255, (4, 1, 28, 28)).float()),
        data_samples=[
            DataSample().set_gt_score(torch.tensor(row))
            for row in [
                [1.0, 0, 0, 0, 0, NAN, NAN],
                [0.0, 1, 0, 0, 0, NAN, NAN],
                [NAN, NAN, 0, 0, 1.0, 0, 0],
                [NAN, NAN, 0, 0, 0.0, 1, 0],
            ]
        ],
    )
    for _ in range(steps):
        data = model.data_preprocessor(batch, training=True)
        found = model(**data, mode='loss')
    return model, found


@pytest.mark.slow
def test_every_option_gives_finite_losses_and_gradients(tried):
    for name in tried.OPTIONS:
        model, found = losses(tried, name)
        total = sum(v for key, v in found.items() if 'loss' in key)
        assert torch.isfinite(total), name
        total.backward()
        head = [p.grad for p in model.head.parameters()]
        assert all(g is not None and torch.isfinite(g).all() for g in head)


def test_plain_tried_loss_is_the_loss_of_the_library(tried):
    generator = torch.Generator().manual_seed(0)
    scores = torch.randn(8, 7, generator=generator)
    target = torch.tensor([[1.0, 0, 0, 0, 0, NAN, NAN]] * 4)
    ours = tried.PartialBCEPseudoConsistLoss(ramp_up=0.0)
    other = tried.TriedLoss(ramp_up=0.0)
    torch.testing.assert_close(other(scores, target), ours(scores, target))


def test_prevalence_sets_tau_and_the_mean_of_aligned_answers(tried):
    answer = torch.linspace(0.01, 0.4, 40)[:, None]
    unannotated = torch.ones(40, 1, dtype=torch.bool)
    annotated = torch.zeros(40, 1)
    annotated[:10] = 1  # a quarter is positive

    def pseudo(**options):
        loss = tried.TriedLoss(temperature=1.0, **options)
        loss(torch.zeros(80, 1), annotated)
        return loss.pseudo_label(answer.logit(), answer, ~unannotated)[0]

    assert pseudo().sum() == 0  # no answer is above 0.5
    assert pseudo(prevalence_tau=True).sum() == 10
    soft = tried.TriedLoss(temperature=float('inf'), align=True)
    soft(torch.zeros(80, 1), annotated)
    moved, _ = soft.pseudo_label(answer.logit(), answer, ~unannotated)
    assert abs(moved.mean() - 0.25) < abs(answer.mean() - 0.25)


def test_the_teacher_lags_behind_the_weights(tried):
    name = 'mean teacher, momentum 0.03'
    model, _ = losses(tried, name)
    teacher = model._averaged[0].module[2].classifier.kernel
    start = teacher.clone()
    with torch.no_grad():
        model.head.classifier.kernel += 1
    model._averaged[0].update_parameters(
        torch.nn.ModuleList([model.backbone, model.neck, model.head])
    )
    torch.testing.assert_close(teacher, start + 0.03)
    assert not any('_averaged' in key for key in model.state_dict())


def test_adapters_start_at_the_scale_of_the_adapter(tried):
    torch.manual_seed(0)
    plain = tried.DynamicAdapter(7, 32).class_weights().std()
    for kind in (tried.LowRankAdapter, tried.ResidualAdapter):
        assert 0.7 < kind(7, 32).class_weights().std() / plain < 1.4


def test_a_row_compares_with_the_recipe_in_pairs(tried):
    row = tried.table_row('x', [99.0, 99.5, 99.6], [98.0, 98.4, 98.7])
    assert row.startswith('| x | 99.37 ± 0.32 | +1.00 | [+0.75, +1.25] | ')
    assert tried.table_row('x', [99.0], [98.0]).endswith('| n/a | n/a |')
