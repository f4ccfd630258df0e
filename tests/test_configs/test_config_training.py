"""Every shipped classification config trains on toy data."""

import pytest
import toy_images
from mmengine.dataset import default_collate
from mmengine.registry import DATASETS, MODELS, DefaultScope
from mmengine.runner import Runner
from shipped_configs import PATHS, load

from mmda.datasets.images import load_medical_image

pytestmark = pytest.mark.usefixtures('quick_configs')
CLASSIFICATION = [
    name for name in PATHS if 'cityscapes' not in name and 'camvid' not in name
]
# The default tests train one config of each folder, and each other method.
FIRST = {
    key: name
    for name in reversed(CLASSIFICATION)
    for key in (PATHS[name].parent, name.split('_')[0])
}.values()
SMALL = 32  # pixels, in place of 224
# Trained with the network as it is. The others that have DenseNet121 get a
# narrow one: a test sees that what they replace is the same.
AS_SHIPPED = ('chestxray_chexpert', 'digits')
# DenseNet with one narrow layer in each block, and its channels.
NARROW = dict(growth_rate=4, depths=[1, 1, 1, 1], init_channels=8), 8


@pytest.fixture(scope='session')
def data_roots(toy_root, tmp_path_factory):
    """``data_root`` of the configs -> toy data in the same layout."""
    folder = tmp_path_factory.mktemp('toy_images')
    toy_images.write_cifar10(folder / 'cifar10')
    toy_images.write_mnist(folder / 'mnist')
    toy_images.write_medmnist(folder / 'medmnist')
    toy_images.write_usps(folder / 'usps')
    for path in toy_root.iterdir():
        (folder / path.name).symlink_to(path)
    # All images of nih64 are in one folder.
    chest, images = toy_root / 'ChestXray14', folder / 'nih64/images'
    images.mkdir(parents=True)
    for path in [*chest.glob('*.csv'), *chest.rglob('*.png')]:
        parent = images if path.suffix == '.png' else images.parent
        (parent / path.name).symlink_to(path)
    return {
        'data/': folder,
        'data/nih64/': folder / 'nih64',
        'data/cifar10/': folder / 'cifar10',
        'data/mnist/': folder / 'mnist',
        'data/medmnist/': folder / 'medmnist',
    }


def load_toy(name, data_roots):
    """Load a config; only its ``data_root`` differs."""
    root = load(name).get('data_root')
    return load(name, data_root=str(data_roots[root])) if root else load(name)


def shrink(cfg, images=4):
    """Leave four images of a split, tiny ones, and no extra processes."""
    for split in ('train', 'val', 'test'):
        loader = cfg[f'{split}_dataloader']
        loader.update(num_workers=0, persistent_workers=False, batch_size=2)
        loader.collate_fn = dict(type='default_collate')
        sources = loader.dataset.get('datasets', [loader.dataset])
        for source in sources:
            assert source.type == 'PartialLabelDataset'
            source.update(num_samples=None, indices=images // len(sources))
    _shrink_images(cfg._cfg_dict)


def _shrink_images(node):
    if isinstance(node, dict):
        for key, value in node.items():
            if key == 'scale' and value in (224, (224, 224)):
                node[key] = SMALL if value == 224 else (SMALL, SMALL)
            elif key in ('num_pairs', 'bootstrap') and value:
                node[key] = 20
            _shrink_images(value)
    elif isinstance(node, list):
        for value in node:
            _shrink_images(value)


def make_narrow(model):
    """Take a narrow DenseNet in place of DenseNet121, in place."""
    model.backbone.arch, model.head.in_channels = NARROW


def train(cfg, name, tmp_path):
    """Train two iterations, validate, test; return the runner."""
    cfg.work_dir = str(tmp_path)
    cfg.experiment_name = f'{name}_{id(tmp_path)}'
    if cfg.train_cfg.get('by_epoch', True):
        cfg.train_cfg.update(max_epochs=1, val_interval=1)
    else:
        cfg.train_cfg.update(max_iters=2, val_interval=2)
    runner = Runner.from_cfg(cfg)
    before = {k: v.clone() for k, v in runner.model.state_dict().items()}
    runner.train()
    assert runner.iter == 2
    after = runner.model.state_dict()
    still = [
        key
        for key, _ in runner.model.named_parameters()
        if before[key].equal(after[key])
    ]
    assert not still, f'parameters that did not move: {still}'
    return runner


@pytest.mark.parametrize(
    'name',
    [
        name
        if name in FIRST or name in AS_SHIPPED
        else pytest.param(name, marks=pytest.mark.slow)
        for name in CLASSIFICATION
    ],
)
def test_config_trains_two_iterations_validates_and_tests(
    name, data_roots, tmp_path
):
    cfg = load_toy(name, data_roots)
    shrink(cfg)
    cfg.model.backbone.init_cfg = None  # no download
    if name not in AS_SHIPPED:
        cfg.default_hooks.checkpoint = None
        cfg.default_hooks.run_summary.figures = False
        cfg.default_hooks.pop('run_report', None)
        cfg.default_hooks.label_report.figure = False
        if cfg.model.backbone.type == 'DenseNet':
            make_narrow(cfg.model)
    runner = train(cfg, name, tmp_path)
    classes = runner.train_dataloader.dataset.metainfo['classes']
    head = runner.model.head
    assert head.classes == classes, 'a checkpoint would not know its classes'
    assert 'train/annotated_fraction' in runner.message_hub.log_scalars
    assert 'auc/mean' in runner.message_hub.get_info('best_metrics')
    assert 'auc/mean' in runner.test()


def test_two_views_of_an_image_cost_one_decode(toy_root, monkeypatch):
    cfg = load('chestxray_chexpert', data_root=str(toy_root))
    shrink(cfg)
    decoded = []
    decode = load_medical_image.decode
    monkeypatch.setattr(
        load_medical_image,
        'decode',
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
