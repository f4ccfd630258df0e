"""The rows and columns of the paper's tables differ in what they name."""

from pathlib import PurePath

import numpy as np
import pytest
import toy_images
from mmengine.registry import DATASETS, init_default_scope
from reproduction.recipe_config import load_recipe
from reproduction.table import find_tables
from shipped_configs import PATHS, load

from mmda.apis.seeding import set_seed
from mmda.datasets import ChestXray14, CheXpert, PartialLabelDataset
from mmda.report.source_labels import (
    sources_of_config,
    sources_of_datasets,
)

NOVEL = {
    'cifar10': 'cat',
    'dermamnist': 'vascular lesions',
    'tissuemnist': 'Proximal Tubule Segments',
    'organamnist': 'heart',
}
(TABLE05, TABLE11, TABLE13) = find_tables(['5', '11', '13'])
CHEST = 'densenet121_64e_chest7-overlap'
MNIST = 'small-cnn_500i_mnist-overlap'


@pytest.mark.parametrize('data', [CHEST, MNIST])
def test_the_columns_of_tables_3_4_and_12_have_the_parts_they_name(data):
    # adapter, pseudo-labels, consistency; the last two need two views
    expected = {
        f'linear_{data}-d0': (False, True, True, False),
        f'linear_{data}-d1': (False, True, True, False),
        f'linear_{data}': (False, True, True, False),
        f'da-bce_{data}': (True, True, True, False),
        f'linear-pseudo_{data}': (False, True, False, True),
        f'linear-consist_{data}': (False, False, True, True),
        f'linear-pseudo-consist_{data}': (False, True, True, True),
        f'da-paper_{data}': (True, True, True, True),
        f'da-recipe_{data}': (True, True, True, True),
        f'linear_{data}-full': (False, True, True, False),
    }
    parts = {}
    for name in expected:
        model = load(name).model
        loss = model.head.loss
        parts[name] = (
            model.head.type == 'DynamicAdapterHead',
            loss.get('pseudo_weight') != 0,
            loss.get('consist_weight') != 0,
            bool(model.data_preprocessor.strong_view),
        )
    assert parts == expected


def test_the_footnote_of_tables_3_and_4_differs_from_full_in_its_terms():
    full, footnote = (
        load(f'{name}_{CHEST}-full')
        for name in ('linear', 'linear-pseudo-consist')
    )
    assert full.train_dataloader == footnote.train_dataloader
    assert footnote.model.data_preprocessor.strong_view


LITERAL = [
    name
    for name in PATHS
    if name.startswith('da-paper') and 'camvid' not in name
]


@pytest.mark.parametrize('name', LITERAL)
def test_the_literal_equations_differ_from_the_recipe_in_the_loss_alone(name):
    recipe = {
        'da-paper_densenet121_64e_chest20': 'chestxray_chexpert',
        'da-paper_resnet18-small_30e_digits': 'digits',
    }.get(name, name.replace('da-paper', 'da-recipe'))
    recipe, literal = load(recipe), load(name)
    loss = literal.model.head.loss
    assert (loss.ramp_up, loss.detach_pseudo) == (0.0, False)
    assert loss.strong_bce_weight == 0.0
    assert recipe.model.head.loss.strong_bce_weight == 1.0
    literal.model.head.loss = recipe.model.head.loss
    assert literal.model == recipe.model
    assert literal.train_dataloader == recipe.train_dataloader


@pytest.mark.parametrize('data', [CHEST, MNIST])
def test_the_papers_terms_are_literal_on_a_linear_layer_too(data):
    paper = load(f'da-paper_{data}').model
    linear = load(f'linear-pseudo-consist_{data}').model
    assert linear.head.type == 'PartialLabelLinearHead'
    linear.head.type = paper.head.type
    assert linear == paper


(REAL,) = find_tables(['real'])


@pytest.mark.parametrize(
    'panel',
    [p for p in REAL.panels if p.name != 'nih64-rules'],
    ids=lambda panel: panel.name,
)
def test_the_arms_on_real_data_have_the_parts_they_name(panel):
    # two views, adapter, BCE on the strong view, unsupervised terms
    expected = {
        'BCE': (False, False, False, False),
        'BCE on both views': (True, False, True, False),
        'adapter, BCE': (False, True, False, False),
        'literal equations': (True, True, False, True),
        'recipe, linear layer': (True, False, True, True),
        'recipe': (True, True, True, True),
        'recipe, marginal likelihood alone': (True, True, True, False),
        'recipe, pseudo-labels alone': (True, True, True, True),
        'recipe, no consistency': (True, True, True, False),
        'recipe, independent classes': (True, True, True, True),
    }
    configs = {
        row: load_recipe(panel.cells[index, 0].recipe)
        for index, row in enumerate(panel.rows)
    }
    for row, cfg in configs.items():
        model, loss = cfg.model, cfg.model.head.loss
        views = bool(model.data_preprocessor.strong_view)
        parts = (
            views,
            model.head.type == 'DynamicAdapterHead',
            views and loss.get('strong_bce_weight', 0) > 0,
            views and loss.get('consist_weight', 1) > 0,
        )
        assert parts == expected[row.removeprefix('full labels, ')], row
        sources = cfg.train_dataloader.dataset.datasets
        known = {source.labeled_classes is None for source in sources}
        assert known == {row.startswith('full labels')}, row
        everything = {
            c for s in sources for c in s.labeled_classes or s.classes
        }
        assert everything == {*model.head.classes}
        if row == 'recipe, marginal likelihood alone':
            assert loss.pseudo_weight == 0 < loss.marginal_weight
        if row == 'recipe, pseudo-labels alone':
            assert loss.marginal_weight == 0 < loss.get('pseudo_weight', 1)
    if panel.gaps:
        assert [*configs] == [
            'BCE',
            'BCE on both views',
            'recipe',
            'full labels, BCE',
            'full labels, BCE on both views',
        ]
    else:
        assert [*configs][0] == 'recipe' and 'BCE on both views' in configs


