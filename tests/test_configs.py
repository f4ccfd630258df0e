"""Every shipped classification config trains on toy data."""

from pathlib import Path

import mmcv
import pytest
from mmengine.config import Config
from mmengine.dataset import default_collate
from mmengine.registry import DATASETS, MODELS, DefaultScope
from mmengine.runner import Runner

from mmda.apis.config import load_config
from mmda.models import DynamicAdapterHead

CONFIGS = Path(__file__).resolve().parents[1] / 'configs'
CLASSIFICATION = [
    path.name
    for path in sorted((CONFIGS / 'da').glob('*.py'))
    if load_config(str(path)).get('default_scope') == 'mmpretrain'
]
SMALL = 32  # pixels, in place of 224


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
        assert (
            head.classes == runner.train_dataloader.dataset.metainfo['classes']
        ), 'the checkpoint would not know its classes'
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


def test_two_views_of_an_image_cost_one_decode(toy_root, monkeypatch):
    cfg = load_config(
        str(CONFIGS / 'da/chestxray_chexpert.py'), {'data_root': str(toy_root)}
    )
    shrink(cfg._cfg_dict)
    decoded = []
    decode = mmcv.imfrombytes
    monkeypatch.setattr(
        mmcv,
        'imfrombytes',
        lambda *args, **kwargs: decoded.append(1) or decode(*args, **kwargs),
    )
    name = 'one_decode'
    DefaultScope.get_instance(name, scope_name='mmpretrain')
    try:
        dataset = DATASETS.build(cfg.train_dataloader.dataset)
        batch = default_collate([dataset[i] for i in range(4)])
        preprocessor = MODELS.build(cfg.model.data_preprocessor)
    finally:
        DefaultScope._instance_dict.pop(name)
    inputs = preprocessor(batch, training=True)['inputs']
    assert inputs.shape == (8, 3, SMALL, SMALL)
    assert not inputs[:4].equal(inputs[4:])
    assert len(decoded) == 4
