"""Tables 5 and 13: a class of interest and one more class at a time."""

from collections.abc import Sequence

from ..table import Recipe, Table, compare_rows

_NODULE = 'da/table05/da-bce_densenet121_64e_chestxray14-nodule.py'
_NODULE18 = 'da/table05/da-bce_densenet121_64e_chest20-nodule18.py'
_CARDIOMEGALY = 'da/table13/da-bce_densenet121_64e_chexpert-cardiomegaly.py'
# CheXpert's name of the class that the config calls Effusion.
_ALIASES = {'Pleural Effusion': 'Effusion'}


def _annotate(config: str, label: str, classes: Sequence[str]) -> Recipe:
    """Make a recipe that annotates these classes."""
    names = list(classes)
    options: dict[str, object] = {
        'model.head.classes': names,
    }
    for split in ('train', 'val', 'test'):
        dataset = f'{split}_dataloader.dataset'
        options[f'{dataset}.classes'] = names
        if config == _CARDIOMEGALY and 'Effusion' in names:
            options[f'{dataset}.aliases'] = _ALIASES
    return Recipe(config, options=options, label=f'classes={label}')


def _table(
    number: int,
    interest: str,
    title: str,
    recipes: dict[str, Recipe],
    paper: Sequence[float],
) -> Table:
    """Make the table of a class of interest; the first row has it alone."""
    panel = compare_rows(
        title.lower(),
        title,
        {f'AUC of {interest}': f'auc/{interest}'},
        recipes,
        [[value] for value in paper],
        against=0,
    )
    return Table(
        f'table{number:02d}',
        f'Table {number}: {interest} with further classes annotated',
        (panel,),
    )


# A class that is added to Nodule -> the paper's AUC.
_TO_NODULE = {
    'Pleural Thickening': 69.8,
    'Emphysema': 69.5,
    'Hernia': 70.8,
    'Cardiomegaly': 71.0,
    'Infiltration': 70.9,
    'Pneumothorax': 71.6,
    'Edema': 70.8,
    'Mass': 71.7,
    'Pneumonia': 70.4,
    'Consolidation': 71.1,
    'Fibrosis': 72.8,
    'Atelectasis': 73.9,
    'Effusion': 74.7,
}
TABLE05 = _table(
    5,
    'Nodule',
    'ChestXray',
    {
        'Nodule': Recipe(_NODULE),
        **{
            f'+ {name.removeprefix("Pleural ")}': _annotate(
                _NODULE, name, ['Nodule', name]
            )
            for name in _TO_NODULE
        },
        '+ 13 diseases': _annotate(_NODULE, 'all', ['Nodule', *_TO_NODULE]),
        '+ 18 diseases': Recipe(_NODULE18),
    },
    [69.1, *_TO_NODULE.values(), 76.5, 77.7],
)

# A class that is added to Cardiomegaly -> the paper's AUC.
_TO_CARDIOMEGALY = {
    'Pneumonia': 86.3,
    'Effusion': 85.2,
    'Edema': 85.5,
    'Consolidation': 86.3,
    'Atelectasis': 86.9,
    'Pneumothorax': 87.0,
}
# The diseases of CheXpert that the rows above do not add.
_OTHERS = (
    'Enlarged Cardiomediastinum',
    'Lung Lesion',
    'Lung Opacity',
    'Pleural Other',
    'Fracture',
)
TABLE13 = _table(
    13,
    'Cardiomegaly',
    'CheXpert',
    {
        'Cardiomegaly': Recipe(_CARDIOMEGALY),
        **{
            f'+ {name}': _annotate(_CARDIOMEGALY, name, ['Cardiomegaly', name])
            for name in _TO_CARDIOMEGALY
        },
        '+ 11 diseases': _annotate(
            _CARDIOMEGALY, 'all', ['Cardiomegaly', *_TO_CARDIOMEGALY, *_OTHERS]
        ),
    },
    [85.9, *_TO_CARDIOMEGALY.values(), 87.5],
)
