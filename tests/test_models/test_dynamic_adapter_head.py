import pytest
import torch
from mmpretrain.models.heads import MultiLabelLinearClsHead
from mmpretrain.structures import DataSample

from mmda.models import (
    DynamicAdapterHead,
    PartialBCEPseudoConsistLoss,
    PartialLabelLinearHead,
)

NAN = float('nan')
CLASSES = ('a', 'b', 'c')
TARGET = torch.tensor([[1.0, NAN, 0.0], [NAN, 0.0, NAN]])
STOCK_LOSS = dict(type='mmpretrain.CrossEntropyLoss', use_sigmoid=True)


def make_head(**kwargs):
    torch.manual_seed(0)
    return DynamicAdapterHead(3, 8, **kwargs)


def make_samples(target=TARGET):
    return [DataSample().set_gt_score(score) for score in target]


def make_feats(rows, seed=1):
    generator = torch.Generator().manual_seed(seed)
    return (torch.randn(rows, 8, generator=generator),)


def test_the_answers_are_the_adapters_about_the_last_stage():
    head = make_head()
    early, last = torch.rand(2, 3), torch.rand(2, 8)
    assert torch.equal(head((early, last)), head.classifier(last))


@pytest.mark.parametrize('views', [1, 2])
def test_the_losses_are_the_terms_of_the_loss(views):
    head = make_head(loss=dict(type='PartialBCEPseudoConsistLoss', tau=0.4))
    feats = make_feats(2 * views)
    losses = head.loss(feats, make_samples())
    expected = PartialBCEPseudoConsistLoss(tau=0.4).terms(head(feats), TARGET)
    assert set(losses) == set(expected)
    for key, value in expected.items():
        assert losses[key].item() == pytest.approx(value.item())


def test_stock_labels_count_as_fully_annotated_sample_by_sample():
    head, feats = make_head(), make_feats(3)
    scores = torch.tensor([[0.0, 1.0, 0.0], [1.0, NAN, 0.0], [1.0, 0.0, 1.0]])
    mixed = [
        DataSample().set_gt_label(1),
        DataSample().set_gt_score(scores[1]),
        DataSample().set_gt_label([0, 2]),
    ]
    losses = head.loss(feats, mixed)
    expected = head.loss(feats, make_samples(scores))
    assert losses['loss_bce'].item() == expected['loss_bce'].item()
    assert losses['annotated_fraction'].item() == pytest.approx(8 / 9)


def test_a_stock_loss_gives_what_it_gives_under_the_stock_head():
    head = make_head(loss=STOCK_LOSS)
    stock = MultiLabelLinearClsHead(3, 8, loss=STOCK_LOSS)
    weight, bias = head.classifier.fold()
    stock.fc.load_state_dict({'weight': weight, 'bias': bias})
    feats, samples = make_feats(2), make_samples(TARGET.nan_to_num(0.0))
    torch.testing.assert_close(
        head.loss(feats, samples), stock.loss(feats, samples)
    )


def test_a_stock_loss_refuses_partial_labels():
    with pytest.raises(ValueError, match='PartialLabelLossWrapper'):
        make_head(loss=STOCK_LOSS).loss(make_feats(2), make_samples())


@pytest.mark.parametrize(
    ('left', 'message'),
    [
        (
            dict(loss=dict(type='mmpretrain.CrossEntropyLoss')),
            'loss=CrossEntropyLoss takes the softmax over all classes, but',
        ),
        (dict(topk=(1, 5)), r'topk=\(1, 5\) belongs to a head with a softmax'),
    ],
)
def test_what_a_softmax_head_leaves_in_a_config_is_refused(left, message):
    with pytest.raises(ValueError, match=f'model.head.{message}'):
        make_head(**left)


def test_a_prediction_is_the_probability_and_the_classes_above_thr():
    head = make_head(thr=0.6).eval()
    feats = make_feats(4)
    samples = make_samples(torch.full((4, 3), NAN))
    predicted = head.predict(feats, samples)
    for row, sample in enumerate(predicted):
        expected = head(feats)[row].sigmoid()
        assert sample is samples[row]
        torch.testing.assert_close(sample.pred_score, expected)
        above = (expected >= 0.6).nonzero().flatten()
        assert sample.pred_label.tolist() == above.tolist()


