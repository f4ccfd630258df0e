"""Estimates of the time that runs take."""

import pytest
from reproduction.clock import Clock, guess_seconds
from reproduction.recipe_config import load_recipe
from reproduction.result import Result, Run
from reproduction.table import Recipe

FAST, SLOW, OTHER = (
    Run(Recipe(f'{name}.py'), 0, '', '') for name in ('fast', 'slow', 'other')
)


def result(seconds, **more):
    return Result('', 0, {}, seconds, **more)


def test_remaining_time_is_that_of_the_same_training():
    clock = Clock()
    assert clock.remaining([(FAST, 0.0)], 1) is None
    clock.add(FAST, result(10.0))
    clock.add(SLOW, result(100.0))
    clock.add(SLOW, result(1.0, diverged='nan'))
    assert clock.remaining([(FAST, 0.0), (SLOW, 0.5)], 2) == 30
    assert clock.expect(OTHER) == 55


def test_a_guess_stands_until_a_run_has_finished_and_is_then_scaled():
    runs = [(FAST, 0.0), (SLOW, 0.0)]
    clock = Clock({FAST.recipe.key: 100.0, SLOW.recipe.key: 500.0})
    assert clock.tell(runs, 1).startswith('10.0 min (estimate')
    assert clock.tell([], 1) == '0 s'
    clock.add(FAST, result(10.0))
    assert clock.remaining(runs, 1) == 60
    assert clock.tell(runs, 1) == '60 s'


MNIST = 'small-cnn_500i_mnist-overlap'


def test_nothing_is_guessed_about_a_part_of_a_file(quick_configs):
    cfg = load_recipe(Recipe('da/digits.py'))
    cfg.train_dataloader.dataset.datasets[0].part = ('train', 'splits.csv')
    assert guess_seconds(cfg) is None


@pytest.mark.parametrize(
    ('config', 'seconds'),
    [
        (f'table12/linear_{MNIST}', 500 * 16 / 320),
        (f'table12/da-recipe_{MNIST}', 2 * 500 * 16 / 320),
        ('baselines/dodnet_small-cnn_3500i_mnist-overlap', 7 * 500 * 16 / 320),
        (f'baselines/one-per-task_{MNIST}', 7 * 500 * 16 / 320),
        ('table01/linear_densenet121_64e_dermamnist-7way', 64 * 7007 / 132),
        (
            'table02/da-bce_densenet121_64e_cifar10-disjoint-d0',
            64 * 25000 / 132,
        ),
        (
            'table03_04/da-recipe_densenet121_64e_chest7-overlap',
            2 * 64 * 2 * 7531 / 3.3,
        ),
        (
            'table05/da-bce_densenet121_64e_chest20-nodule18',
            64 * (75708 + 166739) / 3.3,
        ),
        # The speed is that of the backbone; nested parts of patients.
        (
            'real/da-recipe_small-cnn16_4800i_cifar10-overlap',
            2 * 4800 * 64 / 1600,
        ),
        ('real/linear_small-cnn16_500i_nih64', 500 * 32 / 300),
        ('cityscapes_bus_5way', None),
    ],
)
def test_the_guess_counts_images_views_and_networks(
    config, seconds, quick_configs
):
    cfg = load_recipe(Recipe(f'da/{config}.py'))
    assert guess_seconds(cfg) == pytest.approx(seconds)
