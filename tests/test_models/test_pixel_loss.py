import pytest
import torch

from mmda.models.losses import (
    PartialBCEPseudoConsistLoss,
    strip_sums,
    target_sums,
)
from mmda.structures import PixelTarget

NUM, CLASSES, HEIGHT, WIDTH = 3, 4, 5, 6
ANNOTATED = torch.tensor([[1, 1, 0, 0], [0, 1, 1, 1], [1, 0, 0, 1]]).bool()


def make_target(exclusive=True, seed=0):
    generator = torch.Generator().manual_seed(seed)
    shape = (NUM, HEIGHT, WIDTH)
    label = torch.randint(CLASSES, shape, generator=generator)
    for n, c in (~ANNOTATED).nonzero().tolist():
        label[n][label[n] == c] = 254
    label[torch.rand(shape, generator=generator) < 0.2] = 255
    on_class = torch.ones_like(ANNOTATED) if exclusive else ANNOTATED
    return PixelTarget(label, on_class, ANNOTATED)


def make_logits(rows, dtype=torch.float64, seed=1):
    generator = torch.Generator().manual_seed(seed)
    shape = (rows, CLASSES, HEIGHT, WIDTH)
    logits = 3 * torch.randn(shape, generator=generator, dtype=torch.float64)
    return logits.to(dtype).requires_grad_()


@pytest.mark.parametrize(
    'options',
    [
        dict(detach_pseudo=True),
        dict(detach_pseudo=False),
        dict(strong_bce_weight=0.5, confidence=0.9),
        dict(exactly_one=True, distance='bce', confidence=0.7),
        dict(exactly_one=True, marginal_weight=0.3),
        dict(normalize='class', tau=0.4, temperature=3.0),
        dict(normalize='sample', pseudo_weight=2.0, consist_weight=3.0),
    ],
)
@pytest.mark.parametrize('exclusive', [True, False])
def test_value_and_gradient_equal_those_of_the_written_out_target(
    options, exclusive
):
    target, logits = make_target(exclusive), make_logits(2 * NUM)
    loss = PartialBCEPseudoConsistLoss(ramp_up=0, **options)
    results = []
    for given in (target, target.dense().double()):
        terms = loss.terms(logits, given)
        total = sum(v for k, v in terms.items() if 'loss' in k)
        results.append((terms, torch.autograd.grad(total, logits)[0]))
    (lean, lean_grad), (dense, dense_grad) = results
    assert lean.keys() == dense.keys()
    for key, value in dense.items():
        torch.testing.assert_close(
            lean[key].double(), value.double(), rtol=1e-6, atol=1e-8
        )
    torch.testing.assert_close(lean_grad, dense_grad, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize('detach', [True, False])
def test_gradients_over_several_strips_equal_finite_differences(
    detach, monkeypatch
):
    row = NUM * CLASSES * WIDTH
    monkeypatch.setattr(target_sums, 'STRIP_ENTRIES', 2 * row)
    # Each term alone, in another unit; a constant pseudo-label has no
    # numerical derivative.
    keys = ['loss_bce', 'loss_strong_bce']
    keys += [] if detach else ['loss_pseudo', 'loss_consist']
    loss = PartialBCEPseudoConsistLoss(
        temperature=2.0, detach_pseudo=detach, strong_bce_weight=3.0
    )

    def terms(logits):
        found = loss.terms(logits, make_target())
        return torch.stack([found[key] for key in keys])

    torch.autograd.gradcheck(terms, make_logits(2 * NUM), eps=1e-6, atol=1e-6)


def test_the_result_does_not_depend_on_the_strips(monkeypatch):
    logits, target = make_logits(2 * NUM), make_target()
    loss = PartialBCEPseudoConsistLoss(
        bce_weight=2.0, consist_weight=3.0, strong_bce_weight=5.0
    )
    results = []
    for entries in (1, 10**9):
        monkeypatch.setattr(target_sums, 'STRIP_ENTRIES', entries)
        terms = loss.terms(logits, target)
        total = sum(v for k, v in terms.items() if 'loss' in k)
        (grad,) = torch.autograd.grad(total, logits)
        results.append({**terms, 'grad': grad})
    torch.testing.assert_close(*results)


@pytest.mark.parametrize('rows', [1, 2, 3, 5, 6])
def test_every_row_is_summed_once(rows):
    scores = make_logits(NUM)
    seen = []

    def function(strip, part):
        seen.append((strip.shape[2], part))
        return [strip.square().sum(dim=(2, 3))]

    (total,) = strip_sums(function, scores, rows)
    torch.testing.assert_close(total, scores.square().sum(dim=(2, 3)))
    assert all(height <= rows for height, _ in seen)
    covered = [y for _, part in seen for y in range(part.start, part.stop)]
    assert covered == list(range(HEIGHT))
    (3 * total).sum().backward()
    torch.testing.assert_close(scores.grad, 6 * scores.detach())


@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16])
def test_logits_of_half_precision_are_summed_in_full(dtype):
    target = make_target()
    logits = make_logits(2 * NUM, dtype)
    terms = PartialBCEPseudoConsistLoss(ramp_up=0).terms(logits, target)
    full = PartialBCEPseudoConsistLoss(ramp_up=0).terms(
        logits.detach().float(), target
    )
    assert terms['loss_bce'].dtype == torch.float32
    for key, value in full.items():
        torch.testing.assert_close(terms[key].detach(), value)
    terms['loss_bce'].backward()
    assert logits.grad.dtype == dtype and logits.grad.isfinite().all()


def test_a_compiled_loss_of_pixels_is_one_graph():
    target, logits = make_target(), make_logits(2 * NUM, torch.float32)
    loss = PartialBCEPseudoConsistLoss()
    compiled = torch.compile(loss, backend='eager', fullgraph=True)
    results = []
    for run in (loss, compiled):
        value = run(logits, target)
        results.append((value, torch.autograd.grad(value, logits)[0]))
    torch.testing.assert_close(*results)


def test_logits_of_another_size_are_an_error():
    with pytest.raises(ValueError, match='for a target of shape'):
        PartialBCEPseudoConsistLoss().terms(
            make_logits(NUM + 1), make_target()
        )


@pytest.mark.parametrize(('entries', 'rows'), [(150, 2), (1, 1)])
def test_a_strip_has_as_many_rows_as_fit(monkeypatch, entries, rows):
    module, seen = target_sums, []

    def watch(function, cls_score, rows):
        seen.append(rows)
        return strip_sums(function, cls_score, rows)

    monkeypatch.setattr(module, 'strip_sums', watch)
    monkeypatch.setattr(module, 'STRIP_ENTRIES', entries)
    # A row of all images has 3 * 4 * 6 = 72 entries.
    PartialBCEPseudoConsistLoss().terms(make_logits(NUM), make_target())
    assert set(seen) == {rows}
