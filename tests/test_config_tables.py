"""The rows and columns of the paper's tables differ in what they name."""

import ast
import re
from pathlib import Path

import numpy as np
import pytest
import toy_images
from mmengine.registry import DATASETS, init_default_scope
from reproduction.recipe_config import load_recipe
from reproduction.tables import TABLES as PAPER

from mmda.apis.config import load_config
from mmda.datasets import ChestXray14, CheXpert
from mmda.report.source_labels import sources_of_datasets

pytestmark = pytest.mark.usefixtures('quick_configs')
DA = Path(__file__).resolve().parents[1] / 'configs' / 'da'
TABLES = sorted(
    str(path.relative_to(DA))
    for folder in ('table*', 'figure*')
    for path in DA.glob(f'{folder}/*.py')
)
NOVEL = {
    'cifar10': 'cat',
    'dermamnist': 'vascular lesions',
    'tissuemnist': 'Proximal Tubule Segments',
    'organamnist': 'heart',
}
TABLE05, TABLE13 = PAPER['table05'], PAPER['table13']
CHEST = 'densenet121_64e_chest7-overlap'


def load(name, **options):
    return load_config(str(DA / name), options)


def code_lines(path):
    """Count the lines of code below ``_base_``."""
    tree = ast.parse(path.read_text())
    return sum(
        node.end_lineno - node.lineno + 1
        for node in tree.body
        if not (isinstance(node, ast.Assign) and is_base(node))
    )


def is_base(node):
    return getattr(node.targets[0], 'id', '') == '_base_'


def is_ablation(name):
    text = (DA / name).read_text()
    return re.search(r"^_base_ = '", text, re.MULTILINE) is not None


@pytest.mark.parametrize('name', [*filter(is_ablation, TABLES)])
def test_an_ablation_changes_ten_lines_at_most(name):
    assert code_lines(DA / name) <= 10


def test_the_readme_names_every_config():
    text = (DA / 'README.md').read_text()
    named = re.findall(r'`([\w*/-]+\.py)`', text)
    found = {
        name: [*DA.glob(name)]
        for name in named
        if not name.startswith('tools/')
    }
    unclear = [name for name, paths in found.items() if len(paths) != 1]
    assert not unclear, 'no file, or more than one'
    assert {path for (path,) in found.values()} == {*DA.rglob('*.py')}


def test_every_densenet_is_that_of_section_4_2_and_is_trained_like_it():
    # The toy trainings put a narrow network in its place.
    shipped = load('chestxray_chexpert.py')
    assert shipped.optim_wrapper.optimizer == dict(type='Adam', lr=2e-4)
    num_checked = 0
    for name in TABLES:
        cfg = load(name)
        model = cfg.model
        if model.backbone.type != 'DenseNet':
            continue  # MNIST, on a CPU
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


def test_the_columns_of_tables_3_and_4_have_the_parts_they_name():
    # adapter, pseudo-labels, consistency; the last two need two views
    expected = {
        f'linear_{CHEST}-d0': (False, True, True, False),
        f'linear_{CHEST}-d1': (False, True, True, False),
        f'linear_{CHEST}': (False, True, True, False),
        f'da-bce_{CHEST}': (True, True, True, False),
        f'linear-pseudo_{CHEST}': (False, True, False, True),
        f'linear-consist_{CHEST}': (False, False, True, True),
        f'linear-pseudo-consist_{CHEST}': (False, True, True, True),
        f'da-recipe_{CHEST}': (True, True, True, True),
        f'da-paper_{CHEST}': (True, True, True, True),
        f'linear_{CHEST}-full': (False, True, True, False),
        f'linear-pseudo-consist_{CHEST}-full': (False, True, True, True),
    }
    parts = {}
    for name in expected:
        model = load(f'table03_04/{name}.py').model
        loss = model.head.loss
        parts[name] = (
            model.head.type == 'DynamicAdapterHead',
            loss.get('pseudo_weight') != 0,
            loss.get('consist_weight') != 0,
            bool(model.data_preprocessor.strong_view),
        )
    assert parts == expected


