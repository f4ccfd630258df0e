import inspect
import itertools
import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmengine.model import BaseModel
from mmpretrain.models.heads import MultiLabelLinearClsHead
from mmpretrain.structures import DataSample
from two_ranks import run_on_two_ranks

from mmda.models import PartialBCEPseudoConsistLoss
from mmda.models.losses import (
    given_exactly_one,
    is_confident,
    marginal_nll,
    sharpen,
)
from mmda.structures import split_annotated

NAN = float('nan')
MEANS = ('entry', 'class', 'sample')
TERMS = ('loss_bce', 'loss_pseudo', 'loss_consist')


def make_batch(
    fraction, rows=6, classes=5, trailing=(), seed=0, dtype=torch.float64
):
    """Logits [weak; strong] and a target, annotated with a probability."""
    generator = torch.Generator().manual_seed(seed)
    shape = (rows, classes, *trailing)
    logits = 2 * torch.randn(2 * rows, *shape[1:], generator=generator)
    target = torch.rand(shape, generator=generator)
    hard = torch.rand(shape, generator=generator) < 0.7
    target = torch.where(hard, target.round(), target)
    known = torch.rand(shape, generator=generator) < fraction
    target = target.masked_fill(~known, NAN)
    return logits.to(dtype).requires_grad_(), target.to(dtype)


def naive_mean(entries, normalize):
    """Mean of {(sample, class, ...): value}."""
    groups = {}
    for key, value in entries.items():
        group = {'entry': 0, 'class': key[1], 'sample': key[0]}[normalize]
        groups.setdefault(group, []).append(value)
    if not groups:
        return torch.zeros((), dtype=torch.float64)
    means = [sum(group) / len(group) for group in groups.values()]
    return sum(means) / len(means)


DISTANCES = dict(
    mse=lambda a, y: (a - y) ** 2,
    bce=lambda a, y: -(y * torch.log(a) + (1 - y) * torch.log(1 - a)),
)


def naive_given_one(logits, target, key):
    """Probability of an unannotated class, given that one class holds."""
    row, column, *pixel = key
    left, odds = 1.0, 0.0
    for other in range(target.shape[1]):
        y = target[(row, other, *pixel)].item()
        if y == y:
            left -= y
        else:
            odds = odds + torch.exp(logits[(row, other, *pixel)])
    return max(left, 0.0) * torch.exp(logits[key]) / odds


def naive_terms(
    logits,
    target,
    tau=0.5,
    temperature=4.0,
    detach=True,
    normalize='entry',
    exactly_one=False,
    distance='mse',
):
    """Eqs. (2) to (5), one entry after the other."""
    rows = len(target)
    bce, pseudo, consist = {}, {}, {}
    for key in np.ndindex(*target.shape):
        y = target[key].item()
        a = 1 / (1 + torch.exp(-logits[key]))
        if y == y:
            bce[key] = -(y * torch.log(a) + (1 - y) * torch.log(1 - a))
            continue
        if len(logits) == rows:
            continue
        strong = 1 / (1 + torch.exp(-logits[(key[0] + rows, *key[1:])]))
        guess = naive_given_one(logits, target, key) if exactly_one else a
        if guess > tau:
            label = guess + (1 - guess) / temperature
        else:
            label = guess - guess / temperature
        label = label.detach() if detach else label
        pseudo[key] = DISTANCES[distance](a, label)
        consist[key] = DISTANCES[distance](strong, label)
    return {
        key: naive_mean(entries, normalize)
        for key, entries in zip(TERMS, (bce, pseudo, consist), strict=True)
    }


