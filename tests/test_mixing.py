"""Train stock configs with what README and docs/mixing.md show."""

import copy
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import cv2
import mmpretrain
import mmseg
import numpy as np
import pytest
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmengine.runner import Runner

import mmda  # noqa: F401  (registers the components)

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / 'docs/mixing.md').read_text()
CLASSES = ('cat', 'dog', 'horse')
MIM = '.mim/configs'
RESNET = Path(mmpretrain.__file__).parent / MIM / 'resnet'
FCN = Path(mmseg.__file__).parent / MIM / 'fcn'
TRAIN = Path(mmpretrain.__file__).parent / '.mim/tools/train.py'
CLS_BASE = RESNET / 'resnet18_8xb32_in1k.py'
SEG_BASE = FCN / 'fcn_r50-d8_4xb2-40k_cityscapes-512x1024.py'
IMPORT = "custom_imports = dict(imports=['mmda'])\n"


def blocks(heading):
    """Return the code below a heading of the page, by its bold words."""
    text = PAGE.split(f'\n## {heading}\n')[1].split('\n## ')[0]
    found = re.findall(
        r'\*\*([^*]+)\.\*\*[^`]*?(?:`[^`]+`[^`]*?)*```python\n(.*?)```',
        text,
        flags=re.DOTALL,
    )
    return dict(found)


def readme_parts():
    """Return the code of the README, part by part, by its comment."""
    text = (ROOT / 'README.md').read_text()
    (code,) = (
        block
        for block in re.findall(r'```python\n(.*?)```', text, re.DOTALL)
        if '# the loss alone' in block
    )
    parts, before = {}, ''
    for part in re.split('^# ', code, flags=re.MULTILINE)[1:]:
        name, lines = part.split('\n', 1)
        before += lines  # a part may use a name of the part above
        parts[name] = before
    return parts


CLS, SEG = blocks('Classification'), blocks('Segmentation')
SOURCE = 'A partly annotated source'


