"""Every shipped classification config trains on toy data."""

import importlib
import sys
from pathlib import Path

import pytest
from mmengine.config import Config
from mmengine.runner import Runner

from mmda.apis.config import load_config
from mmda.models import DynamicAdapterHead

ROOT = Path(__file__).resolve().parents[1]
CONFIGS = ROOT / 'configs'
CLASSIFICATION = [
    path.name
    for path in sorted((CONFIGS / 'da').glob('*.py'))
    if Config.fromfile(path).get('default_scope') == 'mmpretrain'
]
SMALL = 32  # pixels, in place of 224


@pytest.fixture(scope='session')
def toy_root(tmp_path_factory):
    folder = tmp_path_factory.mktemp('toy')
    sys.path.insert(0, str(ROOT / 'tools/dataset_converters'))
    try:
        make_toy = importlib.import_module('make_toy').main
    finally:
        sys.path.pop(0)
    arguments = ['chestxray_chexpert', str(folder)]
    make_toy([*arguments, '--images', '40', '--size', '48'])
    return folder


def shrink(node):
    """Two images of each source, tiny ones, and no extra processes."""
    if isinstance(node, dict):
        if node.get('type') == 'PartialLabelDataset':
            node['indices'] = 2
        if 'num_workers' in node:
            node['num_workers'] = 0
            node['persistent_workers'] = False
            node['batch_size'] = 2
        for key, value in node.items():
            if key == 'scale' and value in (224, (224, 224)):
                node[key] = SMALL if value == 224 else (SMALL, SMALL)
            shrink(value)
    elif isinstance(node, list):
        for value in node:
            shrink(value)


@pytest.mark.parametrize('name', CLASSIFICATION)
def test_config_trains_two_iterations_and_validates(name, toy_root, tmp_path):
    path = str(CONFIGS / 'da' / name)
    needs_data = 'data_root' in Config.fromfile(path)
    cfg = load_config(path, {'data_root': str(toy_root)} if needs_data else {})
    shrink(cfg._cfg_dict)
    cfg.model.backbone.init_cfg = None  # no download
    cfg.train_cfg.max_epochs = 1
    cfg.train_dataloader.collate_fn = dict(type='default_collate')
    cfg.work_dir = str(tmp_path)
    cfg.experiment_name = f'{name}_{id(tmp_path)}'
    runner = Runner.from_cfg(cfg)
    before = {k: v.clone() for k, v in runner.model.state_dict().items()}
    runner.train()

    assert runner.iter == 2
    head = runner.model.head
    if isinstance(head, DynamicAdapterHead):
        assert head.classes == runner.train_dataloader.dataset.metainfo[
            'classes'
        ], 'the checkpoint would not know its classes'
    after = runner.model.state_dict()
    still = [
        key
        for key, _ in runner.model.named_parameters()
        if before[key].equal(after[key])
    ]
    assert not still, f'parameters that did not move: {still}'
    metrics = runner.message_hub.get_info('best_metrics')
    keys = set(runner.message_hub.log_scalars)
    assert {'train/loss_bce', 'train/annotated_fraction'} <= keys
    assert metrics is None or 'auc/mean' in metrics


def test_the_chest_config_has_the_papers_20_classes_with_7_in_common():
    cfg = Config.fromfile(CONFIGS / 'da' / 'chestxray_chexpert.py')
    assert len(cfg.classes) == len(set(cfg.classes)) == 20
    assert cfg.model.head.num_classes == 20
    loss = cfg.model.head.loss
    assert (loss.tau, loss.temperature) == (0.5, 4.0)
    assert cfg.optim_wrapper.optimizer.lr == 2e-4
    assert cfg.optim_wrapper.optimizer.type == 'Adam'
    assert cfg.train_cfg.max_epochs == 64
    assert (cfg.param_scheduler.factor, cfg.param_scheduler.patience) == (
        0.5,
        5,
    )
    assert cfg.default_hooks.early_stopping.patience == 10
