import copy

import pytest
import torch
from mmengine.config import Config
from small_segmentors import (
    ASPP,
    FCN,
    NUM_CLASSES,
    OCR,
    PREPROCESSOR,
    adapted,
    batch,
    build,
    model_config,
)
from torch import nn

from mmda.apis.fold import (
    fold_decode_head,
    fold_model_config,
    fold_segmentor_config,
    fold_segmentor_state,
    prediction_thr,
)
from mmda.apis.fold_checkpoint import fold_checkpoint
from mmda.commands import fold
from mmda.models.adapters import encode_names

MODELS = {
    'with an auxiliary head': model_config(adapted(ASPP), adapted(FCN)),
    'cascade': model_config([adapted(FCN), adapted(OCR)]),
    'stock auxiliary head': model_config(adapted(ASPP), FCN),
    'no class below 0.5334': model_config(
        adapted(ASPP, thr=0.5334), adapted(FCN, thr=0.9)
    ),
    'cascade, no class below 0.6032': model_config(
        [adapted(FCN, thr=0.9), adapted(OCR, thr=0.6032)]
    ),
}


def trained(config):
    """A model whose questions are no identity any more."""
    model = build(config)
    generator = torch.Generator().manual_seed(3)
    for key, value in model.named_parameters():
        if 'task_encoding' in key or key.endswith('conv_seg.bias'):
            noise = torch.randn(value.shape, generator=generator)
            value.data += 0.3 * noise
    return model.eval()


@pytest.mark.parametrize('name', MODELS)
@torch.no_grad()
def test_the_stock_segmentor_gives_the_same_answers(name):
    model = trained(MODELS[name])
    stock = build(fold_segmentor_config(MODELS[name]), seed=9)
    thr = prediction_thr(MODELS[name])
    stock.load_state_dict(fold_segmentor_state(model.state_dict(), thr))
    stock.eval()
    for module in stock.modules():
        assert not type(module).__module__.startswith('mmda')
    data = batch()
    mine, theirs = (m.test_step(copy.deepcopy(data)) for m in (model, stock))
    for one, other in zip(mine, theirs, strict=True):
        gap = one.seg_logits.data - other.seg_logits.data
        assert gap.abs().max() <= 1e-5
        assert one.seg_logits.data.abs().max() > 0.1
        assert torch.equal(one.pred_sem_seg.data, other.pred_sem_seg.data)
        none = (one.pred_sem_seg.data == NUM_CLASSES).float().mean()
        assert 0.05 < none < 0.95 if thr else none == 0


def test_the_folded_conv_seg_is_a_plain_convolution():
    stock = build(fold_segmentor_config(MODELS['with an auxiliary head']))
    for head in (stock.decode_head, stock.auxiliary_head):
        assert type(head.conv_seg) is nn.Conv2d
        assert head.conv_seg.weight.shape[0] == NUM_CLASSES
    assert type(stock).__name__ == 'EncoderDecoder'
    assert type(stock.data_preprocessor).__name__ == 'SegDataPreProcessor'


PIPELINE = [dict(type='LoadImageFromFile'), dict(type='PackSegInputs')]
NAMES = ('a', 'b', 'c', 'd', 'e')


def make_checkpoint(**change):
    """What the runner saves, with changed entries of the state."""
    model = trained(MODELS['with an auxiliary head'])
    source = dict(type='CityscapesDataset', pipeline=PIPELINE)
    cfg = Config(
        dict(
            model=MODELS['with an auxiliary head'],
            test_dataloader=dict(
                dataset=dict(type='PartialLabelDataset', dataset=source)
            ),
        )
    )
    meta = dict(classes=NAMES, palette=[[0, 0, 0]] * 5)
    return dict(
        meta=dict(cfg=cfg.pretty_text, dataset_meta=meta),
        state_dict={**model.state_dict(), **change},
    )


def test_a_checkpoint_of_the_runner_becomes_config_and_weights_of_the_host():
    config, folded = fold_checkpoint(make_checkpoint())
    assert 'mmda' not in config.pretty_text
    assert 'PartialLabel' not in config.pretty_text
    assert config.default_scope == 'mmseg'
    assert config.test_pipeline == PIPELINE
    assert tuple(folded['meta']['dataset_meta']['classes']) == NAMES
    stock = build(config.model.to_dict())
    stock.load_state_dict(folded['state_dict'])


def test_a_preprocessor_beside_the_model_is_folded_too():
    checkpoint = make_checkpoint()
    cfg = Config.fromstring(checkpoint['meta']['cfg'], '.py')
    expected, _ = fold_checkpoint(checkpoint)
    cfg.data_preprocessor = cfg.model.pop('data_preprocessor')
    checkpoint['meta']['cfg'] = cfg.pretty_text
    found, _ = fold_checkpoint(checkpoint)
    assert found.model.data_preprocessor == expected.model.data_preprocessor
    assert 'mean' in found.model.data_preprocessor


PATHS = {
    'DualViewEncoderDecoder': 'mmda.models',
    'DynamicAdapterHead': 'mmda.models.decode_heads',
    'ResNetV1c': 'mmseg.models.backbones',
    'FCNHead': 'mmseg.models',
    'LoadImageFromFile': 'mmcv.transforms',
    'PackSegInputs': 'mmseg.datasets',
}


