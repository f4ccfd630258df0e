import pytest
import torch
from mmpretrain.models import LinearClsHead
from mmpretrain.models.heads import MultiLabelLinearClsHead
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample

from mmda.models import DynamicAdapterHead, PartialLabelLossWrapper
from mmda.structures import PixelTarget

NAN = float('nan')
STOCK = [
    dict(type='mmpretrain.AsymmetricLoss', gamma_pos=1.0, loss_weight=2.0),
    dict(type='mmpretrain.FocalLoss', gamma=1.5),
    dict(
        type='mmpretrain.CrossEntropyLoss',
        use_sigmoid=True,
        class_weight=[1.0, 2.0, 3.0],
        pos_weight=[1.0, 0.5, 2.0],
    ),
    dict(
        type='mmpretrain.LabelSmoothLoss',
        label_smooth_val=0.1,
        num_classes=3,
        mode='multi_label',
        use_sigmoid=True,
    ),
]
SEG_BCE = dict(
    type='mmseg.CrossEntropyLoss',
    use_sigmoid=True,
    loss_weight=0.4,
    avg_non_ignore=True,
)
stock = pytest.mark.parametrize('loss', STOCK, ids=lambda loss: loss['type'])


class RowLoss(torch.nn.Module):
    def forward(self, pred, target, reduction_override=None):
        return (pred - target).sum(dim=1)


def draw(num=4, missing=0.5, seed=0):
    """Return logits and labels of 3 classes, a part of them unannotated."""
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(num, 3, generator=generator, requires_grad=True)
    label = (torch.rand(num, 3, generator=generator) > 0.5).float()
    unknown = torch.rand(num, 3, generator=generator) < missing
    return logits, label.masked_fill(unknown, NAN)


@stock
def test_full_labels_give_the_stock_loss_under_each_head(loss):
    logits, label = draw(missing=0)
    wrapper, plain = PartialLabelLossWrapper(loss), MODELS.build(loss)
    torch.testing.assert_close(
        wrapper(logits, label, avg_factor=4),
        plain(logits, label, avg_factor=4),
    )
    torch.testing.assert_close(wrapper(logits, label), plain(logits, label))
    head = DynamicAdapterHead(
        3, 8, loss=dict(type='PartialLabelLossWrapper', loss=loss)
    )
    same = DynamicAdapterHead(3, 8, loss=loss)
    same.load_state_dict(head.state_dict())
    feats = (torch.rand(4, 8),)
    samples = [DataSample().set_gt_score(row) for row in label]
    torch.testing.assert_close(
        head.loss(feats, samples)['loss'], same.loss(feats, samples)['loss']
    )


@stock
def test_partial_labels_give_the_mean_of_the_stock_loss_entry_by_entry(loss):
    logits, label = draw()
    wrapper, plain = PartialLabelLossWrapper(loss), MODELS.build(loss)
    values = []
    for row in range(4):
        for column in range(3):
            if not label[row, column].isnan():
                alone = label[row : row + 1].nan_to_num()
                entries = plain(
                    logits[row : row + 1], alone, reduction_override='none'
                )
                values.append(entries[0, column])
    torch.testing.assert_close(
        wrapper(logits, label), torch.stack(values).mean()
    )


@stock
def test_an_unannotated_entry_changes_no_value_and_no_gradient(loss):
    logits, label = draw()
    wrapper = PartialLabelLossWrapper(loss)
    (gradient,) = torch.autograd.grad(wrapper(logits, label), logits)
    assert (gradient[label.isnan()] == 0).all()
    assert (gradient[~label.isnan()] != 0).all()
    wild = logits.detach().masked_fill(label.isnan(), float('inf'))
    wild.requires_grad_()
    value = wrapper(wild, label)
    assert value == wrapper(logits, label)
    (same,) = torch.autograd.grad(value, wild)
    assert torch.equal(same, gradient)


@stock
def test_nothing_annotated_is_0_and_backward_runs(loss):
    logits, label = draw(missing=2)
    value = PartialLabelLossWrapper(loss)(logits, label, avg_factor=4)
    value.backward()
    assert value == 0 and (logits.grad == 0).all()


def test_a_sure_and_wrong_answer_in_float16_has_a_finite_loss():
    loss = PartialLabelLossWrapper(dict(type='mmpretrain.AsymmetricLoss'))
    logits = torch.tensor([[-30.0, 30.0]])
    target = torch.tensor([[1.0, float('nan')]])
    assert loss(logits.half(), target) == loss(logits, target)