def test_the_literal_equations_differ_from_the_recipe_in_the_loss_alone():
    recipe, literal = (
        load(f'table03_04/{name}_{CHEST}.py')
        for name in ('da-recipe', 'da-paper')
    )
    loss = literal.model.head.loss
    assert (loss.ramp_up, loss.detach_pseudo) == (0.0, False)
    assert loss.strong_bce_weight == 0.0
    literal.model.head.loss = recipe.model.head.loss
    assert literal.model == recipe.model
    assert literal.train_dataloader == recipe.train_dataloader


@pytest.mark.parametrize(
    'row',
    [*(f'table07/{{}}_densenet121_64e_{name}-novel1' for name in NOVEL)]
    + ['table08/{}_densenet121_64e_chestxray14']
    + ['table08/{}_densenet121_64e_chexpert'],
)
def test_the_rows_of_tables_7_and_8_differ_in_their_head_alone(row):
    linear, adapter = (
        load(f'{row.format(head)}.py') for head in ('linear', 'da-bce')
    )
    assert linear.model.head.type == 'PartialLabelLinearHead'
    assert adapter.model.head.type == 'DynamicAdapterHead'
    linear.model.head.type = adapter.model.head.type
    for key in ('model', 'train_dataloader', 'val_dataloader'):
        assert linear[key] == adapter[key]
    assert linear.test_dataloader == adapter.test_dataloader
    assert linear.test_evaluator == adapter.test_evaluator


@pytest.mark.parametrize('name', NOVEL)
def test_the_novel_class_of_table_7_is_in_the_test_alone(name, tmp_path):
    if name == 'cifar10':
        toy_images.write_cifar10(tmp_path / 'data')
    else:
        toy_images.write_medmnist(tmp_path / 'data')
    path = f'table07/da-bce_densenet121_64e_{name}-novel1.py'
    cfg = load(path, data_root=str(tmp_path / 'data'))
    init_default_scope('mmpretrain')
    found = {
        split: sources_of_datasets(
            {split: DATASETS.build(cfg[f'{split}_dataloader'].dataset)}
        )[0]
        for split in ('train', 'val', 'test')
    }
    num_novel = {}
    for split, source in found.items():
        assert NOVEL[name] not in source.classes
        assert not np.isnan(source.score).any()
        num_novel[split] = int((source.score.sum(axis=1) == 0).sum())
    assert num_novel['train'] == num_novel['val'] == 0 < num_novel['test']
    hashes = [set(source.hashes().tolist()) for source in found.values()]
    assert not hashes[0] & hashes[1]
    assert not hashes[1] & hashes[2]
    assert not hashes[0] & hashes[2]


@pytest.mark.parametrize('name', ['dermamnist', 'tissuemnist'])
@pytest.mark.parametrize('number', [2, 3])
def test_figure_6_holds_out_more_classes_than_table_7(name, number):
    for head in ('linear', 'da-bce'):
        path = f'figure06/{head}_densenet121_64e_{name}-novel{number}.py'
        cfg = load(path)
        train, val, test = (
            cfg[f'{split}_dataloader'].dataset
            for split in ('train', 'val', 'test')
        )
        assert train.dataset.drop == val.dataset.drop
        assert len(set(train.dataset.drop)) == number
        assert NOVEL[name] in train.dataset.drop
        assert not set(train.dataset.drop) & set(cfg.model.head.classes)
        assert train.classes == val.classes == test.classes
        assert test.dataset.type == 'MedMNIST'  # with the novel images


def classes_of(table):
    """Return the classes that each row of Table 5 or 13 annotates."""
    (panel,) = table.panels
    return [
        tuple(load_recipe(recipe).model.head.classes)
        for recipe in panel.recipes
    ]