# `rules` reads the images of the training with another reader.
@pytest.mark.parametrize(
    'name',
    [
        'da-recipe_small-cnn16_500i_nih64',
        'linear_small-cnn16_500i_nih64-rules',
    ],
)
def test_patients_of_nih64_are_tested_whatever_the_seed(name, shared_data):
    options = dict(data_root=str(shared_data / 'nih64'))
    tested = []
    for seed in (0, 3):
        cfg = load(name, **options)
        set_seed(cfg, seed)
        found = sources_of_config(cfg)
        patients = [set(map(int, source.patients)) for source in found]
        assert [s.name for s in found] == ['D0', 'D1', 'val', 'test']
        assert sum(map(len, patients)) == len(set.union(*patients)) == 264
        assert sum(len(source.score) for source in found) == 1000
        tested.append(patients)
    assert tested[0][3] == tested[1][3] and tested[0][0] != tested[1][0]
    (everything,) = sources_of_datasets(
        {'all': PartialLabelDataset(dict(cfg.images, **options), cfg.classes)}
    )
    few = (everything.score > 0.5).sum(axis=0) < 30
    assert {*np.array(cfg.classes)[few]} == {*cfg.rare}


ROWS = [f'densenet121_64e_{name}-novel1' for name in NOVEL]
ROWS += ['small-cnn_64e_mnist-novel1', 'small-cnn_500i_mnist-multi']
ROWS += ['small-cnn16_2400i_cifar10-novel1']
ROWS += ['densenet121_64e_chestxray14', 'densenet121_64e_chexpert']


@pytest.mark.parametrize('row', ROWS)
def test_the_rows_of_tables_7_and_8_differ_in_their_head_alone(row):
    linear, adapter = (load(f'{head}_{row}') for head in ('linear', 'da-bce'))
    assert linear.model.head.type == 'PartialLabelLinearHead'
    assert adapter.model.head.type == 'DynamicAdapterHead'
    linear.model.head.type = adapter.model.head.type
    assert linear._cfg_dict == adapter._cfg_dict


def test_the_small_rows_on_cifar10_see_each_label_equally_often():
    (panel,) = find_tables(['2'], ['cifar10-small'])[0].panels
    assert {recipe.num_samples for recipe in panel.recipes} == {5000}
    length = {}
    for recipe in panel.recipes:
        cfg = load_recipe(recipe, False)
        sources = len(cfg.train_dataloader.dataset.get('datasets', [None]))
        length.setdefault(sources, set()).add(cfg.train_cfg.max_iters)
    assert length == {1: {2400}, 2: {4800}}
    names = [f'linear_small-cnn16_2400i_cifar10-{n}' for n in ('cat', '10way')]
    cat, ten = map(load, names)
    assert cat.train_cfg == ten.train_cfg
    images = [cfg.train_dataloader.dataset.num_samples for cfg in (cat, ten)]
    assert images == [5000, 5000]


@pytest.mark.parametrize('name', NOVEL)
def test_the_novel_class_of_table_7_is_in_the_test_alone(name, tmp_path):
    if name == 'cifar10':
        toy_images.write_cifar10(tmp_path / 'data')
    else:
        toy_images.write_medmnist(tmp_path / 'data')
    cfg = load(
        f'da-bce_densenet121_64e_{name}-novel1',
        data_root=str(tmp_path / 'data'),
    )
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
    train, val, test = (
        {image.tobytes() for image in source.images}
        for source in found.values()
    )
    assert not train & val and not val & test and not train & test


@pytest.mark.parametrize('name', ['dermamnist', 'tissuemnist'])
@pytest.mark.parametrize('number', [2, 3])
def test_figure_6_holds_out_more_classes_than_table_7(name, number):
    for head in ('linear', 'da-bce'):
        cfg = load(f'{head}_densenet121_64e_{name}-novel{number}')
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
    for split in ('train', 'val', 'test'):
        dataset = cfg[f'{split}_dataloader'].dataset
        for source in dataset.get('datasets', [dataset]):
            assert tuple(source.classes) == classes
    assert cfg.val_dataloader.dataset.labeled_classes == [interest]
    assert cfg.test_evaluator.classes_of_interest == [interest]


def test_tables_9_and_10_are_reported_per_source():
    nine, ten = (
        load('chestxray_chexpert'),
        load('da-recipe_densenet121_64e_chest20-official-val'),
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


def test_table_11_changes_the_temperature_alone():
    for panel in TABLE11.panels:
        for column, recipe in zip(panel.columns, panel.recipes, strict=True):
            cfg = load_recipe(recipe)
            base = load(PurePath(recipe.config).stem)
            temperature = cfg.model.head.loss.pop('temperature', 4)
            assert column == f't = {temperature:g}'
            base.model.head.loss.pop('temperature', None)
            assert cfg.model == base.model
            assert cfg.train_dataloader == base.train_dataloader