@pytest.mark.parametrize('normalize', MEANS)
@pytest.mark.parametrize('fraction', [0.0, 0.2, 0.7, 1.0])
@pytest.mark.parametrize('views', [1, 2])
@pytest.mark.parametrize('detach', [True, False])
@pytest.mark.parametrize(
    'options', [{}, dict(distance='bce'), dict(exactly_one=True)]
)
def test_terms_and_gradients_equal_a_loop_over_entries(
    normalize, fraction, views, detach, options
):
    logits, target = make_batch(fraction)
    logits = logits[: views * len(target)].detach().requires_grad_()
    loss = PartialBCEPseudoConsistLoss(
        tau=0.4,
        temperature=3.0,
        detach_pseudo=detach,
        normalize=normalize,
        **options,
    )
    got = loss.terms(logits, target)
    expected = naive_terms(
        logits, target, 0.4, 3.0, detach, normalize, **options
    )
    for key in TERMS if views == 2 else TERMS[:1]:
        assert got[key].item() == pytest.approx(
            expected[key].item(), rel=1e-6, abs=1e-12
        )
        gradients = []
        for value in (got[key], expected[key]):
            gradient = torch.zeros_like(logits)
            if value.requires_grad:
                (gradient,) = torch.autograd.grad(
                    value, logits, retain_graph=True
                )
            gradients.append(gradient)
        torch.testing.assert_close(*gradients, rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize('normalize', MEANS)
def test_terms_of_pixels_equal_a_loop_over_entries(normalize):
    logits, target = make_batch(0.5, rows=2, classes=3, trailing=(2, 3))
    loss = PartialBCEPseudoConsistLoss(normalize=normalize)
    expected = naive_terms(logits, target, normalize=normalize)
    for key, value in expected.items():
        got = loss.terms(logits, target)[key]
        assert got.item() == pytest.approx(value.item(), rel=1e-6)


def exactly_one_holds(logits):
    """P(class c alone holds) for each c, over all truth assignments."""
    answers = logits.sigmoid()
    alone = [0.0] * len(logits)
    for truth in itertools.product([0, 1], repeat=len(logits)):
        chance = 1.0
        for holds, answer in zip(truth, answers, strict=True):
            chance = chance * (answer if holds else 1 - answer)
        if sum(truth) == 1:
            alone[truth.index(1)] = chance
    return torch.stack(alone)


def test_answers_given_exactly_one_equal_a_sum_over_truth_assignments():
    logits = torch.tensor([0.3, -1.2, 2.0, 0.1], dtype=torch.float64)
    known = torch.tensor([[False, True, False, False]] * 3)
    label = torch.zeros(3, 4, dtype=torch.float64)
    label[1, 1], label[2, 1] = 1.0, 0.25
    alone = exactly_one_holds(logits[~known[0]])
    got = given_exactly_one(logits.expand(3, 4), label, known)
    expected = torch.outer(torch.tensor([1, 0, 0.75]), alone / alone.sum())
    torch.testing.assert_close(got[:, ~known[0]], expected.double())
    assert not got[known].any()


def test_the_marginal_nll_equals_a_sum_over_truth_assignments():
    logits = torch.tensor([0.3, -1.2, 2.0, 0.1], dtype=torch.float64)
    alone = exactly_one_holds(logits)
    chance = alone / alone.sum()
    targets = {  # what is known -> the classes that are possible
        (0, math.nan, math.nan, 0): [1, 2],
        (0, 1, math.nan, 0): [1],
        (math.nan,) * 4: [0, 1, 2, 3],
        (0, 0, 0, 1): [3],
        (0, 0, math.nan, 0): [2],
    }
    target = torch.tensor(list(targets), dtype=torch.float64)
    got = marginal_nll(logits.expand(len(target), 4), *split_annotated(target))
    expected = [-chance[left].sum().log() for left in targets.values()]
    torch.testing.assert_close(got, torch.stack(expected).double())


@pytest.mark.parametrize('known', [True, False])
def test_the_marginal_nll_is_0_where_no_class_is_left_or_none_is_known(known):
    logits = torch.randn(2, 3, 4).requires_grad_()
    value = marginal_nll(
        logits, torch.zeros(2, 3, 4), torch.full((2, 3, 4), known)
    )
    assert value.shape == (2, 4)
    value.sum().backward()
    torch.testing.assert_close(value, torch.zeros(2, 4))
    torch.testing.assert_close(logits.grad, torch.zeros(2, 3, 4))


def test_the_marginal_term_is_a_mean_over_images_and_a_sum_over_views():
    logits, target = make_batch(0.5, rows=3, classes=4)
    options = dict(exactly_one=True, strong_bce_weight=1.0)
    plain = PartialBCEPseudoConsistLoss(**options).losses(logits, target)
    both = PartialBCEPseudoConsistLoss(marginal_weight=0.3, **options).losses(
        logits, target
    )
    assert list(both) == [*plain, 'loss_marginal']
    known = split_annotated(target)
    nll = [marginal_nll(view, *known) for view in logits.split(3)]
    expected = 0.3 * torch.stack(nll).mean(dim=1).sum()
    torch.testing.assert_close(both['loss_marginal'], expected)


def test_a_marginal_weight_needs_exactly_one_class():
    with pytest.raises(ValueError, match='exactly_one=True'):
        PartialBCEPseudoConsistLoss(marginal_weight=0.3)


def test_exactly_one_class_in_no_image_gives_zeros_with_a_graph():
    logits = torch.zeros(0, 3, requires_grad=True)
    terms = PartialBCEPseudoConsistLoss(exactly_one=True).losses(
        logits, torch.zeros(0, 3)
    )
    assert list(terms) == ['loss_bce', 'loss_pseudo']
    assert sum(terms.values()).item() == 0
    sum(terms.values()).backward()


def test_the_weak_term_learns_the_likelihood_of_exactly_one_class():
    logits, target = make_batch(0.0, rows=1, classes=4)
    loss = PartialBCEPseudoConsistLoss(
        temperature=float('inf'), exactly_one=True, distance='bce'
    )
    term = 4 * loss.losses(logits, target)['loss_pseudo']  # a mean over 4
    likelihood = exactly_one_holds(logits[0]).sum()
    gradients = [
        torch.autograd.grad(value, logits)[0][0]
        for value in (term, -likelihood.log())
    ]
    torch.testing.assert_close(*gradients)


def test_each_weight_weighs_its_own_term():
    logits, target = make_batch(0.5)
    weights = dict(bce_weight=2.0, pseudo_weight=0.25, consist_weight=3.0)
    plain = PartialBCEPseudoConsistLoss().terms(logits, target)
    weighted = PartialBCEPseudoConsistLoss(**weights).terms(logits, target)
    for key, weight in zip(TERMS, weights.values(), strict=True):
        assert weighted[key].item() == pytest.approx(
            weight * plain[key].item()
        )


def test_a_number_of_rows_from_a_stock_head_does_not_change_the_loss():
    logits, target = make_batch(0.5)
    loss = PartialBCEPseudoConsistLoss()
    assert loss(logits, target, avg_factor=7) == loss(logits, target)


@pytest.mark.parametrize('normalize', MEANS)
def test_unannotated_logits_do_not_touch_the_bce_term(normalize):
    logits, target = make_batch(0.5)
    loss = PartialBCEPseudoConsistLoss(normalize=normalize)
    open_entries = torch.cat([target.isnan(), torch.ones_like(target) > 0])
    results = []
    for filler in (None, 0.0, 50.0, -1e6, 1e30):
        changed = logits.detach().clone()
        if filler is not None:
            changed[open_entries] = filler
        changed.requires_grad_()
        term = loss.terms(changed, target)['loss_bce']
        term.backward()
        results.append((term.item(), changed.grad))
        assert (changed.grad[open_entries] == 0).all()
    for value, gradient in results[1:]:
        assert value == results[0][0]
        assert torch.equal(gradient, results[0][1])


@pytest.mark.parametrize('normalize', MEANS)
@pytest.mark.parametrize('views', [1, 2])
def test_nothing_annotated_gives_a_bce_of_zero_with_a_graph(normalize, views):
    logits, target = make_batch(0.0)
    logits = logits[: views * len(target)].detach().requires_grad_()
    loss = PartialBCEPseudoConsistLoss(normalize=normalize)
    term = loss.terms(logits, target)['loss_bce']
    assert term.item() == 0
    term.backward()
    assert torch.equal(logits.grad, torch.zeros_like(logits))
    total = loss(logits, target)
    assert (total.item() == 0) == (views == 1)
    total.backward()
    assert logits.grad.isfinite().all()


@pytest.mark.parametrize('normalize', MEANS)
def test_everything_annotated_gives_the_bce_of_torch_alone(normalize):
    logits, target = make_batch(1.0)
    loss = PartialBCEPseudoConsistLoss(normalize=normalize)
    got = loss(logits, target)
    (gradient,) = torch.autograd.grad(got, logits)
    expected = F.binary_cross_entropy_with_logits(
        logits[: len(target)], target
    )
    (expected_gradient,) = torch.autograd.grad(expected, logits)
    assert got.item() == pytest.approx(expected.item(), rel=1e-6)
    torch.testing.assert_close(gradient, expected_gradient)
    terms = loss.terms(logits, target)
    assert terms['loss_pseudo'] == terms['loss_consist'] == 0


@pytest.mark.parametrize('normalize', MEANS)
def test_gradients_equal_finite_differences(normalize):
    logits, target = make_batch(0.5, rows=3, classes=4)
    # Away from tau, where eq. (3) jumps. Without the gradient stop: a
    # finite difference cannot see that a value counts as constant.
    assert (logits.sigmoid() - 0.5).abs().min() > 1e-3
    loss = PartialBCEPseudoConsistLoss(
        detach_pseudo=False, normalize=normalize
    )
    assert torch.autograd.gradcheck(lambda z: loss(z, target), (logits,))


def test_the_gradient_stop_lets_gradients_through_the_answers_alone():
    # One open entry with a_w = 0.8: label 0.85 is a constant, so
    # d(a_w - 0.85)^2 / da_w = -0.1, and the strong view sends none to a_w.
    logits = torch.tensor([[0.8], [0.3]]).logit().requires_grad_()
    target = torch.tensor([[NAN]])
    terms = PartialBCEPseudoConsistLoss().terms(logits, target)
    (weak,) = torch.autograd.grad(
        terms['loss_pseudo'], logits, retain_graph=True
    )
    (both,) = torch.autograd.grad(terms['loss_consist'], logits)
    assert weak.flatten().tolist() == pytest.approx([-0.1 * 0.16, 0])
    assert both.flatten().tolist() == pytest.approx([0, -1.1 * 0.21])


def test_sharpening_moves_answers_away_from_tau():
    # t = 4: 0.8 + 0.2 / 4, 0.5 - 0.5 / 4 (not above tau), 0.2 - 0.2 / 4
    answers = torch.tensor([0.8, 0.5, 0.2])
    assert sharpen(answers).tolist() == pytest.approx([0.85, 0.375, 0.15])
    assert sharpen(answers, 0.1, 4).tolist() == pytest.approx(
        [0.85, 0.625, 0.4]
    )


def test_with_t_of_1_the_pseudo_label_is_hard():
    answers = torch.rand(100, generator=torch.Generator().manual_seed(0))
    labels = sharpen(answers, tau=0.3, temperature=1)
    torch.testing.assert_close(labels, (answers > 0.3).float())
    logits, target = make_batch(0.0)
    terms = PartialBCEPseudoConsistLoss(temperature=1).terms(logits, target)
    weak, strong = logits.sigmoid().chunk(2)
    hard = (weak > 0.5).double()
    for key, answer in (('loss_pseudo', weak), ('loss_consist', strong)):
        expected = F.mse_loss(answer, hard).item()
        assert terms[key].item() == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize('detach', [True, False])
def test_with_t_of_infinity_there_is_no_pseudo_labelling(detach):
    answers = torch.rand(100)
    assert torch.equal(sharpen(answers, temperature=math.inf), answers)
    logits, target = make_batch(0.3)
    loss = PartialBCEPseudoConsistLoss(
        temperature=math.inf, detach_pseudo=detach
    )
    terms = loss.terms(logits, target)
    assert terms['loss_pseudo'].item() == pytest.approx(0, abs=1e-30)
    (gradient,) = torch.autograd.grad(
        terms['loss_pseudo'], logits, retain_graph=True
    )
    torch.testing.assert_close(
        gradient, torch.zeros_like(logits), rtol=0, atol=1e-15
    )
    weak, strong = logits.sigmoid().chunk(2)
    gap = ((weak - strong) ** 2)[target.isnan()].mean().item()
    assert terms['loss_consist'].item() == pytest.approx(gap, rel=1e-6)


def test_large_logits_stay_finite():
    # BCE of logit -1000 for a positive is 1000, not the log of 0.
    target = torch.tensor([[1.0, 0.0, NAN]])
    logits = torch.tensor([[-1e3, 1e3, 1e3], [1e3, -1e3, -1e3]])
    logits.requires_grad_()
    terms = PartialBCEPseudoConsistLoss().terms(logits, target)
    assert terms['loss_bce'].item() == 1000
    assert terms['loss_consist'].item() == 1
    sum(terms[key] for key in TERMS).backward()
    assert logits.grad.isfinite().all()


def test_the_gradient_of_a_logit_of_zero_is_one_half_minus_the_label():
    logits = torch.zeros(1, 3, requires_grad=True)
    target = torch.tensor([[1.0, 0.0, 0.25]])
    PartialBCEPseudoConsistLoss()(logits, target).backward()
    assert (3 * logits.grad).tolist() == [pytest.approx([-0.5, 0.5, 0.25])]


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_half_precision_gives_about_the_same(dtype):
    logits, target = make_batch(0.5, dtype=torch.float32)
    loss = PartialBCEPseudoConsistLoss()
    exact = loss(logits, target).item()
    assert loss(logits.to(dtype), target).item() == pytest.approx(
        exact, rel=0.02
    )


@pytest.mark.parametrize(
    ('ramp_up', 'iteration', 'expected'),
    [
        (1.0, 0, 0.0),
        (1.0, 25, 0.25),
        (1.0, 99, 0.99),
        (0.5, 25, 0.5),
        (0.5, 50, 1.0),
        (0.5, 90, 1.0),
        (0.0, 0, 1.0),
    ],
)
def test_unsupervised_terms_are_ramped_up_with_the_progress_of_the_run(
    hub, ramp_up, iteration, expected
):
    logits, target = make_batch(0.5)
    plain = PartialBCEPseudoConsistLoss(ramp_up=0).terms(logits, target)
    hub.update_info('iter', iteration)
    hub.update_info('max_iters', 100)
    loss = PartialBCEPseudoConsistLoss(ramp_up=ramp_up)
    terms = loss.terms(logits, target)
    assert terms['loss_bce'] == plain['loss_bce']
    for key in TERMS[1:]:
        assert terms[key].item() == pytest.approx(expected * plain[key].item())


def test_outside_of_a_run_the_unsupervised_terms_have_their_full_weight():
    logits, target = make_batch(0.5)
    plain = PartialBCEPseudoConsistLoss(ramp_up=0)(logits, target)
    assert PartialBCEPseudoConsistLoss(ramp_up=1)(logits, target) == plain


def test_what_is_watched_beside_the_loss():
    # Weak answers on the three open entries: 0.9, 0.2, 0.4; tau = 0.6.
    weak = torch.tensor([[0.9, 0.2], [0.4, 0.7]])
    target = torch.tensor([[NAN, NAN], [NAN, 1.0]])
    logits = torch.cat([weak, torch.full((2, 2), 0.1)]).logit()
    terms = PartialBCEPseudoConsistLoss(tau=0.6).terms(logits, target)
    shown = {k: v.item() for k, v in terms.items() if k not in TERMS}
    assert shown == pytest.approx(
        {
            'annotated_fraction': 0.25,
            'unannotated_answer': 0.5,
            'above_tau_fraction': 1 / 3,
        }
    )


def test_what_is_watched_does_not_enter_the_objective_and_has_no_graph():
    logits, target = make_batch(0.5)
    loss = PartialBCEPseudoConsistLoss()
    terms = loss.terms(logits, target)
    assert [key for key in terms if 'loss' in key] == list(TERMS)
    for key, value in terms.items():
        assert value.requires_grad == (key in TERMS)
    total, logged = BaseModel.parse_losses(None, terms)
    assert total.item() == pytest.approx(loss(logits, target).item())
    assert set(logged) == {'loss', *terms}


def test_nothing_open_is_watched_as_0_not_as_nan():
    logits, target = make_batch(1.0)
    terms = PartialBCEPseudoConsistLoss().terms(logits, target)
    shown = {k: v.item() for k, v in terms.items() if k not in TERMS}
    assert shown == {
        'annotated_fraction': 1,
        'unannotated_answer': 0,
        'above_tau_fraction': 0,
    }


def stock_head(**kwargs):
    return MultiLabelLinearClsHead(
        num_classes=3,
        in_channels=4,
        loss=dict(type='PartialBCEPseudoConsistLoss', **kwargs),
    )


@pytest.mark.parametrize('views', [1, 2])
def test_works_under_the_stock_linear_head(views):
    torch.manual_seed(0)
    head = stock_head()
    target = torch.tensor([[1.0, NAN, 0.0], [NAN, NAN, 1.0]])
    feats = torch.randn(2 * views, 4)
    samples = [DataSample().set_gt_score(score) for score in target]
    loss = head.loss((feats,), samples)
    expected = naive_terms(head.fc(feats).double(), target.double())
    assert list(loss) == ['loss']
    assert loss['loss'].item() == pytest.approx(
        sum(value.item() for value in expected.values()), rel=1e-5
    )
    loss['loss'].backward()
    assert head.fc.weight.grad.isfinite().all()


def test_with_exactly_one_class_one_view_is_enough():
    logits, target = make_batch(0.5)
    weak = logits[: len(target)].detach().requires_grad_()
    options = dict(exactly_one=True, distance='bce', pseudo_weight=0.5)
    loss = PartialBCEPseudoConsistLoss(**options)
    one, two = loss.losses(weak, target), loss.losses(logits, target)
    assert list(one) == ['loss_bce', 'loss_pseudo']
    for key, value in one.items():
        torch.testing.assert_close(value, two[key])
    (gradient,) = torch.autograd.grad(one['loss_pseudo'], weak)
    assert gradient[target.isnan()].any()
    assert not gradient[~target.isnan()].any()


def test_stated_defaults_equal_the_signature():
    parameters = inspect.signature(PartialBCEPseudoConsistLoss).parameters
    assert {key: value.default for key, value in parameters.items()} == dict(
        tau=0.5,
        temperature=4.0,
        bce_weight=1.0,
        pseudo_weight=1.0,
        consist_weight=1.0,
        strong_bce_weight=0.0,
        ramp_up=1.0,
        confidence=0.5,
        detach_pseudo=True,
        exactly_one=False,
        marginal_weight=0.0,
        distance='mse',
        normalize='entry',
        loss_weight=1.0,
        loss_name='loss_partial',
        teacher_weight=0.0,
    )


def test_loss_weight_multiplies_each_term():
    logits, target = torch.ones(2, 2), torch.tensor([[1.0, NAN]])
    one = PartialBCEPseudoConsistLoss()
    two = PartialBCEPseudoConsistLoss(loss_weight=2.0)
    for key, value in two.terms(logits, target).items():
        factor = 2 if 'loss' in key else 1
        assert value == factor * one.terms(logits, target)[key]
    assert two(logits, target) == 2 * one(logits, target)


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (dict(tau=-0.1), 'tau=-0.1: expected 0 to 1'),
        (dict(loss_weight=-1.0), 'loss_weight=-1.0: expected 0 or more'),
        (
            dict(loss_name='bce'),
            "loss_name='bce': expected a name with 'loss'",
        ),
        (dict(tau=1.1), 'tau=1.1'),
        (dict(tau=NAN), 'tau=nan'),
        (dict(temperature=0.9), 'temperature=0.9: expected 1 to inf'),
        (dict(ramp_up=1.5), 'ramp_up=1.5: expected 0 to 1'),
        (dict(ramp_up=-1), 'ramp_up=-1'),
        (dict(confidence=0.4), 'confidence=0.4: expected 0.5 to 1'),
        (dict(bce_weight=-1.0), 'bce_weight=-1.0: expected 0'),
        (dict(strong_bce_weight=-1.0), 'strong_bce_weight=-1.0'),
        (dict(pseudo_weight=-1.0), 'pseudo_weight=-1.0'),
        (dict(consist_weight=NAN), 'consist_weight=nan'),
        (dict(teacher_weight=-1.0), 'teacher_weight=-1.0'),
        (dict(distance='l1'), "distance='l1'.*mse.*bce"),
        (dict(normalize='batch'), "normalize='batch'.*entry.*class.*sample"),
    ],
)
def test_an_argument_outside_its_range_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        PartialBCEPseudoConsistLoss(**arguments)


