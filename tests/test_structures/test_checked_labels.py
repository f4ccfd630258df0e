import copy
import pickle
from multiprocessing.reduction import ForkingPickler

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmengine.registry import DefaultScope
from mmengine.structures import BaseDataElement, PixelData
from mmpretrain.models import heads
from mmpretrain.models.losses import (
    AsymmetricLoss,
    CrossEntropyLoss,
    FocalLoss,
)
from mmpretrain.structures import DataSample
from mmseg.evaluation import IoUMetric
from mmseg.models.decode_heads import FCNHead
from mmseg.structures import SegDataSample
from mmseg.visualization import SegLocalVisualizer

from mmda.datasets.packed_samples import protect_labels
from mmda.models import (
    PartialBCEPseudoConsistLoss,
    SegDualViewDataPreprocessor,
)
from mmda.structures import (
    PartialLabelMap,
    PartialScore,
    as_partial,
    score_of,
    split_annotated,
)

NAN = float('nan')
LABEL = torch.tensor([[1.0, NAN, 0.0], [NAN, 0.0, 1.0]])


def packed(label=LABEL):
    """Return samples as a pipeline and the wrapper of a dataset give them."""
    samples = [DataSample().set_gt_score(row.clone()) for row in label]
    results = dict(data_samples=samples)
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
    # To another process; mmpretrain sends the tensors of a sample as arrays.
    sample = pickle.loads(ForkingPickler.dumps(sample))
    moved = sample.to('cpu').clone().gt_score.float()
    copied = pickle.loads(ForkingPickler.dumps(moved))
    stacked = torch.stack([moved, LABEL[1]])
    # The stock preprocessor stacks the labels and deals them out again.
    for score in (moved, copied, stacked, *stacked, *stacked.split(1)):
        assert type(score) is PartialScore
    assert type(score_of(sample, 3)) is torch.Tensor


def test_a_file_holds_a_plain_tensor():
    (stored,) = pickle.loads(pickle.dumps([as_partial(LABEL)]))
    assert type(stored) is torch.Tensor
    sample = pickle.loads(pickle.dumps(packed()[0]))
    assert type(sample) is DataSample
    assert type(sample.gt_score) is torch.Tensor
    torch.testing.assert_close(stored, LABEL, equal_nan=True)


@pytest.mark.parametrize(
    ('loss', 'views'),
    [
        (dict(type='CrossEntropyLoss'), 1),
        (dict(type='CrossEntropyLoss', use_sigmoid=True), 1),
        (dict(type='DiceLoss'), 1),
        (dict(type='TverskyLoss'), 1),
        (dict(type='FocalLoss'), 1),
        (dict(type='CrossEntropyLoss'), 2),
        (dict(type='DiceLoss'), 2),
    ],
)
def test_a_stock_decode_head_refuses_pixels_that_its_loss_misreads(
    loss, views
):
    label = torch.randint(3, (1, 4, 4))
    label[0, 0, 0] = 254 if views == 1 else 0
    sample = SegDataSample(gt_sem_seg=PixelData(data=label))
    sample.set_metainfo(dict(annotated_classes=[True, True, False]))
    protect_labels(dict(data_samples=sample))
    inputs = torch.rand(views, 4, 4, 4)
    if views == 2:
        preprocessor = SegDualViewDataPreprocessor(
            strong_view=[dict(type='RandomInvert', p=1.0)], size=(4, 4)
        )
        data = dict(inputs=[torch.rand(3, 4, 4)], data_samples=[sample])
        (sample,) = preprocessor(data, training=True)['data_samples']
    with DefaultScope.overwrite_default_scope('mmseg'):
        head = FCNHead(
            in_channels=4, channels=4, num_classes=3, num_convs=0,
            concat_input=False, loss_decode=loss,
        )  # fmt: skip
    expected = ('PartialLabelLossWrapper', 'DualViewEncoderDecoder')[views - 1]
    with pytest.raises(ValueError, match=expected):
        head.loss([inputs], [sample], None)
    sent = pickle.loads(ForkingPickler.dumps(sample))  # to another process
    moved = sent.gt_sem_seg.data
    assert type(moved) is type(sample.gt_sem_seg.data) is not torch.Tensor
    assert type(copy.deepcopy(moved)) is type(moved)
    assert type(pickle.loads(pickle.dumps(moved))) is torch.Tensor


