"""Train one model on datasets with different, incomplete label sets.

``import mmda`` registers all components in the registries of mmengine,
mmpretrain and mmseg. A config needs ``custom_imports =
dict(imports=['mmda'])`` and nothing else.
"""

import sys
from importlib import import_module

from .hosts import check_hosts, quiet_imports
from .version import __version__

check_hosts()

from mmengine.config.utils import MODULE2PACKAGE  # noqa: E402

__all__ = ['__version__', 'register_all']

# mmengine resolves `_base_ = 'mmda::...'` for the packages in this table.
MODULE2PACKAGE.setdefault('mmda', 'mmda')

_SEGMENTATION = (
    'mmda.models.decode_heads',
    'mmda.models.segmentors',
    'mmda.models.data_preprocessors.seg_dual_view_data_preprocessor',
)


def register_all() -> None:
    """Register all components of mmda. A second call changes nothing.

    ``import mmda`` calls this function, except in a process that the module
    ``mmda_cli`` started: there the command calls it after it has read its
    arguments.
    """
    with quiet_imports():
        from . import datasets, engine, evaluation, models, registry, report  # noqa: F401
        from .report import hooks  # noqa: F401

    _register_segmentation()


def _register_segmentation() -> None:
    """Register the parts that extend mmseg, where mmseg is installed."""
    try:
        from mmseg.registry import MODELS
    except ImportError:
        return
    if 'mmseg.models' in sys.modules:
        for name in _SEGMENTATION:
            import_module(name)
        return
    # The models of mmseg take 0.4 s to import, and a classification config
    # does not need them. A registry imports the modules in its locations when
    # its scope is first used. mmseg imports its own models in this way.
    # mmengine has no public name for the list.
    MODELS._locations += [
        name for name in _SEGMENTATION if name not in MODELS._locations
    ]


if not getattr(sys.modules.get('mmda_cli'), 'starts_a_command', False):
    register_all()
