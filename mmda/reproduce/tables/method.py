"""Does the method help? Recipes over n images per source (docs/method.md)."""

from ..table import Panel, Recipe, Table, compare_sizes, worst_of

_MNIST = {
    'BCE': 'table12/bce',
    'BCE on both views': 'method/mnist_strong_bce',
    'recipe': 'table12/assemble',
    'recipe, linear layer': 'method/mnist_linear',
    'full labels, BCE': 'table12/full',
}
_OPTIONS = {
    'BCE': 'table12/bce',
    'adapter, BCE': 'table12/adapter',
    'literal equations': 'table12/assemble_paper',
    'recipe': 'table12/assemble',
    'recipe, BCE on the weak view': 'method/mnist_weak_bce',
    'recipe, no ramp-up': 'method/mnist_no_ramp',
    'recipe, both views in one pass': 'method/mnist_one_pass',
    'recipe, confidence 0.95': 'method/mnist_confidence',
    'recipe, mean of class means': 'method/mnist_class_mean',
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
METHOD = Table(
    'method',
    'Does the method help? n images per source',
    (
        *_panels(
            'mnist',
            'MNIST',
            _MNIST,
            (30, 100, 300),
            _OVERLAP,
        ),
        *_panels(
            'options',
            'Options',
            _OPTIONS,
            (30,),
            _OVERLAP,
        ),
        *_panels('digits', "scikit-learn's digits", _DIGITS, (30,), _OVERLAP),
        *_panels('odd_even', 'Odd and even', _ODD_EVEN, (30,), range(10)),
    ),
)
