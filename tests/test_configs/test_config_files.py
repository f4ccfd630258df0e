"""Each shipped config loads by itself, has one name, and is listed."""

import re
import subprocess
import sys
from collections import Counter

import mmengine
import pytest
from mmengine.config import Config
from mmengine.config.utils import _get_cfg_metainfo
from shipped_configs import DA, PATHS, load

from mmda.walk import walk_datasets

ROOT = DA.parents[1]
# Loads every config as a program does that does not know mmda.
BARE = """
import pickle, sys
from mmengine.config import Config

found = {}
for path in sys.argv[2:]:
    cfg = Config.fromfile(path, import_custom_modules=False)
    found[path] = cfg.to_dict()
assert 'mmda' not in sys.modules
with open(sys.argv[1], 'wb') as file:
    pickle.dump(found, file)
"""


@pytest.fixture(scope='module')
def listed():
    """Path of a metafile -> what it lists, by the index that mim reads."""
    index = mmengine.load(ROOT / 'model-index.yml')
    return {path: mmengine.load(ROOT / path) for path in index['Import']}


@pytest.mark.slow
def test_each_config_loads_without_mmda_and_equals_what_the_commands_load(
    tmp_path,
):
    out = tmp_path / 'found.pkl'
    paths = [str(path) for path in PATHS.values()]
    subprocess.run(
        [sys.executable, '-c', BARE, str(out), *paths],
        check=True,
        cwd=tmp_path,
        env={'PATH': '/usr/bin:/bin'},
    )
    found = mmengine.load(out)
    assert len(found) == len(PATHS)
    for name, path in PATHS.items():
        assert found[str(path)] == load(name).to_dict(), name


def test_each_training_can_be_killed_and_resumed():
    for name in PATHS:
        hooks = load(name).default_hooks
        assert hooks.checkpoint.type == 'ResumableCheckpointHook', name
        assert hooks.validate_on_resume.type == 'ValidateOnResumeHook', name


def test_no_two_configs_have_one_name():
    # A work directory knows a config by this name alone. So does `mim train
    # mmda NAME`, which looks for it in the whole package.
    count = Counter(path.name for path in (ROOT / 'configs').rglob('*.py'))
    count.update(path.name for path in (ROOT / 'mmda').rglob('*.py'))
    count.update(path.name for path in (ROOT / 'tools').rglob('*.py'))
    assert {path.name: count[path.name] for path in PATHS.values()} == {
        path.name: 1 for path in PATHS.values()
    }


@pytest.mark.parametrize('name', PATHS)
def test_the_stock_tools_find_what_they_read_in_a_config(name):
    cfg = load(name)
    # --auto-scale-lr: the learning rate belongs to this batch size.
    assert cfg.auto_scale_lr == dict(
        base_batch_size=cfg.train_dataloader.batch_size
    )
    # --tta, vis_cam.py and others read the pipeline of the whole test set.
    wrapper, *inner = walk_datasets(cfg.test_dataloader.dataset)
    if wrapper.type != 'ConcatDataset':
        assert wrapper.pipeline
        assert not any('pipeline' in node for node in inner)
    if cfg.default_scope == 'mmseg':
        assert cfg.tta_model.type == 'PartialLabelSegTTAModel'
        assert cfg.tta_pipeline[-1].type == 'TestTimeAug'


@pytest.mark.parametrize(
    'name',
    [name for name, path in PATHS.items() if path.parent != DA],
)
def test_the_parts_of_a_name_are_in_the_config(name):
    method, backbone, schedule, _ = name.split('_')
    cfg = load(name)
    head = cfg.model.get('head') or cfg.model.decode_head
    linear = method.startswith(('linear', 'fixmatch', 'one-', 'unannotated'))
    assert (head.type == 'PartialLabelLinearHead') == linear
    adapter = method.startswith('da-')
    assert (head.type == 'DynamicAdapterHead') == adapter
    is_densenet = cfg.model.backbone.type == 'DenseNet'
    assert is_densenet == backbone.startswith('densenet121')
    unit = {'e': 'max_epochs', 'i': 'max_iters'}[schedule[-1]]
    assert cfg.train_cfg[unit] == int(schedule[:-1])


def test_each_config_is_in_one_metafile_of_its_folder(listed):
    configs = [
        (path.rpartition('/')[0], model['Config'])
        for path, content in listed.items()
        for model in content['Models']
    ]
    there = [
        (str(path.parent.relative_to(ROOT)), str(path.relative_to(ROOT)))
        for path in PATHS.values()
    ]
    assert sorted(configs) == sorted(there)


def test_the_names_in_the_metafiles_are_clear(listed):
    for content in listed.values():
        (collection,) = content['Collections']
        assert (ROOT / collection['README']).is_file()
        for model in content['Models']:
            assert model['In Collection'] == collection['Name']
            assert PATHS[model['Name']] == ROOT / model['Config']
            for result in model.get('Results', []):
                assert {'Task', 'Dataset', 'Metrics'} == set(result)
                assert all(0 <= v <= 100 for v in result['Metrics'].values())
    names = [content['Collections'][0]['Name'] for content in listed.values()]
    assert len(set(names)) == len(names)


