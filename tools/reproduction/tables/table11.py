"""Table 11: the sharpening temperature."""

from collections.abc import Sequence

from ..table import Metrics, Panel, Recipe, Table, compare_columns, mean_of

_TEMPERATURES = (1, 2, 4, 8)
_CHEST = (
    'da/table03_04/linear-pseudo-consist_densenet121_64e_chest7-overlap.py'
)
_MNIST = 'da/table12/linear-pseudo-consist_small-cnn_500i_mnist-overlap.py'


def _panel(
    name: str,
    title: str,
    metrics: Metrics,
    config: str,
    paper: Sequence[Sequence[float]] | None,
) -> Panel:
    """Make a panel with one temperature per column.

    The paper chooses t = 4: that is the config as it stands.
    """
    recipes = {
        f't = {t}': (
            Recipe(config)
            if t == 4
            else Recipe(
                config,
                options={'model.head.loss.temperature': float(t)},
                label=f'temperature={t}',
            )
        )
        for t in _TEMPERATURES
    }
    return compare_columns(name, title, metrics, recipes, paper, against=2)


def _chest(
    source: str,
    title: str,
    classes: Sequence[str],
    paper: Sequence[Sequence[float]],
) -> Panel:
    """Make the panel of a source; t = 4 is a training of Tables 3 and 4."""
    prefix = f'auc/{source}/'
    metrics: Metrics = {
        'mAUC': mean_of(prefix, classes),
        **{name: prefix + name for name in classes},
    }
    return _panel(source.lower(), title, metrics, _CHEST, paper)


TABLE11 = Table(
    'table11',
    'Table 11: the sharpening temperature t',
    (
        _chest(
            'CheXpert',
            'CheXpert',
            ('Cardiomegaly', 'Pneumonia', 'Atelectasis', 'Edema', 'Effusion'),
            [
                [78.6, 78.8, 79.0, 78.8],
                [83.5, 83.3, 83.6, 83.5],
                [66.7, 66.4, 67.6, 66.9],
                [69.0, 69.8, 69.5, 69.6],
                [85.7, 86.0, 85.8, 85.7],
                [88.2, 88.5, 88.4, 88.4],
            ],
        ),
        _chest(
            'ChestXray14',
            'ChestXray',
            (
                'Atelectasis',
                'Edema',
                'Effusion',
                'Consolidation',
                'Pneumothorax',
            ),
            [
                [76.3, 76.4, 76.5, 76.5],
                [73.9, 74.1, 74.1, 74.1],
                [79.4, 79.6, 80.0, 80.1],
                [81.1, 81.0, 80.5, 80.4],
                [70.5, 70.9, 71.0, 71.1],
                [76.5, 76.6, 77.2, 76.9],
            ],
        ),
        _panel(
            'mnist',
            'MNIST (not in the paper)',
            {
                'mAUC': 'auc/mean',
                **{f'Num {digit}': f'auc/{digit}' for digit in range(1, 8)},
            },
            _MNIST,
            None,
        ),
    ),
)
