"""Tables 3 and 4: partial against full labels, tested on each source."""

from collections.abc import Sequence

from ..table import Metrics, Recipe, Table, compare_columns, mean_of

_DATA = 'densenet121_64e_chest7-overlap'
_STRATEGIES = {
    f'linear_{_DATA}': 'D0 & D1 (75,310): BCE',
    f'da-bce_{_DATA}': '+ adapter',
    f'linear-pseudo_{_DATA}': '+ pseudo',
    f'linear-consist_{_DATA}': '+ consist',
    f'linear-pseudo-consist_{_DATA}': '+ pseudo + consist',
    f'da-paper_{_DATA}': '+ adapter + pseudo + consist',
    f'linear_{_DATA}-full': 'full (105,434): BCE',
    f'da-recipe_{_DATA}': 'recipe (ours)',
}


def _table(
    number: int,
    source: str,
    title: str,
    alone: str,
    classes: Sequence[str],
    paper: Sequence[Sequence[float]],
) -> Table:
    """Make the table of the source that is tested."""
    configs = {
        f'linear_{_DATA}-{alone}': f'{source} alone (37,655): BCE',
        **_STRATEGIES,
    }
    recipes = {
        label: Recipe(f'da/table03_04/{config}.py')
        for config, label in configs.items()
    }
    prefix = f'auc/{source}/'
    metrics: Metrics = {
        'mAUC': mean_of(prefix, classes),
        **{name: prefix + name for name in classes},
    }
    panel = compare_columns(
        source.lower(), title, metrics, recipes, paper, against=7, extra=1
    )
    return Table(
        f'table{number:02d}',
        f'Table {number}: partial against full labels, tested on {title}',
        (panel,),
    )


TABLE03 = _table(
    3,
    'CheXpert',
    'CheXpert',
    'd0',
    ('Cardiomegaly', 'Pneumonia', 'Atelectasis', 'Edema', 'Effusion'),
    [
        [62.6, 74.3, 74.6, 78.7, 78.3, 79.0, 79.5, 79.3],
        [64.6, 75.0, 77.9, 83.5, 82.6, 83.6, 83.9, 83.5],
        [46.1, 62.9, 59.8, 66.3, 65.6, 67.6, 67.9, 68.3],
        [43.1, 66.3, 64.9, 70.0, 69.9, 69.5, 70.5, 69.9],
        [79.1, 83.9, 85.6, 85.8, 85.4, 85.8, 86.7, 86.4],
        [80.0, 83.6, 84.7, 88.0, 88.0, 88.4, 88.6, 88.5],
    ],
)

TABLE04 = _table(
    4,
    'ChestXray14',
    'ChestXray',
    'd1',
    ('Atelectasis', 'Edema', 'Effusion', 'Consolidation', 'Pneumothorax'),
    [
        [70.8, 73.9, 74.1, 76.3, 75.9, 76.5, 76.9, 77.8],
        [68.8, 71.8, 72.2, 74.2, 74.0, 74.1, 74.1, 74.0],
        [73.7, 73.2, 74.6, 80.0, 77.7, 80.0, 80.5, 81.1],
        [78.3, 78.8, 77.2, 80.1, 80.6, 80.5, 81.2, 81.2],
        [69.3, 70.0, 70.8, 71.1, 71.5, 71.0, 70.8, 71.9],
        [64.0, 75.8, 75.9, 76.3, 75.9, 77.2, 77.8, 81.0],
    ],
)
