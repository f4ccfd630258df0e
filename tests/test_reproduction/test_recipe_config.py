"""The config of a recipe."""

import pytest
from reproduction.recipe_config import (
    datasets_of,
    fingerprint,
    load_recipe,
    move_data,
)
from reproduction.table import Recipe

MNIST = 'da/table12/linear_small-cnn_500i_mnist-overlap.py'


def test_all_data_moves_to_another_folder():
    cfg = load_recipe(Recipe(MNIST))
    before = fingerprint(cfg)
    move_data(cfg, '/mnt/sets')
    roots = {n['data_root'] for n in datasets_of(cfg) if 'data_root' in n}
    assert roots == {'/mnt/sets/mnist/'}
    # The next recipe of this config starts from the file again.
    assert fingerprint(load_recipe(Recipe(MNIST))) == before


def test_the_fingerprint_is_that_of_the_training():
    plain = fingerprint(load_recipe(Recipe(MNIST)))
    other = {'optim_wrapper.optimizer.lr': 0.5}
    assert fingerprint(load_recipe(Recipe(MNIST, options=other))) != plain
    assert fingerprint(load_recipe(Recipe(MNIST, 20))) != plain
    place = {'work_dir': 'x', 'log_level': 'ERROR'}
    assert fingerprint(load_recipe(Recipe(MNIST, options=place))) == plain


def test_a_recipe_changes_images_and_classes_of_all_sources():
    cfg = load_recipe(Recipe(MNIST, 30))
    drawn = [n for n in datasets_of(cfg, 'train') if 'num_samples' in n]
    assert [node['num_samples'] for node in drawn] == [30, 30]
    classes = ('3', '4', '5')
    cfg = load_recipe(Recipe(MNIST, classes=classes))
    spaces = [n['classes'] for n in datasets_of(cfg) if 'classes' in n]
    assert len(spaces) >= 4
    assert {tuple(space) for space in spaces} == {classes}
    assert tuple(cfg.model.head.classes) == classes
    assert cfg.model.head.get('num_classes', 3) == 3


def test_a_change_without_effect_is_refused():
    with pytest.raises(ValueError, match='no training source has `num_sam'):
        load_recipe(Recipe('da/cityscapes_bus_5way.py', 30))
    with pytest.raises(ValueError, match='batch_size'):
        load_recipe(Recipe(MNIST, options={'batch_size': 3}))


def test_quick_leaves_a_few_images_and_two_iterations():
    cfg = load_recipe(Recipe(MNIST), quick=True)
    assert cfg.train_cfg.max_iters == 2
    sources = cfg.train_dataloader.dataset.datasets
    assert [source.indices for source in sources] == [16, 16]
    assert cfg.test_dataloader.dataset.indices == 256