@pytest.mark.parametrize('kind', ['stock', 'wrapper', 'mmda'])
def test_a_stock_decode_head_refuses_classes_that_may_overlap(kind):
    label = torch.zeros(1, 4, 4, dtype=torch.long)
    sample = SegDataSample(gt_sem_seg=PixelData(data=label))
    facts = dict(annotated_classes=[True, True, False], exclusive=False)
    sample.set_metainfo(facts)
    protect_labels(dict(data_samples=sample))
    bce = dict(type='CrossEntropyLoss', use_sigmoid=True)
    loss = dict(
        stock=bce,
        wrapper=dict(type='PartialLabelLossWrapper', loss=bce),
        mmda=dict(type='PartialBCEPseudoConsistLoss'),
    )[kind]
    with DefaultScope.overwrite_default_scope('mmseg'):
        head = FCNHead(
            in_channels=4, channels=4, num_classes=3, num_convs=0,
            concat_input=False, loss_decode=loss,
        )  # fmt: skip
    with pytest.raises(ValueError, match='exclusive=False'):
        head.loss([torch.rand(1, 4, 4, 4)], [sample], None)


def test_torch_2_1_cannot_say_whether_it_compiles(monkeypatch):
    monkeypatch.delattr(torch.compiler, 'is_compiling')
    label = as_partial(LABEL)
    assert type(label + 1) is PartialScore
    logits = torch.randn(2 * len(LABEL), 3, requires_grad=True)
    PartialBCEPseudoConsistLoss()(logits, label).backward()


@pytest.mark.slow
def test_a_compiled_loss_takes_them_in_one_graph():
    loss = PartialBCEPseudoConsistLoss(ramp_up=0)
    logits = torch.randn(4, 3, requires_grad=True)
    compiled = torch.compile(loss, backend='eager', fullgraph=True)
    assert compiled(logits, as_partial(LABEL)) == loss(logits, LABEL)


def test_a_label_map_of_training_data_can_be_drawn_and_evaluated():
    label = torch.tensor([[0, 1, 254]]).as_subclass(PartialLabelMap)
    sample = SegDataSample(gt_sem_seg=PixelData(data=label))
    meta = dict(classes=['a', 'b'], palette=[[9, 9, 9], [5, 5, 5]])
    visualizer = SegLocalVisualizer(alpha=1.0)
    visualizer.dataset_meta = meta
    image = np.zeros((1, 3, 3), np.uint8)
    drawn = visualizer._draw_sem_seg(
        image, sample.gt_sem_seg, meta['classes'], meta['palette'], False
    )
    assert drawn[0, :, 0].tolist() == [9, 5, 0]
    metric = IoUMetric()
    metric.dataset_meta = meta
    sample.pred_sem_seg = PixelData(data=torch.tensor([[0, 1, 1]]))
    with torch.no_grad():  # as in the loops of the hosts
        metric.process({}, [sample.to_dict()])
    assert len(metric.results) == 1


def test_a_label_map_without_such_pixels_stays_a_plain_tensor():
    label = torch.tensor([[[0, 2, 255]]])
    sample = SegDataSample(gt_sem_seg=PixelData(data=label))
    protect_labels(dict(data_samples=sample))  # of a stock dataset
    sample.set_metainfo(dict(annotated_classes=[True, True, False]))
    protect_labels(dict(data_samples=sample))
    assert type(sample.gt_sem_seg.data) is torch.Tensor