@pytest.mark.parametrize('shape', [(2, 4), (4, 4), (3, 5), (6, 5), (3, 4, 1)])
def test_logits_that_do_not_fit_the_target_are_refused(shape):
    with pytest.raises(ValueError, match=r'\(3, 4\).*3 rows.*6 \(weak'):
        PartialBCEPseudoConsistLoss()(torch.zeros(shape), torch.zeros(3, 4))


@pytest.mark.parametrize('normalize', MEANS)
def test_the_strong_view_is_supervised_where_annotated(normalize):
    logits, target = make_batch(0.6)
    plain = PartialBCEPseudoConsistLoss(normalize=normalize)
    both = PartialBCEPseudoConsistLoss(
        strong_bce_weight=0.7, normalize=normalize
    )
    terms = both.terms(logits, target)
    # The strong view in the place of the weak one.
    expected = 0.7 * plain.terms(logits[len(target) :], target)['loss_bce']
    torch.testing.assert_close(terms.pop('loss_strong_bce'), expected)
    for key, value in plain.terms(logits, target).items():
        torch.testing.assert_close(terms[key], value)
    (gradient,) = torch.autograd.grad(expected, logits)
    assert not gradient[len(target) :][target.isnan()].any()
    assert 'loss_strong_bce' not in both.terms(logits[: len(target)], target)


