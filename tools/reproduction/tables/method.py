"""Does the method help? Recipes over n images per source (docs/method.md)."""

from ..table import Panel, Recipe, Table, compare_sizes, worst_of

_MNIST = {
    'BCE': 'table12/bce',
    'BCE on both views': 'method/mnist_strong_bce',
    'literal equations': 'table12/assemble_paper',
    'recipe': 'table12/assemble',
    'recipe, linear layer': 'method/mnist_linear',
    'full labels, BCE': 'table12/full',
}
# Of the same at n = 30 those worth more seeds than ten.
_MNIST_30 = {
    name: _MNIST[name] for name in _MNIST if name != 'literal equations'
}
# The adapter without the rest of the recipe.
_ADAPTER = {'BCE': 'table12/bce', 'adapter, BCE': 'table12/adapter'}
# The same runs, compared with the recipe: what the adapter adds, and what the
# adapter and the unsupervised terms add together.
_PARTS = {
    name: _MNIST[name]
    for name in ('recipe', 'recipe, linear layer', 'BCE on both views')
}
_OPTIONS = {
    'recipe': 'table12/assemble',
    'linear layer': 'method/mnist_linear',
    'BCE on the weak view alone': 'method/mnist_weak_bce',
    'no ramp-up': 'method/mnist_no_ramp',
    'no pseudo-labels': 'method/mnist_no_pseudo',
    'no consistency': 'method/mnist_no_consist',
    'gradients through the pseudo-label': 'method/mnist_no_detach',
    'both views in one pass': 'method/mnist_one_pass',
    'confidence 0.95': 'method/mnist_confidence',
    'mean of class means': 'method/mnist_class_mean',
    'literal equations': 'table12/assemble_paper',
    'adapter, BCE': 'table12/adapter',
    'BCE': 'table12/bce',
    'full labels, BCE on both views': 'method/mnist_full_strong_bce',
}
_DIGITS = {
    'BCE': 'method/digits_bce',
    'recipe': 'method/digits_assemble',
    'full labels, BCE': 'method/digits_full',
}
_ODD_EVEN = {
    'BCE': 'method/odd_even_bce',
    'recipe': 'method/odd_even_assemble',
    'full labels, BCE': 'method/odd_even_full',
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