def test_table_5_adds_each_disease_of_chestxray14_once():
    alone, *added, fourteen, most = classes_of(TABLE05)
    assert alone == ('Nodule',)
    others = set(ChestXray14.METAINFO['classes']) - set(alone)
    assert {pair[:1] for pair in added} == {alone}
    assert sorted(c for _, c in added) == sorted(others)
    assert set(fourteen) == {'Nodule', *others}
    # 13 + 5 diseases and Nodule; support devices are no disease
    assert len(most) == len(set(most)) == 19
    extra = set(most) - others - set(alone)
    assert extra < set(CheXpert.METAINFO['classes']) - {'Support Devices'}


def test_table_13_adds_six_diseases_of_chexpert_and_then_all():
    alone, *added, most = classes_of(TABLE13)
    assert alone == ('Cardiomegaly',)
    assert {pair[:1] for pair in added} == {alone}
    assert len({c for _, c in added}) == len(added) == 6
    diseases = set(CheXpert.METAINFO['classes']) - {'Support Devices'}
    diseases = diseases - {'Pleural Effusion'} | {'Effusion'}
    assert set(most) == diseases


@pytest.mark.parametrize(
    'recipe', [*TABLE05.panels[0].recipes, *TABLE13.panels[0].recipes], ids=str
)
def test_tables_5_and_13_report_and_choose_by_the_class_of_interest(recipe):
    cfg = load_recipe(recipe)
    interest = 'Nodule' if 'table05' in recipe.config else 'Cardiomegaly'
    classes = tuple(cfg.model.head.classes)
    assert cfg.model.head.num_classes == len(classes)
    for split in ('train', 'val', 'test'):
        dataset = cfg[f'{split}_dataloader'].dataset
        for source in dataset.get('datasets', [dataset]):
            assert tuple(source.classes) == classes
    assert cfg.val_dataloader.dataset.labeled_classes == [interest]
    assert cfg.test_evaluator.classes_of_interest == [interest]


def test_tables_9_and_10_are_reported_per_source():
    nine, ten = (
        load('chestxray_chexpert.py'),
        load('table10/da-recipe_densenet121_64e_chest20-official-val.py'),
    )
    tested = {
        d.name: (d.dataset.split, d.get('labeled_classes'))
        for d in nine.test_dataloader.dataset.datasets
    }
    assert tested['ChestXray14'] == ('test', None)
    tested = {
        d.name: (d.dataset.split, sorted(d.get('labeled_classes') or []))
        for d in ten.test_dataloader.dataset.datasets
    }
    five = 'Atelectasis Cardiomegaly Consolidation Edema Effusion'.split()
    assert tested['CheXpert'] == ('official_val', five)
    chosen_by = [d.dataset.split for d in ten.val_dataloader.dataset.datasets]
    assert 'official_val' not in chosen_by


def test_trainings_without_end_count_iterations_and_keep_the_last_weights():
    counted = 0
    for path in sorted(DA.rglob('*.py')):
        cfg = load_config(str(path))
        sampler = (cfg.train_dataloader.get('sampler') or {}).get('type')
        if sampler != 'InfiniteSampler' or 'cityscapes' in path.name:
            continue
        counted += 1
        length = cfg.train_cfg.max_iters
        checkpoint = cfg.default_hooks.checkpoint
        assert not cfg.train_cfg.by_epoch, path
        assert cfg.train_cfg.val_interval == length, path
        assert cfg.param_scheduler.T_max == length, path
        assert (checkpoint.by_epoch, checkpoint.interval) == (False, length)
        assert 'save_best' not in checkpoint, path
    assert counted > 25


@pytest.mark.parametrize(
    'name', ['densenet121', 'resnet18_small', 'small_cnn']
)
def test_networks_keep_out_of_the_traps(name):
    model = load_config(
        str(DA.parent / '_base_' / 'models' / f'dynamic_adapter_{name}.py')
    ).model
    assert model.type == 'DualViewImageClassifier'
    assert model.head.type == 'DynamicAdapterHead'
    loss = model.head.loss
    assert loss.strong_bce_weight == 1
    assert not {'ramp_up', 'detach_pseudo'} & set(loss)
    if name == 'small_cnn':
        assert model.backbone.zero_init_residual is False