@pytest.mark.parametrize('normalize', MEANS)
@pytest.mark.parametrize('views', [1, 2])
def test_answers_of_an_old_model_label_what_is_not_annotated(normalize, views):
    logits, target = make_batch(fraction=0.4)
    logits = logits[: views * len(target)]
    teacher = torch.rand(target.shape, dtype=target.dtype)
    teacher[:, 3:] = NAN  # new classes
    options = dict(strong_bce_weight=0.7, normalize=normalize)
    loss = PartialBCEPseudoConsistLoss(teacher_weight=2.0, **options)
    found = loss.losses(logits, target, teacher=teacher)
    # The teacher alone gives the labels of a target of its own.
    plain = PartialBCEPseudoConsistLoss(**options)
    taught = torch.where(target.isnan(), teacher, NAN)
    labels = plain.losses(logits, taught)
    expected = labels['loss_bce'] + labels.get('loss_strong_bce', 0)
    torch.testing.assert_close(found.pop('loss_teacher'), 2 * expected)
    # The annotated entries count as they do without a teacher, and the rest
    # is self-trained as if the entries of the teacher were annotated.
    annotated = plain.losses(logits, target)
    rest = plain.losses(logits, torch.where(target.isnan(), teacher, target))
    for key, value in found.items():
        other = annotated if 'bce' in key else rest
        torch.testing.assert_close(value, other[key])