def test_two_views_count_alike():
    logits, label = draw()
    wrapper = PartialLabelLossWrapper(STOCK[0])
    strong = logits + 1
    both = wrapper(torch.cat([logits, strong]), label)
    alone = (wrapper(logits, label) + wrapper(strong, label)) / 2
    torch.testing.assert_close(both, alone)


def test_one_class_is_one_entry():
    logits = torch.tensor([[0.3], [2.0]])
    label = torch.tensor([[1.0], [NAN]])
    for loss in STOCK[:2]:
        value = PartialLabelLossWrapper(loss)(logits, label)
        two = PartialLabelLossWrapper(loss)(
            torch.cat([logits, logits], 1), torch.cat([label, label], 1)
        )
        torch.testing.assert_close(value, two)


def test_label_maps_of_a_stock_decode_head_give_the_stock_loss():
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(2, 3, 4, 5, generator=generator)
    label = torch.randint(3, (2, 4, 5), generator=generator)
    label[0, 0] = 255
    wrapper, plain = PartialLabelLossWrapper(SEG_BCE), MODELS.build(SEG_BCE)
    expected = plain(logits, label, weight=None, ignore_index=255)
    found = wrapper(logits, label, weight=None, ignore_index=255)
    torch.testing.assert_close(found, expected)
    assert wrapper.loss_name == 'loss_ce'
    label[label == 1] = 9  # a host may use another value
    other = wrapper(logits, label, weight=None, ignore_index=9)
    assert other != found


def test_pixels_equal_images_of_one_pixel_each():
    logits, label = draw(num=6)
    focal = PartialLabelLossWrapper(STOCK[1])
    on_class = torch.tensor([[True, True, False], [True, False, True]])
    maps = torch.tensor([[0, 1, 254], [255, 2, 254]])[..., None]
    target = PixelTarget(maps, on_class, on_class)
    pixels = logits.detach().unflatten(0, (2, 3)).movedim(2, 1)[..., None]
    rows = target.dense().movedim(1, -1).reshape(-1, 3)
    torch.testing.assert_close(
        focal.losses(pixels, target)['loss'], focal(logits, rows)
    )


@pytest.mark.parametrize(
    ('loss', 'message'),
    [
        (dict(type='mmpretrain.CrossEntropyLoss'), 'softmax over all classes'),
        (
            dict(type='mmpretrain.AsymmetricLoss', use_sigmoid=False),
            'softmax over all classes',
        ),
        (
            dict(type='mmpretrain.LabelSmoothLoss', label_smooth_val=0.1),
            'LabelSmoothLoss takes the softmax',
        ),
        (torch.nn.BCEWithLogitsLoss(), 'takes no reduction_override'),
        (dict(type='mmseg.DiceLoss'), 'mmseg.DiceLoss takes one class per'),
        (dict(type='mmseg.FocalLoss'), "or dict.type='mmpretrain.FocalLoss'"),
        (
            dict(type='mmpretrain.FocalLoss', reduction='sum'),
            "FocalLoss has reduction='sum'; expected 'mean'",
        ),
        (dict(type='PartialBCEPseudoConsistLoss'), 'use it alone'),
    ],
)
def test_a_loss_that_mixes_entries_is_refused(loss, message):
    with pytest.raises(ValueError, match=message):
        PartialLabelLossWrapper(loss)


def test_a_loss_of_another_shape_is_refused_at_the_first_batch():
    wrapper = PartialLabelLossWrapper(RowLoss())
    with pytest.raises(ValueError, match='RowLoss gives values of shape'):
        wrapper(torch.zeros(2, 3), torch.zeros(2, 3))


def test_indices_of_a_stock_head_are_full_labels():
    wrapper = PartialLabelLossWrapper(STOCK[0])
    logits, _ = draw()
    index = torch.tensor([2, 0, 1, 1])
    one_hot = torch.nn.functional.one_hot(index).float()
    assert wrapper(logits, index) == wrapper(logits, one_hot)
    with pytest.raises(
        ValueError, match='labels from 0 to 3, expected 0 to 2'
    ):
        wrapper(logits, index.clamp(0, 3) + torch.tensor([1, 0, 0, 0]))


def test_it_trains_under_the_stock_heads_of_mmpretrain():
    _, label = draw()
    samples = [DataSample().set_gt_score(row) for row in label]
    for kind in (LinearClsHead, MultiLabelLinearClsHead):
        head = kind(3, 8, loss=PartialLabelLossWrapper(STOCK[0]))
        loss = head.loss((torch.rand(4, 8),), samples)['loss']
        loss.backward()
        assert head.fc.weight.grad.isfinite().all()
