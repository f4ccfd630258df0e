import logging

import torch
import torch.nn.functional as F
from mmpretrain.models.heads import MultiLabelLinearClsHead
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample

from mmda.apis.fold import fold_model_config, fold_state_dict
from mmda.models import DynamicAdapterHead, PartialLabelLinearHead

NAN = float('nan')
CLASSES = ('a', 'b', 'c')
TARGET = torch.tensor([[1.0, NAN, 0.0], [NAN, 0.0, NAN]])
STOCK_LOSS = dict(
    type='mmpretrain.CrossEntropyLoss', use_sigmoid=True, loss_weight=1.0
)


def make_head(classes=CLASSES, **kwargs):
    torch.manual_seed(0)
    return PartialLabelLinearHead(
        len(classes or CLASSES), 8, classes, **kwargs
    )


def make_samples(target=TARGET):
    return [DataSample().set_gt_score(score) for score in target]


def make_feats(rows, seed=1):
    generator = torch.Generator().manual_seed(seed)
    return (torch.randn(rows, 8, generator=generator),)


def test_the_prediction_is_that_of_the_stock_head_with_the_same_weights():
    head = make_head(thr=0.6).eval()
    stock = MultiLabelLinearClsHead(3, 8, loss=STOCK_LOSS, thr=0.6).eval()
    stock.fc.load_state_dict(
        {'weight': head.classifier.weight, 'bias': head.classifier.bias}
    )
    feats = make_feats(4)
    samples = make_samples(torch.full((4, 3), NAN))
    pairs = zip(
        head.predict(feats, samples), stock.predict(feats), strict=True
    )
    for own, theirs in pairs:
        assert torch.equal(own.pred_score, theirs.pred_score)
        assert torch.equal(own.pred_label, theirs.pred_label)


def test_the_loss_of_both_views_is_that_of_the_adapter_of_equal_answers():
    adapter = DynamicAdapterHead(3, 8, CLASSES)
    head = make_head()
    weight, bias = adapter.classifier.fold()
    with torch.no_grad():
        head.classifier.weight.copy_(weight)
        head.classifier.bias.copy_(bias)
    for rows in (2, 4):
        feats = make_feats(rows)
        torch.testing.assert_close(
            head.loss(feats, make_samples()),
            adapter.loss(feats, make_samples()),
        )


def test_a_larger_label_space_keeps_its_own_start_for_new_classes(mm_log):
    source, target = make_head(), make_head(('z', 'c', 'a', 'y'))
    start = target.classifier.weight.detach().clone()
    with mm_log.at_level(logging.INFO):
        target.load_state_dict(source.state_dict())
    assert torch.equal(
        target.classifier.weight[1:3], source.classifier.weight[[2, 0]]
    )
    assert torch.equal(
        target.classifier.bias[1:3], source.classifier.bias[[2, 0]]
    )
    assert torch.equal(target.classifier.weight[[0, 3]], start[[0, 3]])
    assert "initialised anew: ['z', 'y']" in mm_log.text
    assert "not in this label space: ['b']" in mm_log.text


def test_the_name_is_found_in_mmpretrain_and_no_default_shrinks_the_start():
    head = MODELS.build(
        dict(
            type='PartialLabelLinearHead',
            _scope_='mmpretrain',
            num_classes=100,
            in_channels=512,
        )
    )
    head.init_weights()
    torch.manual_seed(0)
    feats = (F.relu(torch.randn(64, 512)),)
    adapter = DynamicAdapterHead(100, 512)
    assert 0.85 < (head(feats).std() / adapter(feats).std()).item() < 1.15


def test_folding_leaves_a_stock_model_of_the_same_answers():
    head = make_head(thr=0.4)
    model = dict(
        type='DualViewImageClassifier',
        data_preprocessor=dict(
            type='DualViewDataPreprocessor', strong_view=[], mean=[1.0]
        ),
        head=dict(
            type='PartialLabelLinearHead',
            num_classes=3,
            in_channels=8,
            classes=CLASSES,
            thr=0.4,
        ),
    )
    folded = fold_model_config(model)
    assert folded['type'] == 'ImageClassifier'
    assert folded['data_preprocessor'] == dict(
        type='ClsDataPreprocessor', mean=[1.0]
    )
    assert folded['head'].pop('type') == 'MultiLabelLinearClsHead'
    stock = MultiLabelLinearClsHead(loss=STOCK_LOSS, **folded['head'])
    state = fold_state_dict(
        {f'head.{k}': v for k, v in head.state_dict().items()}
    )
    stock.load_state_dict(
        {k.removeprefix('head.'): v for k, v in state.items()}
    )
    feats = make_feats(4)
    assert torch.equal(stock(feats), head(feats))
    assert stock.thr == 0.4
