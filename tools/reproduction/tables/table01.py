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
    recipes = {
        label: Recipe(
            f'da/{config}.py'
            if '_bus_' in config
            else f'da/table01/{config}.py'
        )
        for label, config in rows
    }
    label, key = metric
    values = [[value] for value in paper]
    return compare_rows(name, title, {label: key}, recipes, values, 0)


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
            (('Zero vs. others', 'mnist_zero'), ('10-way', 'mnist_10way')),
            (98.8, 99.7),
        ),
        _panel(
            'cifar10',
            'CIFAR-10',
            _AUC,
            (('Cat vs. others', 'cifar10_cat'), ('10-way', 'cifar10_10way')),
            (86.3, 87.5),
        ),
        _panel(
            'derma',
            'DermaMNIST',
            _AUC,
            (
                ('Melanoma vs. others', 'derma_melanoma'),
                ('7-way', 'derma_7way'),
            ),
            (81.1, 86.8),
        ),
        _panel(
            'tissue',
            'TissueMNIST',
            _AUC,
            (('DCT vs. others', 'tissue_dct'), ('8-way', 'tissue_8way')),
            (79.2, 82.9),
        ),
        _panel(
            'chestxray',
            'ChestXray',
            _MEAN,
            (('5-way', 'chestxray_5way'), ('14-way', 'chestxray_14way')),
            (80.9, 82.1),
        ),
        _panel(
            'chexpert',
            'CheXpert',
            _MEAN,
            (('5-way', 'chexpert_5way'), ('13-way', 'chexpert_13way')),
            (82.6, 87.2),
        ),
    ),
    'AUC (Cityscapes: IoU) in %',
)
