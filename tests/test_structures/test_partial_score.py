import pickle
from multiprocessing.reduction import ForkingPickler

import pytest
import torch
import torch.nn.functional as F
from mmengine.structures import BaseDataElement
from mmpretrain.models import heads
from mmpretrain.models.losses import (
    AsymmetricLoss,
    CrossEntropyLoss,
    FocalLoss,
)
from mmpretrain.structures import DataSample

from mmda.structures import (
    PartialScore,
    as_partial,
    protect_labels,
    score_of,
    split_annotated,
)

NAN = float('nan')
LABEL = torch.tensor([[1.0, NAN, 0.0], [NAN, 0.0, 1.0]])


def packed(label=LABEL):
    """Return samples as a pipeline and the wrapper of a dataset give them."""
    results = dict(
        data_samples=[DataSample().set_gt_score(row.clone()) for row in label]
    )
    protect_labels(results)
    return results['data_samples']


@pytest.mark.parametrize(
    'loss',
    [
        AsymmetricLoss(),
        FocalLoss(),
        CrossEntropyLoss(use_sigmoid=True),
        CrossEntropyLoss(use_soft=True),
        CrossEntropyLoss(),
    ],
    ids=str,
)
def test_a_stock_loss_refuses_unannotated_entries(loss):
    head = heads.MultiLabelLinearClsHead(3, 8, loss=loss)
    with pytest.raises(ValueError, match='PartialLabelLossWrapper'):
        head.loss((torch.rand(2, 8),), packed())
    full = head.loss((torch.rand(2, 8),), packed(LABEL.nan_to_num()))
    assert full['loss'].isfinite()


@pytest.mark.parametrize(
    'masked',
    [
        lambda z, y: F.mse_loss(*(t[~y.isnan()] for t in (z, y))),
        lambda z, y: F.mse_loss(
            torch.where(y >= 0, z, 0), torch.where(y >= 0, y, 0)
        ),
        lambda z, y: (split_annotated(y)[0] - z).mean(),
        lambda z, y: (y.nan_to_num(0.5) - z).mean(),
    ],
)
def test_a_loss_that_masks_first_gets_through(masked):
    logits = torch.zeros(2, 3, requires_grad=True)
    value = masked(logits, as_partial(LABEL))
    value.backward()
    assert type(value) is torch.Tensor and logits.grad.isfinite().all()


def test_masking_afterwards_is_refused_since_gradients_would_be_nan():
    logits = torch.zeros(2, 3, requires_grad=True)
    with pytest.raises(ValueError, match='unannotated'):
        ((logits - as_partial(LABEL)) ** 2)[~LABEL.isnan()].mean()


def test_answers_that_are_nan_are_not_blamed_on_the_labels():
    logits = torch.full((2, 3), NAN, requires_grad=True)
    assert F.mse_loss(logits, as_partial(LABEL)).isnan()


def test_only_unannotated_labels_change_their_type():
    assert type(as_partial(LABEL.nan_to_num())) is torch.Tensor
    assert as_partial(LABEL).data_ptr() == LABEL.data_ptr()
    protect_labels(None)  # an image that cannot be decoded
    protect_labels(dict(data_samples=[BaseDataElement()]))  # without labels


def test_the_way_of_a_batch_keeps_the_check():
    sample = packed()[0]
    moved = sample.to('cpu').clone().gt_score.float()
    copied = pickle.loads(ForkingPickler.dumps(moved))  # to another process
    stacked = torch.stack([moved, LABEL[1]])
    # The stock preprocessor stacks the labels and deals them out again.
    for score in (moved, copied, stacked, *stacked, *stacked.split(1)):
        assert type(score) is PartialScore
    assert type(score_of(sample, 3)) is torch.Tensor


def test_a_file_holds_a_plain_tensor():
    (stored,) = pickle.loads(pickle.dumps([as_partial(LABEL)]))
    assert type(stored) is torch.Tensor
    torch.testing.assert_close(stored, LABEL, equal_nan=True)
