"""The chest and CIFAR-10 configs have the labels that the paper counts."""

from pathlib import Path

import numpy as np
import pytest
from mmengine.registry import DATASETS, init_default_scope
from reproduction.tables import TABLES

from mmda.apis.config import load_config
from mmda.datasets import ChestXray14, CheXpert, LabelTable, LocalCIFAR10
from mmda.report.label_report import label_report
from mmda.report.source_labels import sources_of_datasets

pytestmark = pytest.mark.usefixtures('quick_configs')
DA = Path(__file__).resolve().parents[1] / 'configs' / 'da'
# 7/8 of one and 166,739 of 223,414 of the other are for training, more than
# 7,531.
NUM_NIH, NUM_CHEXPERT = 9000, 10500
NUM_TRAIN_NIH = NUM_NIH - NUM_NIH // 8
NUM_CIFAR10 = 50000
PAPER = {
    'table02/da-bce_densenet121_64e_chest7-disjoint-d0.py': {
        'CheXpert': 30_124
    },
    'table02/da-bce_densenet121_64e_chest7-disjoint-d1.py': {
        'ChestXray14': 22_593
    },
    'table02/da-recipe_densenet121_64e_chest7-disjoint.py': {
        'CheXpert': 30_124,
        'ChestXray14': 22_593,
    },
    'table02/da-bce_densenet121_64e_cifar10-disjoint-d0.py': {'D0': 150_000},
    'table02/da-bce_densenet121_64e_cifar10-disjoint-d1.py': {'D1': 100_000},
    'table02/da-recipe_densenet121_64e_cifar10-disjoint.py': {
        'D0': 150_000,
        'D1': 100_000,
    },
    'table03_04/linear_densenet121_64e_chest7-overlap-d0.py': {
        'CheXpert': 37_655
    },
    'table03_04/linear_densenet121_64e_chest7-overlap-d1.py': {
        'ChestXray14': 37_655
    },
    **{
        f'table03_04/{name}_densenet121_64e_chest7-overlap.py': {
            'CheXpert': 37_655,
            'ChestXray14': 37_655,
        }
        for name in 'linear da-bce linear-pseudo linear-consist '
        'linear-pseudo-consist da-recipe da-paper'.split()
    },
    **{
        f'table03_04/{name}_densenet121_64e_chest7-overlap-full.py': {
            'CheXpert': 52_717,
            'ChestXray14': 52_717,
        }
        for name in ('linear', 'linear-pseudo-consist')
    },
}


@pytest.fixture(scope='module')
def tables(tmp_path_factory):
    """Folder with tables as long as needed and no images."""
    root = tmp_path_factory.mktemp('tables')
    write_nih(root / 'ChestXray14')
    write_chexpert(root / 'CheXpert')
    return root


def write_nih(folder):
    """Write the two files of the training: each image of its own patient."""
    folder.mkdir()
    classes = ChestXray14.METAINFO['classes']
    names = [f'{i:08d}_000.png' for i in range(NUM_NIH)]
    rows = [
        f'{name},{classes[i % 14].replace(" ", "_")},{i}'
        for i, name in enumerate(names)
    ]
    text = '\n'.join(['Image Index,Finding Labels,Patient ID', *rows])
    (folder / 'Data_Entry_2017_v2020.csv').write_text(text)
    (folder / 'train_val_list.txt').write_text('\n'.join(names))


def write_chexpert(folder):
    """Write ``train.csv``: each image of its own patient, one finding each."""
    folder.mkdir()
    classes = CheXpert.METAINFO['classes']
    rows = [
        f'CheXpert-v1.0/train/patient{i:05d}/study1/view1_frontal.jpg,'
        + ','.join('1.0' if i % 13 == k else '' for k in range(13))
        for i in range(NUM_CHEXPERT)
    ]
    text = '\n'.join([','.join(['Path', *classes]), *rows])
    (folder / 'train.csv').write_text(text)


@pytest.fixture
def cifar10_labels(monkeypatch):
    """As many images as CIFAR-10 has, of one pixel."""
    table = LabelTable(
        gt_score=np.tile(np.eye(10, dtype=np.float32), (NUM_CIFAR10 // 10, 1)),
        img=np.zeros((NUM_CIFAR10, 1, 1, 3), np.uint8),
    )
    monkeypatch.setattr(LocalCIFAR10, 'load_data_list', lambda self: table)


def without_images(node):
    """Do not look for image files."""
    if isinstance(node, dict):
        if node.get('type') in ('ChestXray14', 'CheXpert'):
            node['check_first'] = False
        node = list(node.values())
    if isinstance(node, (list, tuple)):
        for child in node:
            without_images(child)


def training_labels(name, tables, options=None):
    """Return the number of labels of each source of a training."""
    cfg = load_config(
        str(DA / name), {'data_root': str(tables), **(options or {})}
    )
    without_images(cfg._cfg_dict)
    init_default_scope(cfg.default_scope)
    dataset = DATASETS.build(cfg.train_dataloader.dataset)
    report = label_report(sources_of_datasets({'train': dataset}))
    sources = report['splits']['train']['sources']
    return {name: source['labels'] for name, source in sources.items()}


@pytest.mark.parametrize('name', PAPER)
def test_config_has_the_papers_number_of_labels(name, tables, cifar10_labels):
    assert training_labels(name, tables) == PAPER[name]


def test_the_sums_are_those_that_the_paper_prints():
    total = {name: sum(labels.values()) for name, labels in PAPER.items()}
    assert (
        total['table02/da-recipe_densenet121_64e_chest7-disjoint.py'] == 52_717
    )
    assert (
        total['table02/da-recipe_densenet121_64e_cifar10-disjoint.py']
        == 250_000
    )
    assert (
        total['table03_04/da-recipe_densenet121_64e_chest7-overlap.py']
        == 75_310
    )
    assert (
        total['table03_04/linear_densenet121_64e_chest7-overlap-full.py']
        == 105_434
    )


@pytest.mark.parametrize(
    ('row', 'classes'),
    [('Nodule', 1), ('+ Mass', 2), ('+ Effusion', 2), ('+ 13 diseases', 14)],
)
def test_table_5_adds_labels_and_no_images(row, classes, tables):
    (panel,) = TABLES['table05'].panels
    recipe = panel.cells[panel.rows.index(row), 0].recipe
    labels = training_labels(
        recipe.config.removeprefix('da/'), tables, recipe.options
    )
    assert labels == {'ChestXray14': classes * NUM_TRAIN_NIH}


@pytest.mark.parametrize('pair', ['chestxray14', 'chexpert'])
def test_table_1_compares_the_same_images(pair, tables):
    few, many = {
        'chestxray14': (('5way', 5), ('14way', 14)),
        'chexpert': (('5way', 5), ('13way', 13)),
    }[pair]
    path = f'table01/linear_densenet121_64e_{pair}-{{}}.py'
    images = [
        sum(training_labels(path.format(way), tables).values()) / n
        for way, n in (few, many)
    ]
    assert images[0] == images[1]
