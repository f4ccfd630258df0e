"""The MNIST configs have the images and the labels that the paper counts."""

from pathlib import Path

import numpy as np
import pytest
from mmengine.registry import DATASETS, DefaultScope
from reproduction.recipe_config import load_recipe
from reproduction.tables import TABLES
from toy_images import write_mnist

from mmda.apis.config import load_config
from mmda.report.source_labels import sources_of_datasets

DA = Path(__file__).resolve().parents[1] / 'configs' / 'da'
DIGITS = tuple('0123456789')
DATA = 'small-cnn_500i_mnist-overlap'


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp('data') / 'mnist'
    write_mnist(folder, num=3000)  # a third has 300 images of seven digits
    return folder


@pytest.fixture(autouse=True)
def scope():
    instance = DefaultScope.get_instance('mnist', scope_name='mmpretrain')
    yield instance
    DefaultScope._instance_dict.pop('mnist')


def load(name, root):
    return load_config(str(DA / name), {'data_root': str(root)})


def sources(name, root, split='train'):
    cfg = load(name, root)[f'{split}_dataloader']
    if split == 'val':  # the toy has not as many
        cfg.dataset.num_samples = None
    return sources_of_datasets({split: DATASETS.build(cfg.dataset)})


def count(found):
    return [int((~np.isnan(source.score)).sum()) for source in found]


@pytest.mark.parametrize(
    ('name', 'labels'),
    [
        ('table12/linear_small-cnn_500i_mnist-overlap-d0.py', [1500]),
        ('table12/linear_small-cnn_500i_mnist-overlap-d1.py', [1500]),
        ('table12/linear_small-cnn_500i_mnist-overlap.py', [1500, 1500]),
        ('table12/da-recipe_small-cnn_500i_mnist-overlap.py', [1500, 1500]),
        ('table12/linear_small-cnn_500i_mnist-overlap-full.py', [2100, 2100]),
        ('table02/da-bce_small-cnn_64e_mnist-disjoint-d0.py', [1500]),
        ('table02/da-bce_small-cnn_64e_mnist-disjoint-d1.py', [1500]),
        ('table02/da-recipe_small-cnn_64e_mnist-disjoint.py', [1500, 1500]),
        ('table01/linear_small-cnn_64e_mnist-zero.py', [300]),
        ('table01/linear_small-cnn_64e_mnist-10way.py', [3000]),
        ('table07/linear_small-cnn_64e_mnist-novel1.py', [600 * 9]),
        ('table08/linear_small-cnn_500i_mnist-multi.py', [600 * 10]),
    ],
)
def test_the_label_report_gives_the_papers_number_of_labels(
    name, labels, root
):
    assert count(sources(name, root)) == labels


def annotated(source):
    known = ~np.isnan(source.score).all(axis=0)
    return ''.join(np.array(source.classes)[known])


def test_table_12_has_images_of_seven_digits_of_which_five_are_annotated(root):
    d0, d1 = sources('table12/da-recipe_small-cnn_500i_mnist-overlap.py', root)
    assert d0.classes == d1.classes == tuple('1234567')
    assert [annotated(d0), annotated(d1)] == ['12345', '34567']
    full = sources('table12/linear_small-cnn_500i_mnist-overlap-full.py', root)
    for part in full:
        assert (part.score.sum(axis=1) == 1).all(), 'an image of 0, 8 or 9'
    # The images are the same; only labels are missing.
    for part, whole in zip((d0, d1), full, strict=True):
        known = ~np.isnan(part.score)
        assert (part.score[known] == whole.score[known]).all()
        assert part.hashes().tolist() == whole.hashes().tolist()
    tested = sources(
        'table12/da-recipe_small-cnn_500i_mnist-overlap.py', root, 'test'
    )[0]
    assert (tested.score.sum(axis=1) == 1).all()
    assert len(tested.score) == 3000 * 7 // 10


@pytest.mark.parametrize(
    'name',
    [
        'table12/da-recipe_small-cnn_500i_mnist-overlap',
        'table02/da-recipe_small-cnn_64e_mnist-disjoint',
    ],
)
def test_no_image_is_in_two_of_d0_d1_and_validation(name, root):
    found = [
        *sources(f'{name}.py', root),
        *sources(f'{name}.py', root, 'val'),
    ]
    hashes = np.concatenate([source.hashes() for source in found])
    assert len(found) == 3
    assert len(set(hashes)) == len(hashes)


