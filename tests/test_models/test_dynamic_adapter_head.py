import pytest
import torch
import torch.nn.functional as F
from mmpretrain.models.heads import MultiLabelLinearClsHead
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample

from mmda.models import (
    DynamicAdapterHead,
    PartialBCEPseudoConsistLoss,
    PartialLabelLinearHead,
)

NAN = float('nan')
CLASSES = ('a', 'b', 'c')
TARGET = torch.tensor([[1.0, NAN, 0.0], [NAN, 0.0, NAN]])
STOCK_LOSS = dict(
    type='mmpretrain.CrossEntropyLoss', use_sigmoid=True, loss_weight=1.0
)


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


@pytest.mark.parametrize('views', [1, 2])
def test_every_parameter_gets_a_gradient(views):
    head = make_head()
    losses = head.loss(make_feats(2 * views), make_samples())
    sum(v for k, v in losses.items() if 'loss' in k).backward()
    assert len(list(head.parameters())) == 3
    for parameter in head.parameters():
        assert parameter.grad.isfinite().all()
        assert parameter.grad.abs().sum() > 0


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


def test_a_stock_loss_fails_loudly_on_partial_labels():
    losses = make_head(loss=STOCK_LOSS).loss(make_feats(2), make_samples())
    assert losses['loss'].isnan()


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


def test_the_order_of_the_batch_does_not_matter():
    head, feats = make_head(), make_feats(4)
    target = torch.cat([TARGET, TARGET.flip(1)])
    order = torch.tensor([2, 0, 3, 1])
    both = torch.cat([order[order < 2], order[order >= 2]])
    losses = head.loss(feats, make_samples(target))
    shuffled = head.loss((feats[0][order],), make_samples(target[order]))
    torch.testing.assert_close(losses, shuffled)
    # Two views: weak and strong rows keep their pairs.
    two = torch.cat([feats[0], make_feats(4, seed=2)[0]])
    rows = torch.cat([both, both + 4])
    losses = head.loss((two,), make_samples(target))
    shuffled = head.loss((two[rows],), make_samples(target[both]))
    torch.testing.assert_close(losses, shuffled)


def test_a_state_dict_makes_the_round_trip_by_name():
    source = make_head(classes=CLASSES).eval()
    torch.nn.init.normal_(source.classifier.task_encoding)
    target = DynamicAdapterHead(3, 8, classes=CLASSES[::-1]).eval()
    target.load_state_dict(source.state_dict())
    feats = make_feats(4)
    torch.testing.assert_close(
        target(feats).flip(1), source(feats), rtol=0, atol=1e-6
    )
    assert target.classes == CLASSES[::-1]


def test_init_weights_leaves_the_start_alone():
    head = make_head(init_cfg=dict(type='Normal', layer='Linear', std=0.01))
    before = head.classifier.kernel.clone()
    head.init_weights()
    assert torch.equal(head.classifier.kernel, before)


def test_the_name_is_found_in_mmpretrain_and_the_loss_by_its_default():
    head = MODELS.build(
        dict(
            type='DynamicAdapterHead',
            _scope_='mmpretrain',
            num_classes=3,
            in_channels=8,
            classes=CLASSES,
        )
    )
    assert isinstance(head.loss_module, PartialBCEPseudoConsistLoss)
    assert head.classes == CLASSES
    assert make_head().classes is None
    assert head.thr == 0.5


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


def test_another_number_of_names_than_classes_is_refused():
    with pytest.raises(ValueError, match=r'1 names.*num_classes=3'):
        make_head(classes=('a',))


def test_the_answers_start_in_the_range_of_the_stock_linear_head():
    torch.manual_seed(0)
    feats = F.relu(torch.randn(64, 512))
    ours = DynamicAdapterHead(100, 512)((feats,))
    stock = MultiLabelLinearClsHead(100, 512, loss=STOCK_LOSS)
    assert 0.85 < (ours.std() / stock((feats,)).std()).item() < 1.15