def test_mmengine_finds_a_config_in_the_index(tmp_path):
    carried = tmp_path / '.mim'
    carried.mkdir()
    for name in ('configs', 'model-index.yml'):
        (carried / name).symlink_to(ROOT / name)
    found = _get_cfg_metainfo(str(tmp_path), 'da/digits.py')
    assert found['Name'] == 'digits'


def test_the_readme_names_every_config_once_it_stands_for_one():
    text = (DA / 'README.md').read_text()
    named = re.findall(r'`([\w*/-]+\.py)`', text)
    found = {
        name: [*DA.glob(name)]
        for name in named
        if not name.startswith('tools/')
    }
    unclear = [name for name, paths in found.items() if len(paths) != 1]
    assert not unclear, 'no file, or more than one'
    shipped = {*PATHS.values(), DA / 'my_csv.py'}
    assert {path for (path,) in found.values()} == shipped


@pytest.mark.parametrize(
    'name', ['densenet121', 'resnet18_small', 'small_cnn']
)
def test_networks_keep_out_of_the_traps(name):
    path = ROOT / f'configs/_base_/models/dynamic_adapter_{name}.py'
    model = Config.fromfile(path).model
    assert model.type == 'DualViewImageClassifier'
    assert model.head.type == 'DynamicAdapterHead'
    loss = model.head.loss
    assert loss.strong_bce_weight == 1
    assert not {'ramp_up', 'detach_pseudo'} & set(loss)
    if name == 'small_cnn':
        assert model.backbone.zero_init_residual is False


def test_trainings_that_count_iterations_keep_the_last_weights():
    counted = 0
    for name in PATHS:
        cfg = load(name)
        sampler = (cfg.train_dataloader.get('sampler') or {}).get('type')
        if sampler != 'InfiniteSampler' or 'cityscapes' in name:
            continue
        counted += 1
        length = cfg.train_cfg.max_iters
        checkpoint = cfg.default_hooks.checkpoint
        assert not cfg.train_cfg.by_epoch, name
        assert cfg.train_cfg.val_interval == length, name
        assert cfg.param_scheduler.T_max == length, name
        assert (checkpoint.by_epoch, checkpoint.interval) == (False, length)
        assert 'save_best' not in checkpoint, name
    assert counted > 25


def test_test_images_of_cityscapes_choose_no_checkpoint():
    for name in PATHS:
        if 'cityscapes_bus' in name:
            assert load(name).default_hooks.checkpoint.save_best is None, name


def test_early_stopping_counts_a_hundredth_of_a_point_of_auc():
    stops = [load(name).default_hooks.get('early_stopping') for name in PATHS]
    stops = [stop for stop in stops if stop]
    assert len(stops) > 20
    assert all(0 < stop.min_delta < 0.01 for stop in stops)


def test_images_of_left_and_right_organs_are_not_mirrored():
    tried = 0
    for name in PATHS:
        if 'organamnist' not in name:
            continue
        for part in walk_datasets(load(name).train_dataloader.dataset):
            for step in part.get('pipeline') or ():
                tried += 1
                assert step['type'] != 'RandomFlip', name
    assert tried


def test_every_densenet_is_that_of_section_4_2_and_is_trained_like_it():
    # The toy trainings put a narrow network in its place.
    shipped = load('chestxray_chexpert')
    assert shipped.optim_wrapper.optimizer == dict(type='Adam', lr=2e-4)
    assert shipped.train_cfg.max_epochs == 64
    scheduler = shipped.param_scheduler
    assert (scheduler.factor, scheduler.patience) == (0.5, 5)
    assert shipped.default_hooks.early_stopping.patience == 10
    num_checked = 0
    for name in PATHS:
        cfg = load(name)
        model = cfg.model
        if model.backbone.type != 'DenseNet' or name.startswith('dodnet'):
            continue
        for key in ('init_cfg', 'in_channels'):
            model.backbone.pop(key, None)
        assert model.backbone == shipped.model.backbone, name
        assert model.neck == shipped.model.neck, name
        assert model.head.in_channels == shipped.model.head.in_channels, name
        for key in ('optim_wrapper', 'param_scheduler', 'train_cfg'):
            assert cfg[key] == shipped[key], (name, key)
        assert cfg.default_hooks == shipped.default_hooks, name
        num_checked += 1
    assert num_checked > 50


def test_the_chest_config_has_the_papers_20_classes():
    cfg = load('chestxray_chexpert')
    assert len(cfg.classes) == len(set(cfg.classes)) == 20
    assert tuple(cfg.model.head.classes) == tuple(cfg.classes)
    loss = cfg.model.head.loss
    assert (loss.tau, loss.temperature) == (0.5, 4.0)
