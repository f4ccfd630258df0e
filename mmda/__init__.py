"""Train one model on datasets with different, incomplete label sets.

Importing the package registers its components with the OpenMMLab registries,
so that a config needs ``custom_imports = dict(imports=['mmda'])`` and nothing
else.
"""

from . import datasets, engine, evaluation, models, report, structures
from .models import decode_heads, segmentors  # noqa: F401
from .models.data_preprocessors import (  # noqa: F401
    seg_dual_view_data_preprocessor,
)
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
