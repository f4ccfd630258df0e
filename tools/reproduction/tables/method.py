"""Does the method help? Recipes over n images per source (docs/method.md)."""

from ..table import Panel, Recipe, Table, compare_sizes, worst_of

_DATA = 'small-cnn_500i_mnist-overlap'
_MNIST = {
    'BCE': f'table12/linear_{_DATA}',
    'BCE on both views': f'method/linear-bce-two-views_{_DATA}',
    'literal equations': f'table12/da-paper_{_DATA}',
    'recipe': f'table12/da-recipe_{_DATA}',
    'recipe, linear layer': f'method/linear-recipe_{_DATA}',
    'full labels, BCE': f'table12/linear_{_DATA}-full',
}
# Of the same at n = 30 those worth more seeds than ten.
_MNIST_30 = {
    name: _MNIST[name] for name in _MNIST if name != 'literal equations'
}
# The adapter without the rest of the recipe.
_ADAPTER = {
    'BCE': f'table12/linear_{_DATA}',
    'adapter, BCE': f'table12/da-bce_{_DATA}',
}
# The same runs, compared with the recipe: what the adapter adds, and what the
# adapter and the unsupervised terms add together.
_PARTS = {
    name: _MNIST[name]
    for name in ('recipe', 'recipe, linear layer', 'BCE on both views')
}
_OPTIONS = {
    'recipe': f'table12/da-recipe_{_DATA}',
    'linear layer': f'method/linear-recipe_{_DATA}',
    'BCE on the weak view alone': f'method/da-recipe-weak-bce_{_DATA}',
    'no ramp-up': f'method/da-recipe-no-ramp-up_{_DATA}',
    'no pseudo-labels': f'method/da-recipe-no-pseudo_{_DATA}',
    'no consistency': f'method/da-recipe-no-consist_{_DATA}',
    'gradients through the pseudo-label': (
        f'method/da-recipe-no-detach_{_DATA}'
    ),
    'both views in one pass': f'method/da-recipe-one-pass_{_DATA}',
    'confidence 0.95': f'method/da-recipe-confidence_{_DATA}',
    'mean of class means': f'method/da-recipe-class-mean_{_DATA}',
    'literal equations': f'table12/da-paper_{_DATA}',
    'adapter, BCE': f'table12/da-bce_{_DATA}',
    'BCE': f'table12/linear_{_DATA}',
    'full labels, BCE on both views': (
        f'method/linear-bce-two-views_{_DATA}-full'
    ),
}
_DIGITS = {
    'BCE': 'method/linear_small-cnn_500i_digits',
    'recipe': 'method/da-recipe_small-cnn_500i_digits',
    'full labels, BCE': 'method/linear_small-cnn_500i_digits-full',
}
_ODD_EVEN = {
    'BCE': 'method/linear_small-cnn_500i_mnist-disjoint',
    'recipe': 'method/da-recipe_small-cnn_500i_mnist-disjoint',
    'full labels, BCE': 'method/linear_small-cnn_500i_mnist-disjoint-full',
}


def _panels(
    name: str,
    title: str,
    configs: dict[str, str],
    sizes: tuple[int, ...],
    digits: range,
) -> tuple[Panel, Panel]:
    """Return the mean over classes, and the worst class."""
    recipes = {
        row: Recipe(f'da/{config}.py') for row, config in configs.items()
    }
    mean, worst = (
        compare_sizes(name + part, title + words, metric, recipes, sizes, 0)
        for part, words, metric in (
            ('', '', 'auc/mean'),
            (
                '_worst',
                ', worst class',
                worst_of('auc/', [str(digit) for digit in digits]),
            ),
        )
    )
    return mean, worst


_OVERLAP = range(1, 8)
_SIZES = (30, 100, 300)
METHOD = Table(
    'method',
    'Does the method help? n images per source',
    (
        *_panels('mnist', 'MNIST', _MNIST, _SIZES, _OVERLAP),
        *_panels('parts', "The recipe's parts", _PARTS, _SIZES, _OVERLAP),
        *_panels('mnist_30', 'MNIST again', _MNIST_30, (30,), _OVERLAP),
        *_panels('options', 'Options', _OPTIONS, (30,), _OVERLAP),
        *_panels('adapter', 'The adapter alone', _ADAPTER, (30,), _OVERLAP),
        *_panels('digits', "scikit-learn's digits", _DIGITS, _SIZES, _OVERLAP),
        *_panels('odd_even', 'Odd and even', _ODD_EVEN, _SIZES, range(10)),
    ),
)
