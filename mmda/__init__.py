"""Train one model on datasets with different, incomplete label sets.

Importing the package registers its components with the OpenMMLab registries,
so that a config needs ``custom_imports = dict(imports=['mmda'])`` and nothing
else.
"""

from . import datasets, engine, evaluation, models, report, structures
from .version import __version__

__all__ = [
    '__version__',
    'datasets',
    'engine',
    'evaluation',
    'models',
    'report',
    'structures',
]
