"""Figures 5 and 6, whose numbers the paper does not print."""

from ..table import Panel, Recipe, Table, compare_rows

_ACTINIC = 'actinic keratoses and intraepithelial carcinoma'
_DERMA = {
    _ACTINIC: 'figure05/derma_actinic',
    'basal cell carcinoma': 'figure05/derma_basal',
    'benign keratosis-like lesions': 'figure05/derma_benign',
    'dermatofibroma': 'figure05/derma_dermatofibroma',
    'melanoma': 'table01/derma_melanoma',
    'melanocytic nevi': 'figure05/derma_nevi',
    'vascular lesions': 'figure05/derma_vascular',
}
_TISSUE = {
    'Collecting Duct, Connecting Tubule': 'figure05/tissue_collecting',
    'Distal Convoluted Tubule': 'table01/tissue_dct',
    'Glomerular endothelial cells': 'figure05/tissue_glomerular',
    'Interstitial endothelial cells': 'figure05/tissue_interstitial',
    'Leukocytes': 'figure05/tissue_leukocytes',
    'Podocytes': 'figure05/tissue_podocytes',
    'Proximal Tubule Segments': 'figure05/tissue_proximal',
    'Thick Ascending Limb': 'figure05/tissue_ascending',
}


def _binary(
    name: str, title: str, together: str, alone: dict[str, str]
) -> tuple[Panel, ...]:
    """Make a panel for each class: against the rest, and with all classes."""
    everything = Recipe(f'da/figure05/{together}.py')
    return tuple(
        compare_rows(
            f'{name}_{config.rpartition("_")[2]}',
            f'{title}, {label}',
            {'AUC': f'auc/{label}'},
            {'vs. others': Recipe(f'da/{config}.py'), 'all': everything},
            against=0,
        )
        for label, config in alone.items()
    )


def _novel(name: str, title: str) -> tuple[Panel, ...]:
    """Make a panel for each number of classes held out."""
    stems = {
        1: f'table07/{name}',
        2: f'figure06/{name}_novel2',
        3: f'figure06/{name}_novel3',
    }
    return tuple(
        compare_rows(
            f'{name}_{number}',
            f'{title}, novel classes: {number}',
            {'AUC, novel': 'novel/max'},
            {
                'without adapter': Recipe(f'da/{stem}_linear.py'),
                'with adapter': Recipe(f'da/{stem}_adapter.py'),
            },
            against=0,
        )
        for number, stem in stems.items()
    )


FIGURE05 = Table(
    'figure05',
    'Figure 5: one class against the rest, and all classes',
    (
        *_binary('derma', 'DermaMNIST', 'derma_all', _DERMA),
        *_binary('tissue', 'TissueMNIST', 'tissue_all', _TISSUE),
    ),
)
FIGURE06 = Table(
    'figure06',
    'Figure 6: more and more novel classes',
    (*_novel('derma', 'DermaMNIST'), *_novel('tissue', 'TissueMNIST')),
)
