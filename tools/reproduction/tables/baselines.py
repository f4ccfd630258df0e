"""The baselines of section 4.2 on Table 12's sources (docs/baselines.md)."""

from ..table import Recipe, Table, compare_columns

_DATA = 'small-cnn_500i_mnist-overlap'
_RECIPES = {
    'linear layer': f'table12/linear_{_DATA}',
    'one model per task': f'baselines/one-per-task_{_DATA}',
    'unannotated as negative': f'baselines/unannotated-as-negative_{_DATA}',
    'FixMatch': f'baselines/fixmatch_{_DATA}',
    "DoDNet's controller": 'baselines/dodnet_small-cnn_3500i_mnist-overlap',
    'the method': f'table12/da-recipe_{_DATA}',
    'full labels': f'table12/linear_{_DATA}-full',
}

BASELINES = Table(
    'baselines',
    'Baselines on partial labels of MNIST',
    (
        compare_columns(
            'mnist',
            'MNIST (not in the paper)',
            {
                'mAUC': 'auc/mean',
                **{f'Num {digit}': f'auc/{digit}' for digit in range(1, 8)},
            },
            {
                name: Recipe(f'da/{config}.py')
                for name, config in _RECIPES.items()
            },
            against=5,
        ),
    ),
)
