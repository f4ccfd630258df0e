"""What the README shows, done as it says."""

import re
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmpretrain.registry import DATASETS, MODELS
from mmpretrain.structures import DataSample

import mmda  # noqa: F401  (registers the components)
from mmda.apis.config import load_config

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / 'README.md').read_text()


def block(first_words):
    """The code block of the README that contains these words."""
    blocks = re.findall(r'```(?:python|bash)\n(.*?)```', README, re.DOTALL)
    return next(code for code in blocks if first_words in code)


@pytest.fixture
def scope():
    name = 'readme'
    DefaultScope.get_instance(name, scope_name='mmpretrain')
    yield
    DefaultScope._instance_dict.pop(name)


def test_a_csv_of_ones_own_joins_the_chest_data_in_ten_lines(
    toy_root, tmp_path, scope
):
    mine = tmp_path / 'mine'
    mine.mkdir()
    cv2.imwrite(str(mine / 'a.png'), np.full((40, 40, 3), 90, np.uint8))
    (mine / 'labels.csv').write_text(
        'path,Pleural Effusion,Mass\na.png,1,\na.png,,0\n'
    )
    code = block("name='MyHospital'")
    base = ROOT / 'configs/da/chestxray_chexpert.py'
    code = code.replace("'chestxray_chexpert.py'", repr(str(base)))
    code = code.replace('data/mine', str(mine))
    (tmp_path / 'mine.py').write_text(code)
    cfg = load_config(str(tmp_path / 'mine.py'), {'data_root': str(toy_root)})
    dataset = DATASETS.build(cfg.train_dataloader.dataset)

    classes = dataset.metainfo['classes']
    score = dataset.get_data_info(-2)['gt_score']
    assert score[classes.index('Effusion')] == 1
    assert np.isnan(np.delete(score, classes.index('Effusion'))).all()
    score = dataset.get_data_info(-1)['gt_score']
    assert score[classes.index('Mass')] == 0
    assert np.isnan(score).sum() == 19
    sample = dataset[len(dataset) - 1]
    assert sample['inputs'].shape == (3, 224, 224)
    assert sample['data_samples'].source == 'MyHospital'
    sources = {dataset.get_data_info(i)['source'] for i in (0, -3, -1)}
    assert sources == {'ChestXray14', 'CheXpert', 'MyHospital'}


@pytest.mark.parametrize('part', ['the loss alone', 'the adapter alone'])
def test_one_component_works_in_a_stock_model(part, scope):
    snippets = re.split('^# ', block('the loss alone'), flags=re.MULTILINE)
    text = next(snippet for snippet in snippets if snippet.startswith(part))
    change = Config.fromstring(text.split('\n', 1)[1], '.py').model
    stock = dict(
        type='ImageClassifier',
        backbone=dict(type='ResNet_CIFAR', depth=18, base_channels=8),
        neck=dict(type='GlobalAveragePooling'),
        head=dict(
            type='MultiLabelLinearClsHead', num_classes=20, in_channels=64
        ),
    )
    stock['backbone']['stem_channels'] = 8
    stock['head'].update(change.head)
    stock['head']['in_channels'] = 64
    model = MODELS.build(stock)
    target = torch.rand(4, 20)
    if part == 'the loss alone':
        target[:, 10:] = float('nan')
    samples = [DataSample().set_gt_score(row) for row in target]
    losses = model(torch.rand(4, 3, 32, 32), samples, mode='loss')
    total, _ = model.parse_losses(losses)
    total.backward()
    assert torch.isfinite(total)


def test_paths_and_targets_that_the_readme_names_exist():
    for path in re.findall(r'\]\(([\w/.]+)\)', README):
        assert (ROOT / path).exists(), path
    for path in re.findall(
        r'(?:tools|configs|benchmarks|docs)/[\w/]+\.\w+', README
    ):
        if path != 'configs/da/mine.py':
            assert (ROOT / path).exists(), path
    makefile = (ROOT / 'Makefile').read_text()
    for target in re.findall(r'^make (\w+) ', README, re.MULTILINE):
        assert f'\n{target}:' in makefile, target
