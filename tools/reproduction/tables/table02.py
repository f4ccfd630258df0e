"""Table 2: two sources whose labels do not overlap."""

from collections.abc import Mapping, Sequence

from ..table import Panel, Recipe, Table, compare_columns


def _panel(
    name: str,
    title: str,
    data: str,
    labels: tuple[str, str, str],
    metrics: Mapping[str, str],
    paper: Sequence[tuple[float | None, float | None, float]],
) -> Panel:
    """Make the panel of a pair of sources."""
    configs = {
        f'D0 ({labels[0]} labels)': f'da-bce_{data}-d0',
        f'D1 ({labels[1]} labels)': f'da-bce_{data}-d1',
        f'D0 & D1 ({labels[2]} labels)': f'da-paper_{data}',
        'D0 & D1: recipe (ours)': f'da-recipe_{data}',
    }
    recipes = {
        column: Recipe(f'da/table02/{config}.py')
        for column, config in configs.items()
    }
    return compare_columns(
        name, title, metrics, recipes, paper, (0, 1), extra=1
    )


_CHEXPERT = ('Cardiomegaly', 'Pneumonia', 'Atelectasis', 'Edema')
_CHESTXRAY = ('Effusion', 'Consolidation', 'Pneumothorax')
_CIFAR10 = (
    'bird',
    'cat',
    'deer',
    'dog',
    'frog',
    'horse',
    'airplane',
    'automobile',
    'ship',
    'truck',
)

TABLE02 = Table(
    'table02',
    'Table 2: two sources without a common label',
    (
        _panel(
            'chest',
            'Chest X-ray',
            'densenet121_64e_chest7-disjoint',
            ('30,124', '22,593', '52,717'),
            {
                **{name: f'auc/CheXpert/{name}' for name in _CHEXPERT},
                **{name: f'auc/ChestXray14/{name}' for name in _CHESTXRAY},
            },
            [
                (72.7, None, 75.5),
                (46.3, None, 56.3),
                (58.0, None, 74.9),
                (83.0, None, 87.3),
                (None, 77.1, 79.0),
                (None, 67.3, 68.7),
                (None, 65.2, 77.1),
            ],
        ),
        _panel(
            'cifar10',
            'CIFAR-10',
            'densenet121_64e_cifar10-disjoint',
            ('150,000', '100,000', '250,000'),
            {name.capitalize(): f'auc/{name}' for name in _CIFAR10},
            [
                (86.4, None, 87.4),
                (85.1, None, 86.1),
                (88.9, None, 89.9),
                (89.4, None, 89.4),
                (94.3, None, 94.8),
                (92.8, None, 93.7),
                (None, 93.0, 93.5),
                (None, 95.9, 96.1),
                (None, 95.8, 95.9),
                (None, 93.3, 94.5),
            ],
        ),
        _panel(
            'mnist',
            'MNIST',
            'small-cnn_64e_mnist-disjoint',
            ('1,500', '1,500', '3,000'),
            {f'Num {digit}': f'auc/{digit}' for digit in '1357902468'},
            [
                (99.6, None, 99.6),
                (96.8, None, 97.9),
                (96.8, None, 97.2),
                (98.4, None, 98.8),
                (93.8, None, 95.8),
                (None, 99.4, 99.7),
                (None, 97.4, 98.4),
                (None, 97.6, 97.2),
                (None, 99.0, 99.0),
                (None, 91.0, 94.2),
            ],
        ),
    ),
)