def test_a_checkpoint_of_a_pure_python_config_folds_too():
    checkpoint = make_checkpoint()
    expected, _ = fold_checkpoint(checkpoint)
    text = checkpoint['meta']['cfg']
    for name, module in PATHS.items():  # as mmengine stores classes
        assert f"type='{name}'" in text
        text = text.replace(f"type='{name}'", f"type='{module}.{name}'")
    checkpoint['meta']['cfg'] = text
    config, folded = fold_checkpoint(checkpoint)
    assert config.to_dict() == expected.to_dict()
    assert folded['meta']['cfg'] == expected.pretty_text


@pytest.mark.parametrize('end', ["': exit(), 'y", "': 2, 'y", "'"])
def test_a_key_of_the_config_cannot_become_code_of_the_folded_config(end):
    checkpoint = make_checkpoint()
    step = dict(type='PackSegInputs', meta={f'x{end}': 1})
    checkpoint['meta']['cfg'] += (
        f'test_dataloader = dict(dataset=dict(pipeline=[{step!r}]))\n'
    )
    with pytest.raises(ValueError, match='no name|found `.*not executed'):
        fold_checkpoint(checkpoint)


def test_the_folded_config_names_no_other_weights():
    start = dict(type='Pretrained', checkpoint='https://a.b/c.pth')
    model = copy.deepcopy(MODELS['with an auxiliary head'])
    model['pretrained'] = start['checkpoint']
    model['backbone']['init_cfg'] = [dict(type='Kaiming'), start]
    model['decode_head']['head']['init_cfg'] = dict(type='Normal')
    folded = fold_segmentor_config(model)
    assert 'https' not in str(folded)
    assert folded['decode_head']['init_cfg'] == dict(type='Normal')
    head = dict(type='DynamicAdapterHead', num_classes=2, in_channels=3)
    backbone = dict(type='ResNet', depth=18, init_cfg=start)
    model = dict(type='ImageClassifier', backbone=backbone, head=head)
    assert 'https' not in str(fold_model_config(model))
    assert model['backbone']['init_cfg'] == start


def test_weights_that_do_not_fit_their_own_config_are_not_folded():
    checkpoint = make_checkpoint()
    state = checkpoint['state_dict']
    key = next(key for key in state if key.startswith('backbone.'))
    weight = state.pop(key)
    with pytest.raises(ValueError, match=f'x.pth does not fit.*{key}'):
        fold_checkpoint(checkpoint, 'x.pth')
    state[key] = weight
    for name in ('decode_head', 'auxiliary_head'):
        state[f'{name}.head.conv_seg.class_names'] = encode_names('bacde')
    with pytest.raises(ValueError, match='x.pth contradicts its own config'):
        fold_checkpoint(checkpoint, 'x.pth')


def test_a_part_of_ones_own_is_imported_with_the_flag_only(
    tmp_path, monkeypatch
):
    (tmp_path / 'own_part.py').write_text(
        'from mmengine.registry import MODELS\n'
        'from mmseg.models import FCNHead\n'
        '@MODELS.register_module()\n'
        'class OwnHead(FCNHead):\n'
        '    pass\n'
    )
    monkeypatch.syspath_prepend(tmp_path)
    checkpoint = make_checkpoint()
    text = checkpoint['meta']['cfg'].replace('FCNHead', 'OwnHead')
    text += "custom_imports = dict(imports=['own_part'])\n"
    checkpoint['meta']['cfg'] = text
    with pytest.raises(ValueError, match="'OwnHead', .*--unsafe-load"):
        fold_checkpoint(checkpoint)
    config, _ = fold_checkpoint(checkpoint, unsafe_load=True)
    assert config.model.auxiliary_head.type == 'OwnHead'


def test_a_file_of_classes_becomes_the_classes_of_the_checkpoint():
    checkpoint = make_checkpoint()
    given = Config.fromstring(checkpoint['meta']['cfg'], '.py')
    for head in (given.model.decode_head, given.model.auxiliary_head):
        head.pop('num_classes', None)
        head.classes = 'spaces/space.json'
    checkpoint['meta']['cfg'] = given.pretty_text
    config, folded = fold_checkpoint(checkpoint)
    assert config.model.decode_head.num_classes == NUM_CLASSES
    del checkpoint['meta']['dataset_meta']
    with pytest.raises(ValueError, match='classes of the file spaces/space'):
        fold_checkpoint(checkpoint)


def test_a_file_of_the_training_is_not_replaced(tmp_path):
    torch.save(make_checkpoint(), tmp_path / 'best.pth')
    (tmp_path / 'mine.py').write_text('train_dataloader = 1')
    (tmp_path / 'short.py').write_text("_base_ = 'mmda::da/digits.py'")
    (tmp_path / 'short.pth').touch()
    for name, text in (
        ('best', 'the checkpoint itself'),
        ('mine', 'replace'),
        ('short', 'replace'),
    ):
        args = [tmp_path / 'best.pth', tmp_path / f'{name}.pth']
        with pytest.raises(ValueError, match=text):
            fold.check(fold.make_parser().parse_args(list(map(str, args))))


def test_a_folded_config_may_be_replaced(tmp_path):
    torch.save(make_checkpoint(), tmp_path / 'best.pth')
    out = tmp_path / 'folded.pth'
    for _ in range(2):
        fold.main([str(tmp_path / 'best.pth'), str(out)])
        out.unlink()  # as if a process had died between the two files
    assert Config.fromfile(out.with_suffix('.py')).model.type


def test_a_model_without_an_adapter_is_an_error():
    with pytest.raises(ValueError, match='no adapter to fold'):
        fold_segmentor_config(
            model_config(FCN, data_preprocessor=PREPROCESSOR)
        )
    with pytest.raises(ValueError, match="the head is a 'FCNHead'"):
        fold_decode_head(FCN)
