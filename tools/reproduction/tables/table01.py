"""Table 1: the class of interest alone, and with all classes annotated."""

from ..table import Panel, Recipe, Table, compare_rows


def _panel(
    name: str,
    title: str,
    metric: tuple[str, str],
    rows: tuple[tuple[str, str], tuple[str, str]],
    paper: tuple[float, float],
) -> Panel:
    """Make the panel of a data set: its two models, one value."""
    recipes = {label: Recipe(f'da/{config}.py') for label, config in rows}
    label, key = metric
    values = [[value] for value in paper]
    return compare_rows(name, title, {label: key}, recipes, values, 0)


_DENSENET = 'table01/linear_densenet121_64e'
_SMALL_CNN = 'table01/linear_small-cnn_64e'
_AUC = ('AUC of interest', 'auc/mean_of_interest')
_MEAN = ('mAUC of interest', 'auc/mean_of_interest')

TABLE01 = Table(
    'table01',
    'Table 1: what other classes tell about the class of interest',
    (
        _panel(
            'cityscapes',
            'Cityscapes',
            ('IoU of bus', 'iou/bus'),
            (
                ('Bus in 5-way', 'cityscapes_bus_5way'),
                ('Bus in 19-way', 'cityscapes_bus_19way'),
            ),
            (93.5, 95.3),
        ),
        _panel(
            'mnist',
            'MNIST',
            _AUC,
            (
                ('Zero vs. others', f'{_SMALL_CNN}_mnist-zero'),
                ('10-way', f'{_SMALL_CNN}_mnist-10way'),
            ),
            (98.8, 99.7),
        ),
        _panel(
            'cifar10',
            'CIFAR-10',
            _AUC,
            (
                ('Cat vs. others', f'{_DENSENET}_cifar10-cat'),
                ('10-way', f'{_DENSENET}_cifar10-10way'),
            ),
            (86.3, 87.5),
        ),
        _panel(
            'derma',
            'DermaMNIST',
            _AUC,
            (
                ('Melanoma vs. others', f'{_DENSENET}_dermamnist-melanoma'),
                ('7-way', f'{_DENSENET}_dermamnist-7way'),
            ),
            (81.1, 86.8),
        ),
        _panel(
            'tissue',
            'TissueMNIST',
            _AUC,
            (
                ('DCT vs. others', f'{_DENSENET}_tissuemnist-dct'),
                ('8-way', f'{_DENSENET}_tissuemnist-8way'),
            ),
            (79.2, 82.9),
        ),
        _panel(
            'chestxray',
            'ChestXray',
            _MEAN,
            (
                ('5-way', f'{_DENSENET}_chestxray14-5way'),
                ('14-way', f'{_DENSENET}_chestxray14-14way'),
            ),
            (80.9, 82.1),
        ),
        _panel(
            'chexpert',
            'CheXpert',
            _MEAN,
            (
                ('5-way', f'{_DENSENET}_chexpert-5way'),
                ('13-way', f'{_DENSENET}_chexpert-13way'),
            ),
            (82.6, 87.2),
        ),
    ),
    'AUC (Cityscapes: IoU) in %',
)