def test_a_teacher_weight_needs_a_teacher_of_the_same_classes():
    loss = PartialBCEPseudoConsistLoss(teacher_weight=1.0)
    logits, target = torch.zeros(2, 3), torch.zeros(2, 3)
    with pytest.raises(ValueError, match='expected KeepOldClassesHook'):
        loss(logits, target)
    with pytest.raises(ValueError, match=r'shape \(2, 2\) for .* \(2, 3\)'):
        loss.losses(logits, target, teacher=torch.zeros(2, 2))


def test_an_answer_of_either_side_is_sure_from_the_confidence_on():
    answers = torch.tensor([0.25, 0.375, 0.625, 0.75])
    assert is_confident(answers, 0.75).tolist() == [True, False, False, True]


def test_unsure_answers_are_no_labels():
    weak = torch.tensor([[3.0, 0.5, -0.2, -2.9, 2.0]])  # sigmoid(2.94) = 0.95
    strong = torch.zeros(1, 5, requires_grad=True)
    target = torch.tensor([[NAN, NAN, NAN, NAN, 1.0]])
    loss = PartialBCEPseudoConsistLoss(
        temperature=1, ramp_up=0, confidence=0.95
    )
    terms = loss.terms(torch.cat([weak, strong]), target)
    terms['loss_consist'].backward()
    assert (strong.grad != 0).tolist() == [[True, False, False, False, False]]
    # One of four unannotated entries is sure: a label of 1 against 0.5.
    assert terms['loss_consist'].item() == pytest.approx(0.5**2 / 4)
    gap = 1 - 1 / (1 + math.exp(-3))
    assert terms['loss_pseudo'].item() == pytest.approx(gap**2 / 4)