def test_table_2_annotates_odd_and_even_digits_of_images_of_all_ten(root):
    d0, d1 = sources('table02/da-recipe_small-cnn_64e_mnist-disjoint.py', root)
    assert [annotated(d0), annotated(d1)] == ['13579', '02468']
    for part in (d0, d1):
        negative = (np.nansum(part.score, axis=1) == 0).mean()
        assert 0.4 < negative < 0.6, 'about half show an unannotated digit'


def test_table_1_asks_for_zero_on_the_same_images(root):
    (zero,) = sources('table01/linear_small-cnn_64e_mnist-zero.py', root)
    (ten,) = sources('table01/linear_small-cnn_64e_mnist-10way.py', root)
    assert zero.classes == ('0',)
    assert ten.classes == DIGITS
    assert (zero.score[:, 0] == ten.score[:, 0]).all()
    assert zero.hashes().tolist() == ten.hashes().tolist()


def test_the_novel_digit_of_table_7_is_in_the_test_alone(root):
    for split, novel in (('train', 0), ('val', 0), ('test', 300)):
        (found,) = sources(
            'table07/linear_small-cnn_64e_mnist-novel1.py', root, split
        )
        assert found.classes == tuple('123456789')
        assert (found.score.sum(axis=1) == 0).sum() == novel


def test_table_8_trains_on_one_digit_and_tests_on_two(root):
    name = 'table08/linear_small-cnn_500i_mnist-multi.py'
    assert (sources(name, root)[0].score.sum(axis=1) == 1).all()
    tested = sources(name, root, 'test')[0]
    assert len(tested.score) == 10000
    per_image = np.bincount(tested.score.sum(axis=1).astype(int))
    assert per_image[0] == 0
    # The same digit twice in one pair of ten
    assert per_image[1] / 10000 == pytest.approx(0.1, abs=0.02)


@pytest.mark.parametrize(
    'row',
    [
        'table07/{}_small-cnn_64e_mnist-novel1.py',
        'table08/{}_small-cnn_500i_mnist-multi.py',
    ],
)
def test_the_rows_of_tables_7_and_8_differ_in_their_head_alone(row, root):
    linear, adapter = (
        load(row.format(head), root) for head in ('linear', 'da-bce')
    )
    assert linear.model.head.type == 'PartialLabelLinearHead'
    assert adapter.model.head.type == 'DynamicAdapterHead'
    linear.model.head.type = adapter.model.head.type
    assert linear._cfg_dict == adapter._cfg_dict


def test_the_columns_of_table_12_have_the_parts_they_name(root):
    # adapter, pseudo-labels, consistency; the last two need two views
    expected = {
        f'linear_{DATA}-d0': (False, True, True, False),
        f'linear_{DATA}-d1': (False, True, True, False),
        f'linear_{DATA}': (False, True, True, False),
        f'da-bce_{DATA}': (True, True, True, False),
        f'linear-pseudo_{DATA}': (False, True, False, True),
        f'linear-consist_{DATA}': (False, False, True, True),
        f'linear-pseudo-consist_{DATA}': (False, True, True, True),
        f'da-paper_{DATA}': (True, True, True, True),
        f'linear_{DATA}-full': (False, True, True, False),
    }
    parts = {}
    for name in expected:
        model = load(f'table12/{name}.py', root).model
        loss = model.head.loss
        parts[name] = (
            model.head.type == 'DynamicAdapterHead',
            loss.get('pseudo_weight') != 0,
            loss.get('consist_weight') != 0,
            bool(model.data_preprocessor.strong_view),
        )
    assert parts == expected


def test_table_11_changes_the_temperature_alone(root):
    base = load(f'table12/linear-pseudo-consist_{DATA}.py', root).model
    base.head.loss.pop('temperature', None)
    (panel,) = TABLES['table11'].select(['mnist']).panels
    for column, recipe in zip(panel.columns, panel.recipes, strict=True):
        model = load_recipe(recipe).model
        assert column == f't = {model.head.loss.pop("temperature", 4):g}'
        assert model == base
