"""The configs have the images and the labels that the paper counts."""

import numpy as np
import pytest
from mmengine.registry import DATASETS, init_default_scope
from reproduction.recipe_config import load_recipe
from reproduction.table import Recipe, find_tables
from shipped_configs import load
from toy_images import write_mnist

from mmda.apis.options import apply_options
from mmda.datasets import ChestXray14, CheXpert, LabelTable, LocalCIFAR10
from mmda.report.label_report import label_report
from mmda.report.source_labels import sources_of_datasets

# 7/8 of one and 166,739 of 223,414 of the other are for training, more than
# 7,531.
NUM_NIH, NUM_CHEXPERT = 9000, 10500
NUM_TRAIN_NIH = NUM_NIH - NUM_NIH // 8
NUM_CIFAR10 = 50000
DIGITS = tuple('0123456789')
PAPER = {
    'da-bce_densenet121_64e_chest7-disjoint-d0': {'CheXpert': 30_124},
    'da-bce_densenet121_64e_chest7-disjoint-d1': {'ChestXray14': 22_593},
    'da-recipe_densenet121_64e_chest7-disjoint': {
        'CheXpert': 30_124,
        'ChestXray14': 22_593,
    },
    'da-bce_densenet121_64e_cifar10-disjoint-d0': {'D0': 150_000},
    'da-bce_densenet121_64e_cifar10-disjoint-d1': {'D1': 100_000},
    'da-recipe_densenet121_64e_cifar10-disjoint': {
        'D0': 150_000,
        'D1': 100_000,
    },
    'linear_densenet121_64e_chest7-overlap-d0': {'CheXpert': 37_655},
    'linear_densenet121_64e_chest7-overlap-d1': {'ChestXray14': 37_655},
    **{
        f'{name}_densenet121_64e_chest7-overlap': {
            'CheXpert': 37_655,
            'ChestXray14': 37_655,
        }
        for name in 'linear da-bce linear-pseudo linear-consist '
        'linear-pseudo-consist da-recipe da-paper'.split()
    },
    **{
        f'{name}_densenet121_64e_chest7-overlap-full': {
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


def training_labels(name, tables):
    """Return the number of labels of each source of a training."""
    return count_labels(load(name, data_root=str(tables)))


def count_labels(cfg):
    without_images(cfg._cfg_dict)
    init_default_scope(cfg.default_scope)
    dataset = DATASETS.build(cfg.train_dataloader.dataset)
    report = label_report(sources_of_datasets({'train': dataset}))
    sources = report['splits']['train']['sources']
    return {name: source['labels'] for name, source in sources.items()}


@pytest.mark.parametrize('name', PAPER)
def test_config_has_the_papers_number_of_labels(name, tables, cifar10_labels):
    assert training_labels(name, tables) == PAPER[name]


@pytest.mark.parametrize(
    ('row', 'classes'),
    [('Nodule', 1), ('+ Mass', 2), ('+ Effusion', 2), ('+ 13 diseases', 14)],
)
def test_table_5_adds_labels_and_no_images(row, classes, tables):
    (table,) = find_tables(['5'])
    (panel,) = table.panels
    cfg = load_recipe(panel.cells[panel.rows.index(row), 0].recipe)
    apply_options(cfg, {'data_root': str(tables)})
    labels = count_labels(cfg)
    assert labels == {'ChestXray14': classes * NUM_TRAIN_NIH}


@pytest.mark.parametrize('pair', ['chestxray14', 'chexpert'])
def test_table_1_compares_the_same_images(pair, tables):
    few, many = {
        'chestxray14': (('5way', 5), ('14way', 14)),
        'chexpert': (('5way', 5), ('13way', 13)),
    }[pair]
    path = f'linear_densenet121_64e_{pair}-{{}}'
    images = [
        sum(training_labels(path.format(way), tables).values()) / n
        for way, n in (few, many)
    ]
    assert images[0] == images[1]


@pytest.mark.parametrize('size', [1000, 5000])
@pytest.mark.parametrize(
    ('name', 'labels'), [('overlap', (6, 6)), ('disjoint', (6, 4))]
)
def test_small_cifar10_shares_no_image_between_d0_d1_and_validation(
    name, labels, size, cifar10_labels
):
    name = f'da-recipe_small-cnn16_4800i_cifar10-{name}'
    cfg = load_recipe(Recipe(f'da/real/{name}.py', size))
    init_default_scope(cfg.default_scope)
    d0, d1 = DATASETS.build(cfg.train_dataloader.dataset).datasets
    val, test = (
        DATASETS.build(cfg[f'{split}_dataloader'].dataset)
        for split in ('val', 'test')
    )
    images = np.concatenate([d.selected for d in (d0, d1, val)])
    assert [len(d) for d in (d0, d1, val)] == [size, size, 5000]
    assert len(set(images)) == len(images)
    assert tuple(len(d.annotated_classes) for d in (d0, d1)) == labels
    assert {*d0.annotated_classes, *d1.annotated_classes} == {*cfg.classes}
    assert val.dataset.split == 'train' and test.dataset.split == 'test'
    assert len(test) == len(test.dataset)


@pytest.fixture(scope='module')
def mnist(tmp_path_factory):
    folder = tmp_path_factory.mktemp('data') / 'mnist'
    write_mnist(folder, num=3000)  # a third has 300 images of seven digits
    return folder


def sources(name, mnist, split='train'):
    cfg = load(name, data_root=str(mnist))[f'{split}_dataloader']
    init_default_scope('mmpretrain')
    if split == 'val':  # the toy has not as many
        cfg.dataset.num_samples = None
    return sources_of_datasets({split: DATASETS.build(cfg.dataset)})


def pixels(source):
    return [image.tobytes() for image in source.images]


def count(found):
    return [int((~np.isnan(source.score)).sum()) for source in found]


@pytest.mark.parametrize(
    ('name', 'labels'),
    [
        ('linear_small-cnn_500i_mnist-overlap-d0', [1500]),
        ('linear_small-cnn_500i_mnist-overlap-d1', [1500]),
        ('linear_small-cnn_500i_mnist-overlap', [1500, 1500]),
        ('da-recipe_small-cnn_500i_mnist-overlap', [1500, 1500]),
        ('linear_small-cnn_500i_mnist-overlap-full', [2100, 2100]),
        ('da-bce_small-cnn_64e_mnist-disjoint-d0', [1500]),
        ('da-bce_small-cnn_64e_mnist-disjoint-d1', [1500]),
        ('da-recipe_small-cnn_64e_mnist-disjoint', [1500, 1500]),
        ('linear_small-cnn_64e_mnist-zero', [300]),
        ('linear_small-cnn_64e_mnist-10way', [3000]),
        ('linear_small-cnn_64e_mnist-novel1', [600 * 9]),
        ('linear_small-cnn_500i_mnist-multi', [600 * 10]),
    ],
)
def test_the_label_report_gives_the_papers_number_of_labels(
    name, labels, mnist
):
    assert count(sources(name, mnist)) == labels


def annotated(source):
    known = ~np.isnan(source.score).all(axis=0)
    return ''.join(np.array(source.classes)[known])


def test_table_12_has_images_of_seven_digits_of_which_five_are_annotated(
    mnist,
):
    d0, d1 = sources('da-recipe_small-cnn_500i_mnist-overlap', mnist)
    assert d0.classes == d1.classes == tuple('1234567')
    assert [annotated(d0), annotated(d1)] == ['12345', '34567']
    full = sources('linear_small-cnn_500i_mnist-overlap-full', mnist)
    for part in full:
        assert (part.score.sum(axis=1) == 1).all(), 'an image of 0, 8 or 9'
    # The images are the same; only labels are missing.
    for part, whole in zip((d0, d1), full, strict=True):
        known = ~np.isnan(part.score)
        assert (part.score[known] == whole.score[known]).all()
        assert pixels(part) == pixels(whole)
    tested = sources('da-recipe_small-cnn_500i_mnist-overlap', mnist, 'test')[
        0
    ]
    assert (tested.score.sum(axis=1) == 1).all()
    assert len(tested.score) == 3000 * 7 // 10


@pytest.mark.parametrize(
    'name',
    [
        'da-recipe_small-cnn_500i_mnist-overlap',
        'da-recipe_small-cnn_64e_mnist-disjoint',
    ],
)
def test_no_image_is_in_two_of_d0_d1_and_validation(name, mnist):
    found = [
        *sources(name, mnist),
        *sources(name, mnist, 'val'),
    ]
    images = [image for source in found for image in pixels(source)]
    assert len(found) == 3
    assert len(set(images)) == len(images)


def test_table_2_annotates_odd_and_even_digits_of_images_of_all_ten(mnist):
    d0, d1 = sources('da-recipe_small-cnn_64e_mnist-disjoint', mnist)
    assert [annotated(d0), annotated(d1)] == ['13579', '02468']
    for part in (d0, d1):
        negative = (np.nansum(part.score, axis=1) == 0).mean()
        assert 0.4 < negative < 0.6, 'about half show an unannotated digit'


def test_table_1_asks_for_zero_on_the_same_images(mnist):
    (zero,) = sources('linear_small-cnn_64e_mnist-zero', mnist)
    (ten,) = sources('linear_small-cnn_64e_mnist-10way', mnist)
    assert zero.classes == ('0',)
    assert ten.classes == DIGITS
    assert (zero.score[:, 0] == ten.score[:, 0]).all()
    assert pixels(zero) == pixels(ten)


def test_the_novel_digit_of_table_7_is_in_the_test_alone(mnist):
    for split, novel in (('train', 0), ('val', 0), ('test', 300)):
        (found,) = sources('linear_small-cnn_64e_mnist-novel1', mnist, split)
        assert found.classes == tuple('123456789')
        assert (found.score.sum(axis=1) == 0).sum() == novel


def test_table_8_trains_on_one_digit_and_tests_on_two(mnist):
    name = 'linear_small-cnn_500i_mnist-multi'
    assert (sources(name, mnist)[0].score.sum(axis=1) == 1).all()
    tested = sources(name, mnist, 'test')[0]
    assert len(tested.score) == 10000
    per_image = np.bincount(tested.score.sum(axis=1).astype(int))
    assert per_image[0] == 0
    # The same digit twice in one pair of ten
    assert per_image[1] / 10000 == pytest.approx(0.1, abs=0.02)
