import logging

import torch
import torch.nn.functional as F
from mmpretrain.models.heads import MultiLabelLinearClsHead

from mmda.apis.fold import fold_model_config, fold_state_dict
from mmda.models import DynamicAdapterHead, PartialLabelLinearHead

CLASSES = ('a', 'b', 'c')
STOCK_LOSS = dict(type='mmpretrain.CrossEntropyLoss', use_sigmoid=True)


def make_head(classes=CLASSES):
    torch.manual_seed(0)
    return PartialLabelLinearHead(None, 8, classes)


def make_feats(rows, seed=1):
    generator = torch.Generator().manual_seed(seed)
    return (torch.randn(rows, 8, generator=generator),)


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


def test_no_default_shrinks_the_start():
    head = PartialLabelLinearHead(num_classes=100, in_channels=512)
    head.init_weights()
    torch.manual_seed(0)
    feats = (F.relu(torch.randn(64, 512)),)
    adapter = DynamicAdapterHead(100, 512)
    assert 0.85 < (head(feats).std() / adapter(feats).std()).item() < 1.15


def test_folding_leaves_a_stock_model_of_the_same_answers():
    arguments = dict(in_channels=8, classes=CLASSES, thr=0.4)
    head = PartialLabelLinearHead(**arguments)
    model = dict(
        type='DualViewImageClassifier',
        data_preprocessor=dict(
            type='DualViewDataPreprocessor', strong_view=[], mean=[1.0]
        ),
        head=dict(type='PartialLabelLinearHead', **arguments),
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