def test_a_prediction_needs_no_samples_and_can_take_the_top_k():
    head = make_head(topk=2).eval()
    for sample in head.predict(make_feats(2)):
        best = sample.pred_score.argsort(descending=True)[:2]
        assert sample.pred_label.tolist() == best.tolist()


def test_init_weights_leaves_the_start_alone():
    head = make_head(init_cfg=dict(type='Normal', layer='Linear', std=0.01))
    before = head.classifier.kernel.clone()
    head.init_weights()
    assert torch.equal(head.classifier.kernel, before)


def test_the_number_of_classes_follows_from_their_names():
    head = DynamicAdapterHead(in_channels=8, classes=CLASSES)
    assert head.num_classes == 3
    assert head(make_feats(2)).shape == (2, 3)
    with pytest.raises(ValueError, match='found neither'):
        DynamicAdapterHead(in_channels=8)


def test_a_head_without_in_channels_is_refused():
    with pytest.raises(ValueError, match='in_channels is missing'):
        DynamicAdapterHead(classes=CLASSES)


@pytest.mark.parametrize(
    'classifier', ['DynamicAdapter', 'NamedLinear', 'DoDNetController']
)
def test_the_classifier_is_chosen_by_its_config(classifier):
    head = DynamicAdapterHead(
        in_channels=8, classes=CLASSES, classifier=dict(type=classifier)
    )
    assert type(head.classifier).__name__ == classifier
    assert head.classes == head.classifier.classes == CLASSES
    losses = head.loss(make_feats(4), make_samples())
    losses['loss_bce'].backward()
    assert losses['annotated_fraction'].item() == 0.5
    for parameter in head.parameters():
        assert parameter.grad.isfinite().all()


@pytest.mark.parametrize('classes', [CLASSES[::-1], ('d', 'b', 'a', 'e')])
def test_a_stock_linear_checkpoint_and_a_linear_one_start_an_adapter(classes):
    linear = PartialLabelLinearHead(3, 8, CLASSES)
    adapter = DynamicAdapterHead(in_channels=8, classes=classes)
    adapter.load_state_dict(linear.state_dict())
    feats = make_feats(4)
    shared = [name for name in CLASSES if name in classes]
    torch.testing.assert_close(
        adapter(feats)[:, [classes.index(name) for name in shared]],
        linear(feats)[:, [CLASSES.index(name) for name in shared]],
    )
    stock = MultiLabelLinearClsHead(len(classes), 8, loss=STOCK_LOSS)
    adapter.load_state_dict(stock.state_dict())
    torch.testing.assert_close(adapter(feats), stock(feats))


def test_a_loss_that_fills_the_labels_leaves_the_logged_fraction_alone():
    head = make_head(loss=dict(type='UnannotatedAsNegativeLoss'))
    losses = head.loss(make_feats(2), make_samples())
    assert losses['annotated_fraction'].item() == 0.5


def test_with_rules_a_class_is_at_most_as_likely_as_what_it_implies():
    rules = dict(implies={'child': ['parent']})
    options = dict(in_channels=4, classes=['parent', 'child'])
    head = DynamicAdapterHead(rules=rules, **options)
    plain = DynamicAdapterHead(**options)
    plain.load_state_dict(head.state_dict())
    feats = (3 * torch.randn(20, 4, generator=torch.manual_seed(0)),)
    lowered = torch.stack([s.pred_score for s in head.predict(feats)])
    free = torch.stack([s.pred_score for s in plain.predict(feats)])
    assert (free[:, 1] > free[:, 0]).any()
    torch.testing.assert_close(lowered[:, 0], free[:, 0])
    torch.testing.assert_close(lowered[:, 1], free.amin(dim=1))
    with pytest.raises(ValueError, match='needs model.head.classes'):
        DynamicAdapterHead(num_classes=2, in_channels=4, rules=rules)


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_large_logits_keep_their_order_in_half_precision(dtype):
    head = DynamicAdapterHead(in_channels=4, classes=['a', 'b'])
    logits = torch.tensor([[9.0, 12.0]], dtype=dtype)
    (sample,) = head._get_predictions(logits, [DataSample()])
    assert sample.pred_score.dtype == torch.float32
    assert sample.pred_score[0] < sample.pred_score[1] < 1
