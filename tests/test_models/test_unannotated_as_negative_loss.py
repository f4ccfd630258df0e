import pytest
import torch
import torch.nn.functional as F

from mmda.models import UnannotatedAsNegativeLoss
from mmda.structures import PixelTarget

NAN = float('nan')
TARGET = torch.tensor([[1.0, NAN, 0.0], [NAN, 0.5, NAN]])


def make_logits(rows=2):
    generator = torch.Generator().manual_seed(0)
    return torch.randn(rows, 3, generator=generator, requires_grad=True)


def test_the_loss_is_bce_with_0_where_unannotated():
    logits = make_logits()
    filled = torch.tensor([[1.0, 0.0, 0.0], [0.0, 0.5, 0.0]])
    expected = F.binary_cross_entropy_with_logits(logits, filled)
    loss = UnannotatedAsNegativeLoss()
    torch.testing.assert_close(loss(logits, TARGET), expected)
    terms = loss.terms(logits, TARGET)
    torch.testing.assert_close(terms['loss_bce'], expected)


def test_the_labels_stay_as_they_are_for_the_evaluation():
    target = TARGET.clone()
    UnannotatedAsNegativeLoss().terms(make_logits(), target)
    assert torch.equal(target.isnan(), TARGET.isnan())


def test_an_unannotated_entry_pushes_its_answer_down():
    logits = make_logits()
    UnannotatedAsNegativeLoss()(logits, TARGET).backward()
    assert (logits.grad[TARGET.isnan()] > 0).all()


def test_nothing_is_left_to_self_training_in_two_views():
    terms = UnannotatedAsNegativeLoss().terms(make_logits(4), TARGET)
    assert terms['loss_pseudo'].item() == terms['loss_consist'].item() == 0


def test_label_maps_are_refused():
    target = PixelTarget.__new__(PixelTarget)
    with pytest.raises(ValueError, match='label maps of pixels'):
        UnannotatedAsNegativeLoss().terms(make_logits(), target)
