"""Tables 5 and 13: a class of interest and one more class at a time."""

from collections.abc import Sequence

from ..table import Recipe, Table, compare_rows


def _table(
    number: int,
    interest: str,
    title: str,
    rows: Sequence[tuple[str, str, float]],
) -> Table:
    """Make the table of a class of interest; the first row has it alone."""
    recipes = {
        label: Recipe(f'da/table{number:02d}/{config}.py')
        for label, config, _ in rows
    }
    panel = compare_rows(
        title.lower(),
        title,
        {f'AUC of {interest}': f'auc/{interest}'},
        recipes,
        [[value] for _, _, value in rows],
        against=0,
    )
    return Table(
        f'table{number:02d}',
        f'Table {number}: {interest} with further classes annotated',
        (panel,),
    )


TABLE05 = _table(
    5,
    'Nodule',
    'ChestXray',
    (
        ('Nodule', 'nodule', 69.1),
        ('+ Thickening', 'nodule_thickening', 69.8),
        ('+ Emphysema', 'nodule_emphysema', 69.5),
        ('+ Hernia', 'nodule_hernia', 70.8),
        ('+ Cardiomegaly', 'nodule_cardiomegaly', 71.0),
        ('+ Infiltration', 'nodule_infiltration', 70.9),
        ('+ Pneumothorax', 'nodule_pneumothorax', 71.6),
        ('+ Edema', 'nodule_edema', 70.8),
        ('+ Mass', 'nodule_mass', 71.7),
        ('+ Pneumonia', 'nodule_pneumonia', 70.4),
        ('+ Consolidation', 'nodule_consolidation', 71.1),
        ('+ Fibrosis', 'nodule_fibrosis', 72.8),
        ('+ Atelectasis', 'nodule_atelectasis', 73.9),
        ('+ Effusion', 'nodule_effusion', 74.7),
        ('+ 13 diseases', 'nodule_13', 76.5),
        ('+ 18 diseases', 'nodule_18', 77.7),
    ),
)

TABLE13 = _table(
    13,
    'Cardiomegaly',
    'CheXpert',
    (
        ('Cardiomegaly', 'cardiomegaly', 85.9),
        ('+ Pneumonia', 'cardiomegaly_pneumonia', 86.3),
        ('+ Effusion', 'cardiomegaly_effusion', 85.2),
        ('+ Edema', 'cardiomegaly_edema', 85.5),
        ('+ Consolidation', 'cardiomegaly_consolidation', 86.3),
        ('+ Atelectasis', 'cardiomegaly_atelectasis', 86.9),
        ('+ Pneumothorax', 'cardiomegaly_pneumothorax', 87.0),
        ('+ 11 diseases', 'cardiomegaly_11', 87.5),
    ),
)
