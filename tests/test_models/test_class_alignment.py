import copy

import pytest
import torch

from mmda.models.losses import ClassAlignment, PartialBCEPseudoConsistLoss
from mmda.structures import PixelTarget

NAN = float('nan')
# Two sources of four classes: A annotates 0 and 1, B annotates 2 and 3. In B,
# class 2 is three times as frequent as class 3.
TARGET = torch.tensor(
    [[0.0, 0.0, NAN, NAN]] * 8
    + [[NAN, NAN, 1.0, 0.0]] * 3
    + [[NAN, NAN, 0.0, 1.0]]
)


def make_loss(**options):
    options = dict(exactly_one=True, align=True, distance='bce') | options
    return PartialBCEPseudoConsistLoss(ramp_up=0, temperature=1e9, **options)


def pseudo_labels(loss, logits, target=TARGET):
    label, known = target.nan_to_num(), ~target.isnan()
    return loss.pseudo_label(logits, label, known)[0]


def test_a_class_is_labelled_as_often_as_it_is_where_annotated():
    logits = torch.zeros(12, 4)
    logits[:8, 3] = 2.0  # wrongly sure of class 3 in source A
    loss = make_loss()
    for _ in range(3):
        loss.losses(logits, TARGET)
    shares = pseudo_labels(loss, logits)[:8].mean(dim=0)
    torch.testing.assert_close(shares, torch.tensor([0.0, 0.0, 0.75, 0.25]))
    plain = pseudo_labels(make_loss(align=False), logits)[:8].mean(dim=0)
    assert plain[3] > 0.85


def test_a_class_without_a_positive_label_gets_almost_no_pseudo_label():
    target = TARGET[:-1]  # class 3 is annotated in B, and never there
    loss = make_loss()
    loss.losses(torch.zeros(11, 4), target)
    shares = pseudo_labels(loss, torch.zeros(11, 4), target)[:8].mean(dim=0)
    assert shares.isfinite().all()
    assert shares[3] < 1e-4 and shares[2] > 0.999


def test_pixels_are_aligned_like_images_and_unknown_pixels_do_not_count():
    target, logits = TARGET.clone(), torch.randn(12, 4)
    target[0] = NAN
    annotated = torch.tensor([[True, True, False, False]] * 8)
    annotated = torch.cat([annotated, ~annotated[:4]])
    label = torch.tensor([255] + [254] * 7 + [2] * 3 + [3])
    pixels = PixelTarget(label[:, None, None], annotated, annotated)
    of_images, of_pixels = make_loss(), make_loss()
    of_images.losses(logits, target)
    of_pixels.losses(logits[..., None, None], pixels)
    sums = of_images.alignment.sums
    torch.testing.assert_close(of_pixels.alignment.sums, sums)
    assert sums[2].sum() == pytest.approx(7 * 0.01)  # momentum 0.99


def test_exclusive_negatives_do_not_count_as_annotated():
    label = torch.tensor([[[0, 0, 0, 254]], [[1, 254, 254, 255]]])
    elsewhere = torch.tensor([[True, False], [False, True]])
    target = PixelTarget(label, torch.ones_like(elsewhere), elsewhere)
    positive, annotated = target.num_annotated()
    assert positive.tolist() == [3, 1]
    assert annotated.tolist() == [4, 3]


def test_one_view_is_enough_for_exactly_one():
    logits = torch.randn(12, 4, requires_grad=True)
    terms = make_loss(pseudo_weight=0.5, align=False).losses(logits, TARGET)
    assert list(terms) == ['loss_bce', 'loss_pseudo']
    (got,) = torch.autograd.grad(terms['loss_pseudo'], logits)
    # The gradient of BCE against a constant: half of the mean over the
    # unknown entries.
    unknown = TARGET.isnan()
    pseudo = pseudo_labels(make_loss(align=False), logits.detach())
    expected = 0.5 * (logits.sigmoid() - pseudo) * unknown / unknown.sum()
    torch.testing.assert_close(got, expected.detach())


def test_the_sums_are_saved_with_the_weights_and_fixed_in_evaluation():
    loss = make_loss()
    loss.losses(torch.randn(12, 4), TARGET)
    other = make_loss()
    other.load_state_dict(loss.state_dict())
    torch.testing.assert_close(other.alignment.sums, loss.alignment.sums)
    before = copy.deepcopy(loss.alignment.sums)
    loss.eval().losses(torch.randn(12, 4), TARGET)
    torch.testing.assert_close(loss.alignment.sums, before)


def test_align_needs_exactly_one():
    with pytest.raises(ValueError, match='exactly_one=True'):
        PartialBCEPseudoConsistLoss(align=True)


def test_without_unannotated_entries_nothing_is_shifted():
    alignment = ClassAlignment()
    alignment.count(torch.ones(2), torch.full((2,), 4.0))
    alignment.compare(torch.zeros(2), torch.zeros(2))
    assert alignment.shift().tolist() == [0.0, 0.0]