def _train_on_rank(rank, feats, strong, target, rows, normalize):
    """Terms and gradient of a linear model on this rank's rows."""
    start = sum(rows[:rank])
    mine = slice(start, start + rows[rank])
    weight = torch.ones(3, 4, dtype=torch.float64).tril().requires_grad_()
    inputs = np.concatenate([feats[mine], strong[mine]])
    loss = PartialBCEPseudoConsistLoss(normalize=normalize)
    terms = loss.terms(
        torch.tensor(inputs) @ weight, torch.tensor(target[mine])
    )
    results = {}
    for key in TERMS:
        (gradient,) = torch.autograd.grad(
            terms[key], weight, retain_graph=True
        )
        results[key] = (terms[key].item(), gradient.numpy())
    return results


def uneven_targets():
    """Targets of 6 samples and 4 classes, to be parted unevenly."""
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 2, (6, 4)).astype(float)
    scattered = labels.copy()
    scattered[generator.random((6, 4)) < 0.5] = NAN
    one_class_on_one_rank = np.full((6, 4), NAN)
    one_class_on_one_rank[:2, :] = labels[:2, :]
    one_class_on_one_rank[5, 1] = 1
    nothing, first_rank_full = np.full((6, 4), NAN), labels.copy()
    first_rank_full[3:] = NAN
    return [scattered, one_class_on_one_rank, nothing, first_rank_full, labels]


def _train_all_cases(rank, feats, strong, targets, rows):
    return [
        _train_on_rank(rank, feats, strong, target, rows, normalize)
        for target in targets
        for normalize in MEANS
    ]


@pytest.mark.parametrize('rows', [(3, 3), (5, 1)])
def test_two_ranks_take_the_step_of_one_process_on_the_union(rows):
    generator = np.random.default_rng(1)
    feats, strong = generator.normal(size=(2, 6, 3))
    targets = uneven_targets()
    ranks = run_on_two_ranks(_train_all_cases, feats, strong, targets, rows)
    cases = [(target, over) for target in targets for over in MEANS]
    for (target, normalize), *parts in zip(cases, *ranks, strict=True):
        union = _train_on_rank(0, feats, strong, target, (6,), normalize)
        for key, (value, gradient) in union.items():
            # What DistributedDataParallel does with gradients: their mean.
            assert np.mean([part[key][0] for part in parts]) == pytest.approx(
                value, rel=1e-6, abs=1e-12
            )
            np.testing.assert_allclose(
                np.mean([part[key][1] for part in parts], axis=0),
                gradient,
                rtol=1e-5,
                atol=1e-9,
            )
