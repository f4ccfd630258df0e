"""The baselines of section 4.2 on Table 12's sources (docs/baselines.md)."""

from ..table import Recipe, Table, compare_columns

_RECIPES = {
    'linear layer': 'table12/bce',
    'one model per task': 'baselines/one_per_task',
    'unannotated as negative': 'baselines/unannotated_as_negative',
    'FixMatch': 'baselines/fixmatch',
    "DoDNet's controller": 'baselines/dodnet',
    'the method': 'table12/assemble',
    'full labels': 'table12/full',
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
