"""Figures 5 and 6, whose numbers the paper does not print."""

from typing import Any

from ..table import Panel, Recipe, Table, compare_rows

# A class that stands alone against the rest -> name of its panel.
_DERMA = {
    'actinic keratoses and intraepithelial carcinoma': 'actinic',
    'basal cell carcinoma': 'basal',
    'benign keratosis-like lesions': 'benign',
    'dermatofibroma': 'dermatofibroma',
    'melanoma': 'melanoma',
    'melanocytic nevi': 'nevi',
    'vascular lesions': 'vascular',
}
_TISSUE = {
    'Collecting Duct, Connecting Tubule': 'collecting',
    'Distal Convoluted Tubule': 'dct',
    'Glomerular endothelial cells': 'glomerular',
    'Interstitial endothelial cells': 'interstitial',
    'Leukocytes': 'leukocytes',
    'Podocytes': 'podocytes',
    'Proximal Tubule Segments': 'proximal',
    'Thick Ascending Limb': 'ascending',
}


def _against_the_rest(class_name: str) -> dict[str, Any]:
    """Return the options that put a class in the place of Table 1's."""
    classes = [class_name]
    datasets = {
        f'{split}_dataloader.dataset.classes': classes
        for split in ('train', 'val', 'test')
    }
    return {
        **datasets,
        'val_dataloader.dataset.labeled_classes': classes,
        'test_evaluator.classes_of_interest': classes,
        'model.head.classes': classes,
    }


def _binary(
    name: str, title: str, data: str, alone: str, classes: dict[str, str]
) -> tuple[Panel, ...]:
    """Make a panel for each class: against the rest, and with all classes.

    Table 1 trains one of them, which needs no options.
    """
    stem = f'linear_densenet121_64e_{data}'
    everything = Recipe(f'da/figure05/{stem}.py')
    single = f'da/table01/{stem}-{alone}.py'
    return tuple(
        compare_rows(
            f'{name}_{short}',
            f'{title}, {label}',
            {'AUC': f'auc/{label}'},
            {
                'vs. others': (
                    Recipe(single)
                    if short == alone
                    else Recipe(
                        single,
                        options=_against_the_rest(label),
                        label=f'class={short}',
                    )
                ),
                'all': everything,
            },
            against=0,
        )
        for label, short in classes.items()
    )


def _novel(name: str, title: str, data: str) -> tuple[Panel, ...]:
    """Make a panel for each number of classes held out."""
    folders = {1: 'table07', 2: 'figure06', 3: 'figure06'}
    return tuple(
        compare_rows(
            f'{name}_{number}',
            f'{title}, novel classes: {number}',
            {'AUC, novel': 'novel/max'},
            {
                f'{what} adapter': Recipe(
                    f'da/{folder}/{method}_densenet121_64e_{data}'
                    f'-novel{number}.py'
                )
                for what, method in (('without', 'linear'), ('with', 'da-bce'))
            },
            against=0,
        )
        for number, folder in folders.items()
    )


FIGURE05 = Table(
    'figure05',
    'Figure 5: one class against the rest, and all classes',
    (
        *_binary('derma', 'DermaMNIST', 'dermamnist', 'melanoma', _DERMA),
        *_binary('tissue', 'TissueMNIST', 'tissuemnist', 'dct', _TISSUE),
    ),
)
FIGURE06 = Table(
    'figure06',
    'Figure 6: more and more novel classes',
    (
        *_novel('derma', 'DermaMNIST', 'dermamnist'),
        *_novel('tissue', 'TissueMNIST', 'tissuemnist'),
    ),
)