@pytest.fixture
def data(tmp_path, monkeypatch):
    """Images with class lists and with label maps, in the working folder."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / 'data/pets'
    folder.mkdir(parents=True)
    draw = np.random.default_rng(0)
    listed = []
    for i in range(4):
        image = draw.integers(0, 256, (64, 64, 3), dtype=np.uint8)
        cv2.imwrite(str(folder / f'{i}.png'), image)
        # 19 classes, and a value that no class has
        label = draw.integers(0, 19, (64, 64), dtype=np.uint8)
        label[:8] = 255
        cv2.imwrite(str(folder / f'{i}_label.png'), label)
        listed.append(dict(img_path=f'{i}.png', gt_label=[i % 3]))
    table = dict(metainfo=dict(classes=CLASSES), data_list=listed)
    (folder / 'train.json').write_text(json.dumps(table))
    return tmp_path


def load(folder, base, *codes):
    """Load a stock config with the shown changes, as a user writes it."""
    path = folder / 'mine.py'
    path.write_text(f'_base_ = {str(base)!r}\n{IMPORT}' + '\n'.join(codes))
    return Config.fromfile(path)


def train(cfg, folder):
    """Train two iterations in the stock runner; return the last losses."""
    changes = dict(
        work_dir=str(folder / 'work'),
        # Two runners of one name and one second would share their history.
        experiment_name=folder.name,
        train_cfg=dict(type='IterBasedTrainLoop', max_iters=2),
        param_scheduler=None,
        resume=False,
        load_from=None,
        launcher='none',
        log_processor=dict(by_epoch=False),
    )
    for split in ('val', 'test'):
        for key in ('cfg', 'dataloader', 'evaluator'):
            changes[f'{split}_{key}'] = None
    for key, value in changes.items():
        cfg[key] = value
    cfg.train_dataloader.update(
        batch_size=2, num_workers=0, persistent_workers=False
    )
    cfg.default_hooks.logger.interval = 1
    cfg.default_hooks.pop('visualization', None)
    runner = Runner.from_cfg(cfg)
    runner.train()
    losses, _ = runner.message_hub.get_scalar('train/loss').data
    assert len(losses) == 2 and np.isfinite(losses).all()
    for weight in runner.model.parameters():
        assert weight.isfinite().all()
    return runner


def shrink_cls(cfg):
    for transform in cfg.train_dataloader.dataset.dataset.pipeline:
        if transform.type == 'RandomResizedCrop':
            transform.scale = 32
    cfg.train_dataloader.collate_fn = dict(type='default_collate')
    cfg.default_hooks.checkpoint = None
    return cfg


@pytest.fixture
def scope():
    """Forget the scope of a training."""
    known = set(DefaultScope._instance_dict)
    yield
    for name in set(DefaultScope._instance_dict) - known:
        DefaultScope._instance_dict.pop(name)


@pytest.mark.parametrize(
    'part', [part for part in CLS if part not in (SOURCE, 'The metric')]
)
def test_a_block_trains_on_partial_labels_in_a_stock_classifier(
    part, data, scope
):
    cfg = load(data, CLS_BASE, CLS[SOURCE], CLS[part])
    runner = train(shrink_cls(cfg), data)
    assert type(runner).__module__ == 'mmengine.runner.runner'
    # As the base does, which has the values beside the model.
    preprocessor = runner.model.data_preprocessor
    mean = preprocessor.mean.flatten().tolist()
    assert mean == pytest.approx(cfg.data_preprocessor.mean)
    assert preprocessor.to_rgb


@pytest.mark.parametrize('part', list(readme_parts()))
def test_what_the_readme_shows_trains_in_a_stock_classifier(part, data, scope):
    names = ', '.join(repr(str(i)) for i in range(17))
    source = CLS[SOURCE].replace("'horse')", f"'horse', {names})")
    cfg = load(data, CLS_BASE, source, readme_parts()[part])
    train(shrink_cls(cfg), data)


def test_the_metric_evaluates_partial_labels_in_a_stock_config(data, scope):
    code = CLS['The adapter'] + CLS['The metric']
    cfg = load(data, CLS_BASE, CLS[SOURCE], code)
    evaluator = copy.deepcopy(cfg.val_evaluator)
    loader = copy.deepcopy(shrink_cls(cfg).train_dataloader)
    loader.update(batch_size=2, num_workers=0, persistent_workers=False)
    runner = train(cfg, data)
    runner._val_loop = dict(type='ValLoop')
    runner._val_dataloader, runner._val_evaluator = loader, evaluator
    found = runner.val()
    assert 0 <= found['auc/mean'] <= 100 and 0 <= found['ap/mean'] <= 100


def test_a_stock_loss_stops_at_partial_labels_and_names_the_wrapper(
    data, scope
):
    head = CLS['A stock loss on partial labels']
    bare = re.sub(
        r"type='PartialLabelLossWrapper',\s*loss=dict\((.*?)\),", r'\1', head
    )
    assert 'Wrapper' not in bare and 'AsymmetricLoss' in bare
    cfg = load(data, CLS_BASE, CLS[SOURCE], bare)
    with pytest.raises(ValueError, match='PartialLabelLossWrapper'):
        train(shrink_cls(cfg), data)


@pytest.mark.slow
def test_the_training_tool_of_mmpretrain_stops_too(data):
    head = CLS['A stock loss on partial labels'].replace(
        "type='PartialLabelLossWrapper'", "type='AsymmetricLoss'"
    )
    head = head.replace("loss=dict(type='AsymmetricLoss'),\n", '')
    rest = 'val_cfg = val_dataloader = val_evaluator = None\n'
    rest += 'train_cfg = dict(max_epochs=1)\n'
    rest += 'test_cfg = test_dataloader = test_evaluator = None\n'
    load(
        data, CLS_BASE, CLS[SOURCE], head,
        rest, 'train_dataloader.update(batch_size=2, num_workers=1)',
    )  # fmt: skip
    done = subprocess.run(
        [sys.executable, str(TRAIN), 'mine.py', '--work-dir', 'work'],
        env=dict(os.environ, PYTHONPATH=str(ROOT)),
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0
    assert 'PartialLabelLossWrapper' in done.stderr.splitlines()[-1]


def test_a_head_with_a_softmax_stops_too(data, scope):
    code = 'model = dict(head=dict(num_classes=3, topk=1))\n'
    cfg = load(data, CLS_BASE, CLS[SOURCE], code)
    with pytest.raises(ValueError, match='PartialLabelLossWrapper'):
        train(shrink_cls(cfg), data)


def shrink_seg(cfg):
    """Make the stock segmentor small, and give it the small images."""
    small = dict(type='BN', requires_grad=True)
    dataset = dict(
        type='PartialLabelDataset',
        classes=[str(i) for i in range(19)],
        labeled_classes=[str(i) for i in range(10)],
        dataset=dict(
            type='BaseSegDataset',
            metainfo=dict(classes=[str(i) for i in range(19)]),
            data_root='data/pets',
            img_suffix='.png',
            seg_map_suffix='_label.png',
            ann_file='list.txt',
            data_prefix=dict(img_path='', seg_map_path=''),
            pipeline=[
                dict(type='LoadImageFromFile'),
                dict(type='LoadAnnotations'),
                dict(type='PackSegInputs'),
            ],
        ),
    )
    Path('data/pets/list.txt').write_text('0\n1\n2\n3\n')
    model = copy.deepcopy(cfg.model)
    model.pretrained = None
    model.backbone.update(
        depth=18, base_channels=8, stem_channels=8, norm_cfg=small
    )
    model.data_preprocessor.size = (64, 64)
    for key, channels in (('decode_head', 64), ('auxiliary_head', 32)):
        head = model[key]
        if head is not None:
            head = head.get('head', head)
            head.update(in_channels=channels, channels=8, norm_cfg=small)
    cfg.model = model
    cfg.train_dataloader.dataset = dataset
    cfg.default_hooks.checkpoint = None
    return cfg


@pytest.mark.parametrize('part', SEG)
def test_a_block_trains_on_partial_labels_in_a_stock_segmentor(
    part, data, scope
):
    train(shrink_seg(load(data, SEG_BASE, SEG[part])), data)
