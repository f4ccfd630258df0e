"""Tables 7 and 8: with and without the adapter."""

from ..table import Panel, Recipe, Table, compare_rows


def _panel(
    folder: str,
    name: str,
    title: str,
    metric: tuple[str, str],
    paper: tuple[float, float],
) -> Panel:
    """Make the panel of a data set."""
    stem = 'mnist_multi' if name == 'mnist' and folder == 'table08' else name
    recipes = {
        f'{what} adapter': Recipe(f'da/{folder}/{stem}_{end}.py')
        for what, end in (('without', 'linear'), ('with', 'adapter'))
    }
    label, key = metric
    values = [[value] for value in paper]
    return compare_rows(name, title, {label: key}, recipes, values, 0)


_NOVEL = 'novel/max'
_SEVEN = {
    'mnist': ('MNIST', 'zero', (72.4, 77.8)),
    'cifar10': ('CIFAR-10', 'cat', (83.0, 84.6)),
    'derma': ('DermaMNIST', 'vascular lesion', (75.2, 78.6)),
    'tissue': ('TissueMNIST', 'proximal tubule', (79.6, 81.0)),
    'organ': ('OrganAMNIST', 'heart', (97.2, 98.6)),
}
_EIGHT = {
    'mnist': ('MNIST-multi', 'auc/mean', (88.2, 90.9)),
    'chexpert': ('CheXpert', 'auc/mean_of_interest', (87.4, 88.0)),
    'chestxray': ('ChestXray', 'auc/mean', (81.2, 81.6)),
}

TABLE07 = Table(
    'table07',
    'Table 7: finding images of a class that was never trained',
    tuple(
        _panel('table07', name, title, (f'AUC, novel: {novel}', _NOVEL), paper)
        for name, (title, novel, paper) in _SEVEN.items()
    ),
)

TABLE08 = Table(
    'table08',
    'Table 8: several classes in one image',
    tuple(
        _panel('table08', name, title, ('mAUC', key), paper)
        for name, (title, key, paper) in _EIGHT.items()
    ),
)
