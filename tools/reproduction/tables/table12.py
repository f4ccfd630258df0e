"""Table 12: MNIST, digits 1 to 7, D0 = {1..5} and D1 = {3..7}."""

from ..table import Recipe, Table, compare_columns

_DATA = 'small-cnn_500i_mnist-overlap'
_RECIPES = {
    'D0 (1,500 labels)': f'linear_{_DATA}-d0',
    'D1 (1,500)': f'linear_{_DATA}-d1',
    'D0 & D1 (3,000)': f'linear_{_DATA}',
    '+ pseudo': f'linear-pseudo_{_DATA}',
    '+ consist': f'linear-consist_{_DATA}',
    '+ pseudo + consist': f'linear-pseudo-consist_{_DATA}',
    '+ adapter + pseudo + consist': f'da-paper_{_DATA}',
    'full (4,200)': f'linear_{_DATA}-full',
    'recipe (ours)': f'da-recipe_{_DATA}',
}

TABLE12 = Table(
    'table12',
    'Table 12: partial against full labels on MNIST',
    (
        compare_columns(
            'mnist',
            'MNIST',
            {
                'mAUC': 'auc/mean',
                **{f'Num {digit}': f'auc/{digit}' for digit in range(1, 8)},
            },
            {
                name: Recipe(f'da/table12/{config}.py')
                for name, config in _RECIPES.items()
            },
            [
                [91.0, 90.6, 94.4, 94.7, 95.4, 95.4, 95.9, 96.1],
                [95.6, None, 95.9, 96.9, 96.8, 96.8, 98.5, 98.6],
                [92.0, None, 92.9, 92.9, 94.0, 94.1, 96.5, 96.5],
                [89.6, 89.0, 92.8, 93.3, 93.9, 93.9, 94.0, 94.3],
                [90.6, 89.5, 94.3, 94.6, 95.2, 95.1, 94.9, 95.3],
                [87.0, 85.2, 94.0, 93.7, 95.1, 95.2, 93.3, 93.8],
                [None, 95.2, 96.1, 96.2, 97.1, 97.1, 98.1, 98.0],
                [None, 93.9, 95.0, 95.4, 95.5, 95.7, 96.3, 96.4],
            ],
            against=7,
            extra=1,
        ),
    ),
)
