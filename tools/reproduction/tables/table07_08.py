"""Tables 7 and 8: with and without the adapter."""

from ..table import Panel, Recipe, Table, compare_rows


def _panel(
    name: str,
    title: str,
    stem: str,
    metric: tuple[str, str],
    paper: tuple[float, float],
) -> Panel:
    """Make the panel of a data set; its configs are named by a stem."""
    folder, _, rest = stem.partition('/')
    recipes = {
        f'{what} adapter': Recipe(f'da/{folder}/{method}_{rest}.py')
        for what, method in (('without', 'linear'), ('with', 'da-bce'))
    }
    label, key = metric
    values = [[value] for value in paper]
    return compare_rows(name, title, {label: key}, recipes, values, 0)


_SEVEN = {
    'mnist': ('MNIST', 'small-cnn_64e_mnist', 'zero', (72.4, 77.8)),
    'cifar10': ('CIFAR-10', 'densenet121_64e_cifar10', 'cat', (83.0, 84.6)),
    'derma': (
        'DermaMNIST',
        'densenet121_64e_dermamnist',
        'vascular lesion',
        (75.2, 78.6),
    ),
    'tissue': (
        'TissueMNIST',
        'densenet121_64e_tissuemnist',
        'proximal tubule',
        (79.6, 81.0),
    ),
    'organ': (
        'OrganAMNIST',
        'densenet121_64e_organamnist',
        'heart',
        (97.2, 98.6),
    ),
}
_EIGHT = {
    'mnist': (
        'MNIST-multi',
        'small-cnn_500i_mnist-multi',
        'auc/mean',
        (88.2, 90.9),
    ),
    'chexpert': (
        'CheXpert',
        'densenet121_64e_chexpert',
        'auc/mean_of_interest',
        (87.4, 88.0),
    ),
    'chestxray': (
        'ChestXray',
        'densenet121_64e_chestxray14',
        'auc/mean',
        (81.2, 81.6),
    ),
}

TABLE07 = Table(
    'table07',
    'Table 7: finding images of a class that was never trained',
    tuple(
        _panel(
            name,
            title,
            f'table07/{stem}-novel1',
            (f'AUC, novel: {novel}', 'novel/max'),
            paper,
        )
        for name, (title, stem, novel, paper) in _SEVEN.items()
    ),
)

TABLE08 = Table(
    'table08',
    'Table 8: several classes in one image',
    tuple(
        _panel(name, title, f'table08/{stem}', ('mAUC', key), paper)
        for name, (title, stem, key, paper) in _EIGHT.items()
    ),
)
